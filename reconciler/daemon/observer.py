"""Who is told what the daemon does: logs, metrics, a terminal."""

from collections.abc import Sequence
from typing import Protocol

from reconciler.core.call import Call
from reconciler.core.notice import Notice
from reconciler.core.problem import Problem
from reconciler.core.report import Report
from reconciler.reconcile.planning import PassPlan


class Observer(Protocol):
    """Somebody who is told what the daemon does; what it makes of it is its own business."""

    def planned(self, plan: PassPlan) -> None:
        """Take note of a pass that is about to be sent."""
        ...

    def called(self, call: Call) -> None:
        """Take note of one answered call."""
        ...

    def reported(self, report: Report) -> None:
        """Take note of a pass that ended."""
        ...

    def failed(self) -> None:
        """Take note of a pass that a bug or the ledger ended early, before or after it was planned."""
        ...

    def noticed(self, notice: Notice) -> None:
        """Take note of what ended without a call."""
        ...

    def unusable(self, problems: Sequence[Problem]) -> None:
        """Take note of the files that can't be read; their dialogs stay as they are."""
        ...

    def polling(self, reason: str | None) -> None:
        """Take note that files are polled, though that was not asked for, for `reason`; None: no longer."""
        ...

    def hindered(self, by: str, reason: str | None) -> None:
        """Take note of what stands in the way, for `reason`; None: that does no longer.

        `by` is source, ledger, service or bug.
        """
        ...

    def bug(self, words: str) -> None:
        """Take note of a mistake in this program that ended a turn of the loop; it goes on."""
        ...
