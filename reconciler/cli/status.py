"""`reconciler status`: how everything stands, from the ledger."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import click

from reconciler.cli.columns import Column, Columns
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.options import output, settings
from reconciler.cli.output import Output, commentary, document, print_json
from reconciler.cli.survey import now
from reconciler.core.plan import HeldReason
from reconciler.core.problem import Problem
from reconciler.core.report import Condition, DialogReport, FileReport
from reconciler.ledger.existing import open_existing
from reconciler.ledger.history import Totals
from reconciler.reconcile.doubts import Doubts
from reconciler.render.line import Piece
from reconciler.render.problem_document import problem_document
from reconciler.render.report_document import dialog_document
from reconciler.render.report_lines import condition_style
from reconciler.render.words import ago, ahead, count, listed, visible
from reconciler.settings import Settings
from reconciler.web.model import Attention, State
from reconciler.web.summary import Summary, long_in_doubt, summarize

FORMAT = "reconciler/status/v1"

_NOTHING_YET: Final = (
    "no pass has recorded how a manifest stands yet; the first one is under way, or none came that far"
)

_COLUMNS: Final = (
    Column("DIALOG", free=True),
    Column("CONDITION"),
    Column("APPLIED"),
    Column("NEXT"),
    Column("NOTE", free=True),
)

_STYLE: Final = {State.HINDERED: "bad", State.ATTENTION: "bad", State.WORKING: "warn", State.IN_SYNC: "good"}


@click.command("status")
@settings("ledger")
@output("text", "json")
def command(settings: Settings, output: str) -> ExitCode:
    """Show how everything stood after the last pass: in a sentence, what needs a person, each dialog.

    Works while a daemon runs.
    """
    with open_existing(settings.ledger) as ledger:
        files, totals = tuple(ledger.known_files().values()), ledger.totals()
        doubted = long_in_doubt(Doubts(ledger.in_doubt()).oldest(), now())
    summary = summarize(files, hindrances={}, doubted=doubted, ledger=settings.ledger)
    if not any(file.dialogs or file.problems for file in files):
        commentary().print(f"{settings.ledger}: {_NOTHING_YET}", style="warn")
    if output == "json":
        _print_json(summary, files, totals)
    else:
        _print(summary, files, totals)
    return ExitCode.DONE


def _print_json(summary: Summary, files: Sequence[FileReport], totals: Totals) -> None:
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
            "state": summary.state.value,
            "sentence": summary.sentence,
            "attention": [
                {"what": waits.what, "todo": waits.todo, "command": waits.command}
                for waits in summary.attention
            ],
            "dialogsByCondition": summary.conditions,
            "pending": summary.pending,
            "held": summary.held,
            "calls": calls,
            "dialogs": [dialog_document(dialog) for file in files for dialog in file.dialogs],
            "problems": [problem_document(problem) for file in files for problem in file.problems],
        }
    )


def _print(summary: Summary, files: Sequence[FileReport], totals: Totals) -> None:
    shown = document()
    shown.print(summary.sentence, style=_STYLE[summary.state])
    for waits in summary.attention:
        _print_attention(shown, waits)
    dialogs = sorted((dialog for file in files for dialog in file.dialogs), key=_worst_first)
    if dialogs:
        shown.print()
        shown.print_columns(_table(dialogs))
    problems: list[Problem] = [problem for file in files for problem in file.problems]
    if problems:
        shown.print()
    for problem in problems:
        shown.print(str(problem), style="bad")
    shown.print()
    shown.print(_counts(summary, totals))


def _print_attention(shown: Output, waits: Attention) -> None:
    shown.print()
    shown.print(f"- {visible(waits.what)}", style="bad")
    shown.print(f"  {waits.todo}")
    if waits.command:
        shown.print(f"  {visible(waits.command)}", style="bold")


def _table(dialogs: Sequence[DialogReport]) -> Columns:
    return Columns(_COLUMNS, [_row(dialog) for dialog in dialogs])


def _row(dialog: DialogReport) -> Sequence[Piece]:
    return (
        Piece(dialog.name or str(dialog.origin)),
        Piece(dialog.condition, condition_style(dialog.condition)),
        Piece("" if dialog.condition is Condition.INVALID else f"{dialog.applied} of {dialog.declared}"),
        Piece(ahead(dialog.due_at, now()) if dialog.due_at else ""),
        Piece("guarded" if HeldReason.GUARDED in dialog.held else visible(dialog.note)),
    )


def _counts(summary: Summary, totals: Totals) -> str:
    """Give the counts: dialogs by condition, changes to be sent and held, calls."""
    dialogs = _counted(summary.conditions) or "none"
    held = _counted(summary.held)
    calls = totals.applied + totals.deferred + totals.rejected + totals.in_doubt
    last = f", the last {ago(totals.last_sent_at, now())}" if totals.last_sent_at else ""
    doubt = f"; {totals.in_doubt:,} without an answer: under way or in doubt" if totals.in_doubt else ""
    return "\n".join(
        (
            f"Dialogs: {dialogs}.",
            f"Changes: {summary.pending:,} to be sent; held: {held or 'none'}.",
            f"{count(calls, 'call')}{last}{doubt}.",
        )
    )


def _counted(numbers: Mapping[Condition, int] | Mapping[HeldReason, int]) -> str:
    found: list[tuple[StrEnum, int]] = [(what, number) for what, number in numbers.items() if number]
    return listed(f"{number:,} {what}" for what, number in found) if found else ""


def _worst_first(dialog: DialogReport) -> tuple[int, str]:
    return list(Condition).index(dialog.condition), dialog.name or str(dialog.origin)
