"""What stands in the way, told to the probes and the observers when it changes."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from reconciler.core.breaker import Breaker
from reconciler.core.file_report import FileReport, as_declared
from reconciler.core.notice import Notice, UsableAgain
from reconciler.core.outcome import Cause
from reconciler.core.problem import Problem
from reconciler.core.report import Report
from reconciler.daemon.health import Health
from reconciler.daemon.observer import Observer
from reconciler.reconcile.agenda import hindrance
from reconciler.reconcile.bug import bug_words
from reconciler.reconcile.planning import PassPlan
from reconciler.source.directory import Scan, lies_under

_NO_ANSWER: Final = "the chat service gives no useful answer; one call at a time looks for one"
_NO_SERVICE: Final = {
    Cause.CREDENTIAL: "the chat service refuses the credential; correct the API key, token or login"
}


class State:
    """The last that was told of the source, the ledger, the service and the watch."""

    def __init__(self, health: Health, observers: Sequence[Observer]) -> None:
        self._health = health
        self._observers = observers
        self._unusable: tuple[Problem, ...] = ()
        self._polling: str | None = None

    def beats(self) -> None:
        """Take note that the loop moved."""
        self._health.beats()

    def hinder(self, **reasons: str | None) -> None:
        """Note what stands in the way of the source, the ledger or the service; None: nothing does."""
        for by, reason in reasons.items():
            before = self._health.hindrances.get(by)
            self._health.hindrances[by] = reason
            if reason != before:
                for observer in self._observers:
                    observer.hindered(by, reason)

    def bug(self, error: Exception) -> None:
        """Note a mistake in this program that ended a turn."""
        words = bug_words(error)
        with suppress(Exception):  # it may be an observer's own
            self.hinder(bug=f"a bug: {words}; please report it")
            for observer in self._observers:
                observer.bug(words)

    def service(self, breaker: Breaker) -> None:
        """Note where the service gives no useful answer, and when it does again."""
        cause = breaker.cause if breaker.open else None
        self.hinder(service=None if cause is None else _NO_SERVICE.get(cause, _NO_ANSWER))

    def seen(self, scan: Scan, at: datetime | None) -> None:
        """Note what a look at the files found: what stands in the way, and which can't be read.

        `at` is when that was; None where not all were looked at.
        """
        if at is not None:
            self._health.last_attempt_at = at
        self.hinder(source=hindrance(scan))
        before, self._unusable = self._unusable, scan.problems
        if scan.problems == before:
            return
        still = {problem.origin.path for problem in scan.problems}
        for origin in dict.fromkeys(problem.origin for problem in before):
            there = any(lies_under(file.path, origin.path) for file in scan.files)
            if there and origin.path not in still:
                self.noticed(UsableAgain(origin=origin))
        for observer in self._observers:
            observer.unusable(scan.problems)

    def calm(self, files: Iterable[FileReport], at: datetime) -> None:
        """Note that a look found nothing to do: a success where all is as declared and nothing hinders.

        What a bug hindered is over once a look comes this far.
        """
        hindered = any(reason for by, reason in self._health.hindrances.items() if by != "bug")
        if not hindered and not self._unusable and as_declared(files):
            self._health.last_success_at = at

    def planned(self, plan: PassPlan) -> None:
        """Tell of a pass that is about to be sent."""
        for observer in self._observers:
            observer.planned(plan)

    def reported(self, report: Report) -> None:
        """Tell what a pass came to."""
        for observer in self._observers:
            observer.reported(report)

    def failed(self) -> None:
        """Tell that a bug or the ledger ended a pass."""
        for observer in self._observers:
            observer.failed()

    def noticed(self, notice: Notice) -> None:
        """Tell what ended without a call."""
        for observer in self._observers:
            observer.noticed(notice)

    def polling(self, reason: str | None) -> None:
        """Note why files are polled though that was not asked for; None: they are not."""
        if reason != self._polling:
            self._polling = reason
            for observer in self._observers:
                observer.polling(reason)
