"""When to stop calling a service that does not answer, and when to look again.

Calls flow until `_TRIP` different changes in a row have failed: one that fails again and again says
nothing of the others. Then one probe at a time, after 30 s, 60 s, ... up to 5
minutes. A refused credential trips it at once: repeating it could lock the account.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.core.outcome import Applied, Cause, Deferred, Outcome, Rejected

_TRIP: Final = 5
_PROBE_STEP: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The state after the outcomes so far. `probe_at` is None while calls flow.

    `failing` is what failed since the last useful answer.
    """

    failing: frozenset[Hashable] = frozenset()
    pauses: int = 0
    probe_at: datetime | None = None
    cause: Cause | None = None

    @property
    def tripped(self) -> bool:
        """Tell whether the next call, once one may be made, is a probe."""
        return self.probe_at is not None

    def paused_until(self, now: datetime) -> datetime | None:
        """Give when the next call may be made, if none may be made now."""
        return self.probe_at if self.probe_at is not None and now < self.probe_at else None

    def after(self, outcome: Outcome, now: datetime, target: Hashable) -> "Breaker":
        """Give the state that follows from one more outcome, of a call for `target`."""
        match outcome:
            case Applied() | Rejected() | Deferred(cause=Cause.THROTTLED):
                return Breaker()
            case Deferred(cause=cause):
                return self._failed(cause, now, target)

    def _failed(self, cause: Cause, now: datetime, target: Hashable) -> "Breaker":
        if self.paused_until(now) is not None:
            return self  # a call that was already under way when the breaker tripped
        failing = self.failing | {target}
        if len(failing) < _TRIP and cause is not Cause.CREDENTIAL and not self.tripped:
            return Breaker(failing=failing)
        pauses = self.pauses + 1
        pause = min(_PROBE_STEP * pauses, _LONGEST_PAUSE)
        return Breaker(failing=failing, pauses=pauses, probe_at=now + pause, cause=cause)
