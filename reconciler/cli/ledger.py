"""`reconciler ledger`: check it, back it up, export it. All three work while a daemon runs."""

import json
from pathlib import Path

import click

from reconciler.cli.exit_code import ExitCode
from reconciler.cli.options import output, settings
from reconciler.cli.output import commentary, data_stream, document
from reconciler.ledger.backup import back_up
from reconciler.ledger.check import check_ledger
from reconciler.ledger.errors import LedgerDamaged
from reconciler.ledger.existing import open_existing
from reconciler.ledger.history import oldest_first
from reconciler.ledger.reader import LedgerReader
from reconciler.render.history_document import history_document
from reconciler.settings import Settings
from reconciler.web.export import as_csv


@click.group("ledger")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Check the ledger, back it up, or export all of it. Works while a daemon runs."""
    ctx.default_map = dict.fromkeys(command.commands, ctx.default_map)


@command.command("check")
@settings("ledger")
def check(settings: Settings) -> ExitCode:
    """Read all of the ledger and see that it is whole.

    SQLite looks at its own structure; then the applied state is compared with the record.
    """
    whole = True
    for checked in check_ledger(settings.ledger):
        whole = whole and not checked.contradictions
        document().print(f"{'FAILED' if checked.contradictions else 'ok':6}  {checked.rule}")
        for contradiction in checked.contradictions:
            commentary().print(f"        {contradiction}", style="bad")
    if not whole:
        raise LedgerDamaged(settings.ledger)
    return ExitCode.DONE


@command.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@settings("ledger")
def backup(settings: Settings, file: Path) -> ExitCode:
    """Copy the ledger to the new FILE and check the copy.

    The copy is of one moment, also while a daemon writes. Nothing is overwritten.
    """
    size = back_up(settings.ledger, file)
    document().print(f"{file}: {size:,} bytes, checked")
    return ExitCode.DONE


@command.command("export")
@settings("ledger")
@click.option("--hide-text", is_flag=True, help="Leave texts out; their digests stay.")
@output("jsonl", "csv")
def export(settings: Settings, output: str, *, hide_text: bool) -> ExitCode:
    """Print every call and request, oldest first.

    Texts are among them where the ledger keeps them. Fails where not all of them can be read.
    """
    stream = data_stream()
    with open_existing(settings.ledger, LedgerReader) as ledger:
        entries = oldest_first(ledger.record(), ledger.requests())
        if output == "csv":
            stream.writelines(piece.decode() for piece in as_csv(entries, texts=not hide_text))
        else:
            documents = (history_document(entry, texts=not hide_text) for entry in entries)
            stream.writelines(f"{json.dumps(each, ensure_ascii=False)}\n" for each in documents)
    return ExitCode.DONE
