"""`reconciler history`: the calls made and what people asked for, newest first, from the ledger."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime

import click

from reconciler.cli.dialog_name import dialogs_named
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.options import output, settings
from reconciler.cli.output import commentary, data_stream, document, print_json
from reconciler.cli.typed import Name
from reconciler.cli.typed_time import Moment
from reconciler.ledger.existing import open_existing
from reconciler.ledger.history import (
    ApprovalRow,
    HistoryRow,
    RecordedText,
    RequestRow,
    Result,
    RetryRow,
    Told,
)
from reconciler.ledger.reader import LedgerReader
from reconciler.render.history_document import changed_fields, history_document
from reconciler.render.line import Piece
from reconciler.render.words import count, moment, visible
from reconciler.settings import Settings
from reconciler.web.export import as_csv
from reconciler.web.history import read_all
from reconciler.web.model import HistoryQuery

FORMAT = "reconciler/history/v1"

_MOST = 1_000_000

_STYLE = {Result.APPLIED: "good", Result.DEFERRED: "warn", Result.REJECTED: "bad", Result.IN_DOUBT: "warn"}


@click.command("history")
@settings("ledger")
@click.option(
    "--dialog", type=Name(), metavar="NAME", help="Only what concerns the dialog of this name or id."
)
@click.option(
    "--result",
    "results",
    type=click.Choice([result.value for result in Result]),
    multiple=True,
    help="Only calls of which this came; may be given several times. Leaves approvals and retries out.",
)
@click.option(
    "--since", type=Moment(), metavar="TIME", help="Only what was sent then or later: a time, a day, or 90m."
)
@click.option("--until", type=Moment(), metavar="TIME", help="Only what was sent before that.")
@click.option(
    "--limit", type=click.IntRange(1, _MOST), default=50, show_default=True, help="Entries to show, at most."
)
@click.option("--show-text", is_flag=True, help="Show texts where the ledger keeps them.")
@output("text", "json", "csv")
def command(
    *,
    settings: Settings,
    dialog: str | None,
    results: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    limit: int,
    output: str,
    show_text: bool,
) -> ExitCode:
    """Show the calls made, newest first: what, why, what the API said. Works while a daemon runs.

    Approvals and retries stand among them. Times are those of sending, in UTC where they name no zone.
    """
    if since is not None and until is not None and since >= until:
        msg = "--since is not before --until"
        raise click.UsageError(msg)
    query = HistoryQuery(dialog=dialog, results=frozenset(map(Result, results)), since=since, until=until)
    with open_existing(settings.ledger, LedgerReader) as ledger:
        if dialog is not None:
            dialogs_named(dialog, ledger)
        entries = itertools.islice(read_all(ledger, query), limit)
        first = list(itertools.islice(entries, 1))
        if not first and query != HistoryQuery():
            commentary().print(_nothing(query), style="warn")
        _show(itertools.chain(first, entries), output, texts=show_text)
    return ExitCode.DONE


def _nothing(query: HistoryQuery) -> str:
    if query == HistoryQuery(dialog=query.dialog):
        return f'no calls for "{visible(query.dialog or "")}"'
    return "nothing of what was asked for; `reconciler history` shows the latest of all"


def _show(rows: Iterator[Told], form: str, *, texts: bool) -> None:
    match form:
        case "json":
            print_json({"format": FORMAT, "entries": [history_document(row, texts=texts) for row in rows]})
        case "csv":
            data_stream().writelines(piece.decode() for piece in as_csv(rows, texts=texts))
        case _:
            for row in rows:
                _print(row, texts=texts)


def _print(row: Told, *, texts: bool) -> None:
    match row:
        case HistoryRow():
            _print_call(row, texts=texts)
        case ApprovalRow():
            _print_request(row, "approved", f"plan {row.plan}, {row.guard}: {count(row.changes, 'change')}")
        case RetryRow():
            where = row.name or row.dialog or "every dialog"
            _print_request(row, "retry", f"{where}: {count(row.freed, 'rejected change')}")


def _print_call(row: HistoryRow, *, texts: bool) -> None:
    console = document()
    again = f", attempt {row.attempt}" if row.attempt > 1 else ""
    fields = ", ".join(changed_fields(row))
    console.print(
        (
            Piece(f"{moment(row.sent_at)}  ", "place"),
            Piece(f"{row.result}{again}", _STYLE[row.result]),
            Piece(f"  {row.name}  {row.message or 'every message'}  {fields} as {row.actor}"),
        )
    )
    answer = " ".join(str(part) for part in (row.status, visible(row.words)) if part)
    console.print(f"  {row.origin}  {answer}".rstrip(), style="place")
    if texts and row.new is not None:
        console.print(_shown(row.old, "-"), style="old")
        console.print(_shown(row.new, "+"), style="new")


def _print_request(row: RequestRow, what: str, of: str) -> None:
    console = document()
    console.print(
        (
            Piece(f"{moment(row.at)}  ", "place"),
            Piece(what, "warn"),
            Piece(f"  {of}  by {visible(row.by)}"),
        )
    )
    if row.reason:
        console.print(f"  {visible(row.reason)}", style="place")


def _shown(text: RecordedText | None, sign: str) -> str:
    if text is None:
        return f"    {sign} (not known)"
    shown = visible(text.text.reveal()) if text.text else str(text.digest)
    return "\n".join(f"    {sign} {line}" for line in shown.split("\n"))
