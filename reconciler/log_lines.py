"""What the daemon does as log lines: `event key=value ...`, never a text or a secret."""

import json
import logging
import re
from collections.abc import Sequence
from typing import Final

from reconciler.core.action import MarkDialog, UpdateMessage
from reconciler.core.call import Call
from reconciler.core.guard import Refusal
from reconciler.core.outcome import Answered, Applied, Deferred, Rejected
from reconciler.core.problem import Problem
from reconciler.core.report import Report
from reconciler.reconcile.planning import PassPlan

_log: Final = logging.getLogger("reconciler")

_BARE: Final = re.compile(r"[!#-<>-~]+")
"""What needs no quotes: printable ASCII without space, quote and equals sign."""


def event(name: str, **fields: object) -> str:
    """Give one line. Values are quoted like JSON where they need it, so that none can forge a line."""
    pairs = (f"{key}={_value(value)}" for key, value in fields.items() if value is not None)
    return " ".join((name, *pairs))


class LogLines:
    """An observer of the daemon that writes to the log `reconciler`."""

    def __init__(self) -> None:
        self._refused: frozenset[str] = frozenset()

    def planned(self, plan: PassPlan) -> None:
        """Log what a pass is about to do, where that is anything."""
        calls = sum(len(dialog.actions) for dialog in plan.dialogs)
        held = sum(len(dialog.held) for dialog in plan.dialogs)
        level = logging.INFO if calls else logging.DEBUG
        _log.log(
            level, event("planned", files=len(plan.files), dialogs=len(plan.dialogs), calls=calls, held=held)
        )
        for problem in (p for file in plan.files for p in file.problems):
            _log.error(event("invalid", origin=problem.origin, what=problem.what, todo=problem.todo))
        self._guarded(plan.refusals)

    def _guarded(self, refusals: Sequence[Refusal]) -> None:
        """Log what a guard holds once: it is planned, and held, again whenever anything is."""
        for refusal in refusals:
            if refusal.plan not in self._refused:
                _log.error(
                    event(
                        "guarded",
                        guard=refusal.guard,
                        plan=refusal.plan,
                        dialogs=len(refusal.dialogs),
                        changes=len(refusal.changes),
                        what=refusal.note,
                    )
                )
        self._refused = frozenset(refusal.plan for refusal in refusals)

    def called(self, call: Call) -> None:
        """Log one call and what came of it."""
        action = call.intent.action
        match call.outcome:
            case Applied():
                level, result = logging.INFO, "applied"
            case Deferred(cause=cause):
                level, result = logging.WARNING, f"deferred, {cause}"
            case Rejected():
                level, result = logging.ERROR, "rejected"
        line = event(
            "called",
            number=call.intent.number,
            dialog=call.intent.name,
            message=action.message if isinstance(action, UpdateMessage) else "every message",
            fields=",".join(_fields(action)),
            actor=action.actor,
            result=result,
            status=call.answer.status if isinstance(call.answer, Answered) else None,
            words=call.answer.words or None,
            seconds=f"{(call.answered_at - call.intent.sent_at).total_seconds():.3f}",
            attempt=action.attempt,
            retry_at=call.retry_at and call.retry_at.isoformat(timespec="seconds"),
            origin=action.origin,
        )
        _log.log(level, line)

    def reported(self, report: Report) -> None:
        """Log what came of a pass."""
        outcomes = report.outcomes()
        line = event(
            "reported",
            applied=outcomes[Applied],
            deferred=outcomes[Deferred],
            rejected=outcomes[Rejected],
            problems=len(report.problems),
            seconds=f"{(report.finished_at - report.started_at).total_seconds():.3f}",
        )
        _log.log(logging.INFO if report.calls or report.problems else logging.DEBUG, line)

    def unusable(self, problems: Sequence[Problem]) -> None:
        """Log each file that can't be read."""
        for problem in problems:
            _log.error(event("invalid", origin=problem.origin, what=problem.what, todo=problem.todo))

    def polling(self, reason: str | None) -> None:
        """Log why files are polled, and that they no longer are."""
        if reason is not None:
            _log.warning(event("polling", reason=reason))
        else:
            _log.info(event("watching"))

    def hindered(self, reason: str | None) -> None:
        """Log what stands in the way, and that it no longer does."""
        if reason is not None:
            _log.warning(event("hindered", reason=reason))
        else:
            _log.info(event("unhindered"))

    def bug(self, words: str) -> None:
        """Log a mistake in this program, without a traceback: that may quote a text."""
        _log.error(event("bug", what=words, todo="please report it"))


def _fields(action: UpdateMessage | MarkDialog) -> list[str]:
    text = ["text"] if isinstance(action, UpdateMessage) and action.text is not None else []
    return [*text, *sorted(mark.value for mark in action.marks)]


def _value(value: object) -> str:
    text = str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text)
