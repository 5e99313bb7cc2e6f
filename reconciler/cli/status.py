"""`reconciler status`: how each dialog stands, from the ledger."""

from collections import Counter
from collections.abc import Iterable

import click
from rich.table import Table
from rich.text import Text

from reconciler.cli.exit_code import ExitCode
from reconciler.cli.options import output, settings
from reconciler.cli.output import commentary, document, print_json
from reconciler.cli.survey import now
from reconciler.core.plan import HeldReason
from reconciler.core.report import Condition, DialogReport
from reconciler.ledger.opening import open_reader
from reconciler.ledger.reader import LedgerReader
from reconciler.render.problem_document import problem_document
from reconciler.render.report_document import dialog_document
from reconciler.render.report_lines import condition_style
from reconciler.render.words import ago, ahead, count, visible
from reconciler.settings import Settings

FORMAT = "reconciler/status/v1"


@click.command("status")
@settings("ledger")
@output("text", "json")
def command(settings: Settings, output: str) -> ExitCode:
    """Show how each dialog stood after the last pass over it. Works while a daemon runs."""
    with open_reader(settings.ledger) as ledger:
        if not ledger.exists:
            commentary().print(f"no ledger at {settings.ledger}: nothing was applied yet", style="warn")
        if output == "json":
            _print_json(ledger)
        else:
            _print(ledger)
    return ExitCode.DONE


def _print_json(ledger: LedgerReader) -> None:
    totals = ledger.totals()
    calls = {
        "applied": totals.applied,
        "deferred": totals.deferred,
        "rejected": totals.rejected,
        "inDoubt": totals.in_doubt,
        "lastSentAt": totals.last_sent_at and totals.last_sent_at.isoformat(),
    }
    print_json(
        {
            "format": FORMAT,
            "calls": calls,
            "dialogs": [dialog_document(dialog) for dialog in ledger.dialogs()],
            "problems": [problem_document(problem) for problem in ledger.problems()],
        }
    )


def _print(ledger: LedgerReader) -> None:
    console = document()
    dialogs = sorted(ledger.dialogs(), key=_worst_first)
    if dialogs:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("DIALOG", "CONDITION", "APPLIED", "NEXT", "NOTE"):
            free = heading in {"DIALOG", "NOTE"}
            table.add_column(heading, no_wrap=not free, overflow="fold", min_width=20 if free else None)
        for dialog in dialogs:
            table.add_row(
                dialog.name or str(dialog.origin),
                Text(dialog.condition, condition_style(dialog.condition)),
                "" if dialog.condition is Condition.INVALID else f"{dialog.applied} of {dialog.declared}",
                ahead(dialog.due_at, now()) if dialog.due_at else "",
                "guarded" if HeldReason.GUARDED in dialog.held else visible(dialog.note),
            )
        console.print(table)
        console.print()
    for words, held in _guarded(dialogs).items():
        console.print(f"Guarded, {count(held, 'dialog')}: {visible(words)}", style="bad")
    for problem in ledger.problems():
        console.print(str(problem), style="bad")
    totals = ledger.totals()
    last = f", the last {ago(totals.last_sent_at, now())}" if totals.last_sent_at else ""
    calls = totals.applied + totals.deferred + totals.rejected + totals.in_doubt
    in_sync = sum(dialog.condition is Condition.IN_SYNC for dialog in dialogs)
    doubt = f"; {totals.in_doubt:,} without an answer: under way or in doubt" if totals.in_doubt else ""
    console.print(
        f"{in_sync:,} of {count(len(dialogs), 'dialog')} in sync. {count(calls, 'call')}{last}{doubt}."
    )


def _guarded(dialogs: Iterable[DialogReport]) -> Counter[str]:
    """Count the dialogs that each guard holds, by what it says: the same to all of them."""
    return Counter(
        words for dialog in dialogs if HeldReason.GUARDED in dialog.held for words in dialog.note.splitlines()
    )


def _worst_first(dialog: DialogReport) -> tuple[int, str]:
    return list(Condition).index(dialog.condition), dialog.name or str(dialog.origin)
