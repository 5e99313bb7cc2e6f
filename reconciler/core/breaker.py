"""When to stop calling a service that does not answer, and when to look again.

Calls flow until five in a row have failed. Then one probe at a time, after 30 s, 60 s, ... up to 5
minutes. While fewer than five different changes have failed, that may be their own fault: then
only those wait, and what has not failed yet goes on. A refused credential stops everything at
once: repeating it could lock the account.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.core.outcome import Applied, Cause, Deferred, Outcome, Rejected

_TRIP: Final = 5
_PROBE_STEP: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(minutes=5)
_ONE_BY_ONE: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The state after the outcomes so far. `probe_at` is None while calls flow.

    `failures` in a row since the last useful answer, of the changes `failing`, that which failed
    longest ago first; both count up to five. `everyone` where no call could be made at all.
    """

    failures: int = 0
    failing: tuple[Hashable, ...] = ()
    everyone: bool = False
    pauses: int = 0
    probe_at: datetime | None = None
    cause: Cause | None = None

    @property
    def tripped(self) -> bool:
        """Tell whether the next call, once one may be made, is a probe."""
        return self.probe_at is not None

    @property
    def open(self) -> bool:
        """Tell whether calls for other changes than those that failed are stopped too."""
        if self.everyone or self.cause is Cause.CREDENTIAL:
            return self.tripped
        return self.tripped and len(self.failing) >= _TRIP

    @property
    def words(self) -> str:
        """Say what keeps calls from being made; nothing where they flow."""
        if not self.tripped:
            return ""
        if self.cause is Cause.CREDENTIAL:
            return "the chat service refuses the credential"
        return "the chat service gives no useful answer"

    def paused_until(self, now: datetime, target: Hashable = None) -> datetime | None:
        """Give when the next call may be made, if none may be made now; for `target`, if one is named.

        Of a few that fail, each gets its turn as the probe: that which failed last comes last, a
        little later, in case the others are not wanted any more. A pause that seems longer than
        any is of a clock that was set back since: it is over.
        """
        if self.probe_at is None or self.probe_at > now + _LONGEST_PAUSE:
            return None
        until = self.probe_at
        if target is not None and not self.open:
            if target not in self.failing:
                return None
            until += _ONE_BY_ONE * self.failing.index(target)
        return until if now < until else None

    def after(self, outcome: Outcome, now: datetime, target: Hashable) -> "Breaker":
        """Give the state that follows from one more outcome, of a call for `target`."""
        match outcome:
            case Applied() | Rejected() | Deferred(cause=Cause.THROTTLED | Cause.MIXED):
                return Breaker()
            case Deferred(cause=cause):
                return self._failed(cause, now, target)

    def trip(self, cause: Cause, now: datetime) -> "Breaker":
        """Give the state in which no call is made, for anything, for the next, longer pause."""
        return _tripped(replace(self, everyone=True), cause, now)

    def _failed(self, cause: Cause, now: datetime, target: Hashable) -> "Breaker":
        others = tuple(other for other in self.failing if other != target)
        failing = self.failing if len(others) >= _TRIP else (*others, target)
        failed = replace(self, failing=failing, failures=min(self.failures + 1, _TRIP))
        if not self.tripped and failed.failures < _TRIP and cause is not Cause.CREDENTIAL:
            return failed
        return _tripped(failed, cause, now)


def _tripped(breaker: Breaker, cause: Cause, now: datetime) -> Breaker:
    if breaker.paused_until(now) is not None:
        return breaker  # a call that was already under way when the breaker tripped
    pauses = breaker.pauses + 1
    pause = min(_PROBE_STEP * pauses, _LONGEST_PAUSE)
    return replace(breaker, pauses=pauses, probe_at=now + pause, cause=cause)
