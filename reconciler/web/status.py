"""How everything stands, as the one document that `reconciler status` shows, whoever tells it.

The daemon tells it beside its ledger (see `telling`); where none runs it is made of what the ledger knows.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from reconciler.core.file_report import DialogReport
from reconciler.core.problem import Problem
from reconciler.render.dialog_document import dialog_document
from reconciler.render.problem_document import problem_document
from reconciler.web.state import Overview, PassSummary
from reconciler.web.summary import Summary

FORMAT: Final = "reconciler/status/v1"


def status_document(
    stands: Summary | Overview,
    dialogs: Iterable[DialogReport],
    problems: Iterable[Problem],
    ledger: Path,
) -> dict[str, Any]:
    """Give the document; `daemon` is None where none tells it; `calls` is for who counts them."""
    return {
        "format": FORMAT,
        "ledger": str(ledger.absolute()),
        "daemon": running_document(stands) if isinstance(stands, Overview) else None,
        "state": stands.state.value,
        "sentence": stands.sentence,
        "attention": [
            {"what": waits.what, "todo": waits.todo, "command": waits.command} for waits in stands.attention
        ],
        "dialogsByCondition": {str(condition): number for condition, number in stands.conditions.items()},
        "pending": stands.pending,
        "held": {str(reason): number for reason, number in stands.held.items()},
        "calls": None,
        "dialogs": [dialog_document(dialog) for dialog in dialogs],
        "problems": [problem_document(problem) for problem in problems],
    }


def running_document(overview: Overview) -> dict[str, Any]:
    """Give what only a running daemon knows: how fast it is, how far behind, and what its passes came to."""
    return {
        "version": overview.version,
        "at": overview.at.isoformat(),
        "firstPassDone": overview.first_pass_done,
        "rate": {"ceiling": overview.rate_ceiling, "present": overview.rate_present},
        "callsWaiting": overview.calls_waiting,
        "drainSeconds": round(overview.drain_seconds, 3),
        "breakerTripped": overview.breaker_tripped,
        "lastPassAt": overview.last_pass_at and overview.last_pass_at.isoformat(),
        "lastSuccessAt": overview.last_success_at and overview.last_success_at.isoformat(),
        "watch": {"mode": overview.watch, "reason": overview.watch_reason},
        "passes": [_pass(summary) for summary in overview.passes],
    }


def _pass(summary: PassSummary) -> dict[str, Any]:
    return {
        "finishedAt": summary.finished_at.isoformat(),
        "seconds": round(summary.seconds, 3),
        "applied": summary.applied,
        "deferred": summary.deferred,
        "rejected": summary.rejected,
        "callSeconds": None if summary.call_seconds is None else round(summary.call_seconds, 3),
    }
