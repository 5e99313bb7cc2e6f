"""`reconciler status`: how each dialog stands, from the ledger."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import click
from rich.table import Table
from rich.text import Text

from reconciler.cli.exit_code import ExitCode
from reconciler.cli.options import output, settings
from reconciler.cli.output import commentary, document, print_json
from reconciler.cli.survey import now
from reconciler.core.plan import HeldReason
from reconciler.core.problem import Problem
from reconciler.core.report import Condition, DialogReport
from reconciler.ledger.history import Totals
from reconciler.ledger.opening import open_existing
from reconciler.render.problem_document import problem_document
from reconciler.render.report_document import dialog_document
from reconciler.render.report_lines import condition_style
from reconciler.render.words import ago, ahead, count, visible
from reconciler.settings import Settings

FORMAT = "reconciler/status/v1"

_NOTHING_YET: Final = (
    "no pass has recorded how a manifest stands yet; the first one is under way, or none came that far"
)


@click.command("status")
@settings("ledger")
@output("text", "json")
def command(settings: Settings, output: str) -> ExitCode:
    """Show how each dialog stood after the last pass over it. Works while a daemon runs."""
    with open_existing(settings.ledger) as ledger:
        dialogs, problems, totals = ledger.dialogs(), ledger.problems(), ledger.totals()
    if not dialogs and not problems:
        commentary().print(f"{settings.ledger}: {_NOTHING_YET}", style="warn")
    if output == "json":
        _print_json(dialogs, problems, totals)
    else:
        _print(dialogs, problems, totals)
    return ExitCode.DONE


def _print_json(dialogs: Sequence[DialogReport], problems: Sequence[Problem], totals: Totals) -> None:
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
            "dialogs": [dialog_document(dialog) for dialog in dialogs],
            "problems": [problem_document(problem) for problem in problems],
        }
    )


def _print(dialogs: Sequence[DialogReport], problems: Sequence[Problem], totals: Totals) -> None:
    console = document()
    if dialogs:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("DIALOG", "CONDITION", "APPLIED", "NEXT", "NOTE"):
            free = heading in {"DIALOG", "NOTE"}
            table.add_column(heading, no_wrap=not free, overflow="fold", min_width=20 if free else None)
        for dialog in sorted(dialogs, key=_worst_first):
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
    for problem in problems:
        console.print(str(problem), style="bad")
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
