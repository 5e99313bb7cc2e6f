"""What the daemon does, told to the log `reconciler`."""

import logging
from collections.abc import Sequence
from typing import Final

from reconciler.core.action import Action, MarkDialog, UpdateMessage
from reconciler.core.call import Call
from reconciler.core.file_report import DialogReport
from reconciler.core.notice import Notice, Unmanaged, UsableAgain, ValidAgain
from reconciler.core.outcome import Answered, Applied, Deferred, Rejected
from reconciler.core.problem import Problem
from reconciler.core.refusal import Refusal
from reconciler.core.report import Report
from reconciler.log_lines import events
from reconciler.reconcile.planning import PassPlan

_LOG: Final = logging.getLogger("reconciler")


class LogLines:
    """An observer of the daemon that writes to the log `reconciler`."""

    def __init__(self) -> None:
        self._refused: frozenset[str] = frozenset()
        self._invalid: dict[str, frozenset[Problem]] = {}
        self._unreadable: frozenset[Problem] = frozenset()

    def planned(self, plan: PassPlan) -> None:
        """Log what a pass is about to do, where that is anything."""
        planned = events.Planned(
            files=len(plan.files),
            dialogs=len(plan.dialogs),
            calls=sum(len(dialog.actions) for dialog in plan.dialogs),
            held=sum(len(dialog.held) for dialog in plan.dialogs),
        )
        _LOG.log(logging.INFO if planned.calls else logging.DEBUG, planned)
        for file in plan.files:
            self._problems(file.file.location, file.problems)
        self._guarded(plan.refusals)

    def _problems(self, location: str, problems: Sequence[Problem]) -> None:
        """Log what is wrong with a file once, and not each time that the file is planned."""
        known = self._invalid.pop(location, frozenset())
        for problem in problems:
            if problem not in known:
                _LOG.error(events.Invalid(origin=str(problem.origin), what=problem.what, todo=problem.todo))
        if problems:
            self._invalid[location] = frozenset(problems)

    def _guarded(self, refusals: Sequence[Refusal]) -> None:
        """Log what a guard holds once: it is planned, and held, again whenever anything is."""
        for refusal in refusals:
            if refusal.plan not in self._refused:
                _LOG.error(
                    events.Guarded(
                        guard=refusal.guard,
                        plan=refusal.plan,
                        dialogs=len(refusal.dialogs),
                        changes=len(refusal.changes),
                        what=refusal.words,
                        todo=f"to let it pass: {refusal.command}",
                    )
                )
        self._refused = frozenset(refusal.plan for refusal in refusals)

    def called(self, call: Call) -> None:
        """Log one call and what came of it."""
        match call.outcome:
            case Applied():
                _LOG.info(_called(call, "applied"))
            case Deferred(cause=cause):
                _LOG.warning(_called(call, "deferred", cause))
            case Rejected():
                _LOG.error(_called(call, "rejected"))

    def reported(self, report: Report) -> None:
        """Log what came of a pass."""
        outcomes = report.outcomes()
        reported = events.Reported(
            result="success" if report.success() else "incomplete",
            applied=outcomes[Applied],
            deferred=outcomes[Deferred],
            rejected=outcomes[Rejected],
            problems=len(report.problems),
            seconds=round((report.finished_at - report.started_at).total_seconds(), 3),
        )
        _LOG.log(logging.INFO if report.calls or report.problems else logging.DEBUG, reported)

    def failed(self) -> None:
        """Log nothing: what ended the pass is logged as what stands in the way."""

    def noticed(self, notice: Notice) -> None:
        """Log what ended without a call."""
        match notice:
            case ValidAgain(dialog=dialog):
                _LOG.info(_about(events.ValidAgain, dialog))
            case Unmanaged(dialog=dialog):
                _LOG.info(_about(events.Unmanaged, dialog))
            case UsableAgain(origin=origin):
                _LOG.info(events.ReadableAgain(origin=str(origin)))

    def unusable(self, problems: Sequence[Problem]) -> None:
        """Log each file that can't be read, once."""
        known, self._unreadable = self._unreadable, frozenset(problems)
        for problem in (problem for problem in problems if problem not in known):
            _LOG.error(events.Unreadable(origin=str(problem.origin), what=problem.what, todo=problem.todo))

    def polling(self, reason: str | None) -> None:
        """Log why files are polled, and that they no longer are."""
        if reason is not None:
            _LOG.warning(events.Polling(what=reason))
        else:
            _LOG.info(events.Watching())

    def hindered(self, by: str, reason: str | None) -> None:
        """Log what stands in the way, and that it no longer does."""
        if reason is not None:
            _LOG.warning(events.Hindered(by=by, what=reason))
        else:
            _LOG.info(events.Unhindered(by=by))

    def bug(self, words: str) -> None:
        """Log a mistake in this program, without a traceback: that may quote a text."""
        _LOG.error(events.Bug(what=words))


def _called(call: Call, result: str, cause: str | None = None) -> events.Called:
    action, answer = call.intent.action, call.answer
    return events.Called(
        number=call.intent.number,
        action="dialog" if isinstance(action, MarkDialog) else "message",
        dialog=str(action.dialog),
        name=call.intent.name,
        message=str(action.message) if isinstance(action, UpdateMessage) else None,
        actor=action.actor.value,
        fields=_fields(action),
        attempt=action.attempt,
        result=result,
        cause=cause,
        status=answer.status if isinstance(answer, Answered) else None,
        words=answer.words or None,
        request_id=answer.request_id if isinstance(answer, Answered) else None,
        origin=str(action.origin),
        sent_at=call.intent.sent_at,
        answered_at=call.answered_at,
        seconds=round((call.answered_at - call.intent.sent_at).total_seconds(), 3),
        retry_at=call.retry_at,
    )


def _about(
    event: type[events.ValidAgain | events.Unmanaged], dialog: DialogReport
) -> events.ValidAgain | events.Unmanaged:
    known = None if dialog.dialog is None else str(dialog.dialog)
    return event(name=dialog.name, dialog=known, origin=str(dialog.origin))


def _fields(action: Action) -> tuple[str, ...]:
    text = ["text"] if isinstance(action, UpdateMessage) and action.text is not None else []
    return (*text, *sorted(mark.value for mark in action.marks))
