"""An observer of the daemon that remembers what its last passes came to."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Final

from reconciler.core.call import Call
from reconciler.core.outcome import Applied, Deferred, Rejected
from reconciler.core.problem import Problem
from reconciler.core.report import Report
from reconciler.reconcile.planning import PassPlan
from reconciler.web.changes import Changes
from reconciler.web.state import PassSummary

_KEPT: Final = 60

_SAMPLE: Final = 1000
"""Calls of one pass that its median is taken of: a pass may have made a million."""


class Recent:
    """Keeps the last passes that made calls, and notes each change.

    `unreadable` are the problems of files that can't be read.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._passes: deque[PassSummary] = deque(maxlen=_KEPT)
        self.last_pass_at: datetime | None = None
        self.unreadable: tuple[Problem, ...] = ()

    @property
    def passes(self) -> tuple[PassSummary, ...]:
        """Give the last passes that made calls, the oldest first."""
        return tuple(self._passes)

    def planned(self, plan: PassPlan) -> None:
        """Note that dialogs may stand otherwise."""
        del plan
        self._changes.note()

    def called(self, call: Call) -> None:
        """Note that there is one more call."""
        del call
        self._changes.note()

    def reported(self, report: Report) -> None:
        """Keep what a pass came to."""
        self.last_pass_at = report.finished_at
        outcomes = report.outcomes()
        if report.calls:
            summary = PassSummary(
                finished_at=report.finished_at,
                seconds=max(0.0, (report.finished_at - report.started_at).total_seconds()),
                applied=outcomes[Applied],
                deferred=outcomes[Deferred],
                rejected=outcomes[Rejected],
                call_seconds=_median_seconds(report.calls),
            )
            self._passes.append(summary)
        self._changes.note()

    def failed(self) -> None:
        """Note that a pass was ended early."""
        self._changes.note()

    def noticed(self, notice: object) -> None:
        """Note that something ended without a call."""
        del notice
        self._changes.note()

    def unusable(self, problems: Sequence[Problem]) -> None:
        """Keep the problems of the files that can't be read."""
        self.unreadable = tuple(problems)
        self._changes.note()

    def polling(self, reason: str | None) -> None:
        """Note that files are watched otherwise."""
        del reason
        self._changes.note()

    def hindered(self, by: str, reason: str | None) -> None:
        """Note that something stands in the way, or no longer."""
        del by, reason
        self._changes.note()

    def bug(self, words: str) -> None:
        """Note a mistake in this program."""
        del words
        self._changes.note()


def _median_seconds(calls: Sequence[Call]) -> float:
    sample = calls[:: max(1, len(calls) // _SAMPLE)]
    return median(max(0.0, (call.answered_at - call.intent.sent_at).total_seconds()) for call in sample)
