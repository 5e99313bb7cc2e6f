"""`reconciler ledger`: check it, back it up, export it. All three work while a daemon runs."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from reconciler.cli.exit_code import ExitCode
from reconciler.cli.options import output, settings
from reconciler.cli.output import commentary, data_stream, document
from reconciler.ledger.backup import back_up
from reconciler.ledger.check import check_ledger
from reconciler.ledger.errors import LedgerDamaged
from reconciler.ledger.existing import open_existing
from reconciler.ledger.history import oldest_first
from reconciler.render.history_document import history_document
from reconciler.settings import Settings

_COLUMNS: Final = (
    *("kind", "number", "at", "by", "reason", "plan", "guard", "changes", "sentAt", "answeredAt"),
    *("dialog", "dialogId", "message", "wholeDialog", "actAs", "fields", "oldDigest", "newDigest"),
    *("old", "new", "origin", "attempt", "result", "cause", "status", "words", "requestId"),
)
_TEXTS: Final = {"old", "new"}


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
    with open_existing(settings.ledger) as ledger:
        entries = oldest_first(ledger.record(), ledger.requests())
        documents = (history_document(entry, texts=not hide_text) for entry in entries)
        if output == "csv":
            columns = [column for column in _COLUMNS if not (hide_text and column in _TEXTS)]
            table = csv.DictWriter(stream, columns, lineterminator="\n")
            table.writeheader()
            table.writerows(_cells(documents))
        else:
            stream.writelines(f"{json.dumps(each, ensure_ascii=False)}\n" for each in documents)
    return ExitCode.DONE


def _cells(documents: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give documents as rows of a table: of a call's fields one cell, true and false as in JSON."""
    for each in documents:
        if each["kind"] == "call":
            each |= {"fields": " ".join(each["fields"]), "wholeDialog": json.dumps(each["wholeDialog"])}
        yield each
