"""`reconciler history`: the calls made, newest first, from the ledger."""

import itertools
from collections.abc import Iterable
from typing import Any

import click
from rich.text import Text

from reconciler.cli.exit_code import ExitCode
from reconciler.cli.options import output, settings
from reconciler.cli.output import commentary, document, print_json
from reconciler.cli.typed import Name
from reconciler.ledger.history import HistoryRow, RecordedText, Result
from reconciler.ledger.opening import open_reader
from reconciler.render.words import moment, visible
from reconciler.settings import Settings

FORMAT = "reconciler/history/v1"

_MOST = 1_000_000

_STYLE = {Result.APPLIED: "good", Result.DEFERRED: "warn", Result.REJECTED: "bad", Result.IN_DOUBT: "warn"}


@click.command("history")
@settings("ledger")
@click.option("--dialog", type=Name(), metavar="NAME", help="Only calls for the dialog of this name or id.")
@click.option(
    "--limit", type=click.IntRange(1, _MOST), default=50, show_default=True, help="Calls to show, at most."
)
@click.option("--show-text", is_flag=True, help="Show texts where the ledger keeps them.")
@output("text", "json")
def command(settings: Settings, dialog: str | None, limit: int, output: str, *, show_text: bool) -> ExitCode:
    """Show the calls made, newest first: what, why, what the API said. Works while a daemon runs."""
    with open_reader(settings.ledger) as ledger:
        if not ledger.exists:
            commentary().print(f"no ledger at {settings.ledger}: nothing was applied yet", style="warn")
        rows = ledger.history(dialog, limit=limit)
        first = list(itertools.islice(rows, 1))
        if dialog is not None and not first:
            commentary().print(f'no calls for "{visible(dialog)}"', style="warn")
        rows = itertools.chain(first, rows)
        if output == "json":
            print_json({"format": FORMAT, "calls": [_document(row, texts=show_text) for row in rows]})
        else:
            _print(rows, texts=show_text)
    return ExitCode.DONE


def _print(rows: Iterable[HistoryRow], *, texts: bool) -> None:
    console = document()
    for row in rows:
        again = f", attempt {row.attempt}" if row.attempt > 1 else ""
        console.print(
            Text.assemble(
                (f"{moment(row.sent_at)}  ", "place"),
                (f"{row.result}{again}", _STYLE[row.result]),
                f"  {row.name}  {row.message or 'every message'}  {', '.join(_fields(row))} as {row.actor}",
            )
        )
        answer = " ".join(str(part) for part in (row.status, visible(row.words)) if part)
        console.print(f"  {row.origin}  {answer}".rstrip(), style="place")
        if texts and row.new is not None:
            console.print(_shown(row.old, "-"), style="old")
            console.print(_shown(row.new, "+"), style="new")


def _shown(text: RecordedText | None, sign: str) -> str:
    if text is None:
        return f"    {sign} (not known)"
    shown = visible(text.text.reveal()) if text.text else str(text.digest)
    return "\n".join(f"    {sign} {line}" for line in shown.split("\n"))


def _fields(row: HistoryRow) -> list[str]:
    return [*(["text"] if row.new else []), *sorted(mark.value for mark in row.marks)]


def _document(row: HistoryRow, *, texts: bool) -> dict[str, Any]:
    shown = {"old": _text(row.old), "new": _text(row.new)} if texts and row.new else {}
    return {
        "number": row.number,
        "sentAt": row.sent_at.isoformat(),
        "answeredAt": row.answered_at and row.answered_at.isoformat(),
        "dialog": row.name,
        "dialogId": str(row.dialog),
        "message": row.message and str(row.message),
        "wholeDialog": row.message is None,
        "actAs": row.actor.value,
        "fields": _fields(row),
        "oldDigest": row.old and row.old.digest.value.hex(),
        "newDigest": row.new and row.new.digest.value.hex(),
        **shown,
        "origin": str(row.origin),
        "attempt": row.attempt,
        "result": row.result.value,
        "cause": row.cause and row.cause.value,
        "status": row.status,
        "words": row.words,
        "requestId": row.request_id,
    }


def _text(text: RecordedText | None) -> str | None:
    return text.text.reveal() if text and text.text else None
