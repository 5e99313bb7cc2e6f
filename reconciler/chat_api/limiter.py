"""The one door to the chat service: so many calls a second, and never more.

The service counts calls in windows of a second and shares its limit with the people who chat, so
the rate is a ceiling in *every* window of a second, not a mean with bursts around it. Two rules:

- **The ceiling.** A call waits until a second has passed since the one that left `rate` calls
  before it. So no window of a second holds more than `rate`, rounded up, whatever timers do. What
  counts is when a call really left, which its caller tells: a busy machine may hold it up a while.
- **The pace.** Calls have slots, evenly spaced, and none leaves before its slot. Those that wait
  leave together where their slots lie within 50 ms: waking up for each takes twice the processor
  time. The next slot does not move when the timer for this one is late, so that lateness does not
  add up; it does move after a stall, which is not caught up on, and where nobody was waiting.
  Above a thousand a second slots lie closer together than timers can tell apart: there a call may
  leave a millisecond before its slot.

Both are about a percent stricter than the rate, as calls also move against each other on the way.

Not aiolimiter, which bursts or else loses every timer's lateness, nor pyrate-limiter, which pads
each wait by 50 ms: neither shrinks at a 429, serves by priority, or sleeps on a clock passed in.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

_LOWEST: Final = 0.1
_HIGHEST: Final = 10_000.0
_WINDOW: Final = 1.008
"""Seconds that count as one for the ceiling: calls may move by 8 ms against each other on the way."""

_PACE: Final = 1.012
"""Seconds that count as one for the pace. Slower than the ceiling, so that it rarely has to hold."""

_TOGETHER: Final = 0.05
"""Seconds of slots whose calls leave together, at the last of them. Below 40 a second it is one by one."""

_FINEST: Final = 0.001
"""Seconds that a timer can tell apart: an event loop's epoll waits for whole milliseconds."""

_HAIR: Final = 1e-6
"""Seconds by which rounding is outdone: it must not leave one of them behind."""

_MADE_UP: Final = 0.02
"""Seconds of a timer's lateness that are made up for."""

_LARGEST_PLAN: Final = 160.0
"""The vendor's largest plan that has a limit: where an unlimited rate shrinks from."""

_FLOOR: Final = 1.0
_STORM: Final = 2.0
"""Seconds after halving in which a 429 only says what is known: that call left at the old rate."""

_STEP_EVERY: Final = 10.0
_STEP: Final = 0.1
_LONGEST_PAUSE: Final = 60.0
_TOO_LONG: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Slowed:
    """The rate that a 429 left, and when."""

    rate: float
    at: float


class Leave:
    """Leave for one call: it counts as of when it was given, and once the call leaves as of then."""

    __slots__ = ("_clock", "at")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.at = clock()

    def used(self) -> None:
        """Take note that the call leaves now."""
        self.at = self._clock()


@dataclass(eq=False, slots=True)
class _Waiter:
    priority: int
    arrival: int
    since: float
    turn: asyncio.Event = field(default_factory=asyncio.Event)

    def rank(self, now: float) -> float:
        """Give its place among those that wait: before all others once it has waited too long."""
        return -math.inf if now - self.since >= _TOO_LONG else self.priority


class Limiter:
    """A token bucket that holds one token, under a ceiling. For one event loop; cheap to wait at.

    `rate` is from 0.1 to 10,000 calls a second, or None for no limit. Time comes from `clock`
    and passes in `sleep`, both in seconds. Raises ValueError for another rate.
    """

    def __init__(
        self,
        rate: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if rate is not None and not _LOWEST <= rate <= _HIGHEST:
            msg = f"a rate is from {_LOWEST} to {_HIGHEST:,.0f} calls a second"
            raise ValueError(msg)
        self._ceiling = rate
        self._clock = clock
        self._sleep = sleep
        self._slowed: _Slowed | None = None
        self._next_slot = -math.inf
        self._left: deque[Leave] = deque(maxlen=math.ceil(rate or _LARGEST_PLAN))
        self._queue: list[_Waiter] = []
        self._late = _MADE_UP  # by how much those that leave with the last sleeper may be late
        self._arrivals = count()

    @property
    def ceiling(self) -> float | None:
        """Give the calls a second that are never exceeded; None for no limit."""
        return self._ceiling

    @property
    def present_rate(self) -> float | None:
        """Give the calls a second that are let through now; None for no limit."""
        if self._slowed is None:
            return self._ceiling
        whole = self._ceiling or _LARGEST_PLAN
        steps = math.floor((self._clock() - self._slowed.at) / _STEP_EVERY)
        rate = self._slowed.rate + steps * _STEP * whole
        return rate if rate < whole else self._ceiling

    @property
    def waiting(self) -> int:
        """Give how many calls wait for a token."""
        return len(self._queue)

    def backlog(self, priority: int) -> float:
        """Give how many seconds those that wait now and go before a newcomer of that priority will take."""
        rate = self.present_rate
        return 0.0 if rate is None else self._before(priority) / rate

    def at_once(self) -> Leave | None:
        """Give a token where there is one now and nobody waits for it."""
        return self._take(0.0) if not self._queue and self._due() <= self._clock() else None

    async def acquire(self, priority: int = 0) -> Leave:
        """Wait for a token. The lowest `priority` goes first, then whoever came first.

        Who has waited for five seconds goes before who has not, so that a flood starves nobody. The
        token is taken in the step that returns, so a waiter that is cancelled takes none and its
        time is the time at which the call can leave.
        """
        waiter = _Waiter(priority, next(self._arrivals), self._clock())
        self._queue.append(waiter)
        late = 0.0
        try:
            while True:
                if (first := self._first()) is not waiter:
                    waiter.turn.clear()
                    first.turn.set()  # it may have become the first by waiting
                    await waiter.turn.wait()
                    late = self._late
                elif self._due() > self._clock():
                    more = self._until_others(priority)
                    await self._sleep(self._due(more) - self._clock())
                    late = self._late = more + _MADE_UP
                else:
                    return self._take(late)
        finally:
            self._queue.remove(waiter)
            if self._queue:
                self._first().turn.set()

    def _until_others(self, priority: int) -> float:
        """Give the seconds from the first waiter's slot to that of the last that leaves with it.

        `priority` is of the first, who does not wait for those that come after it.
        """
        rate = self.present_rate
        if rate is None:
            return 0.0
        together = min(self._before(priority), int(_TOGETHER * rate))
        return (together - 1) * _PACE / rate + _HAIR if together > 1 else 0.0

    def _before(self, priority: int) -> int:
        """Count the waiters that go before a newcomer of that priority."""
        return sum(waiter.priority <= priority for waiter in self._queue)

    def _first(self) -> "_Waiter":
        """Give who goes next."""
        now = self._clock()
        return min(self._queue, key=lambda waiter: (waiter.rank(now), waiter.arrival))

    def slow_down(self) -> None:
        """Halve the present rate: the service said 429.

        The answers of one storm count once. A tenth of the ceiling comes back every ten seconds
        in which this is not called.
        """
        now = self._clock()
        if self._slowed is not None and now - self._slowed.at < _STORM:
            return
        rate = self.present_rate or _LARGEST_PLAN
        floor = min(_FLOOR, self._ceiling or _FLOOR)
        self._slowed = _Slowed(max(rate / 2, floor), now)

    def pause(self, seconds: float) -> None:
        """Let nothing through for so long: the service named a time. A minute at most."""
        if not seconds >= 0:
            msg = "a pause is of 0 seconds or more"
            raise ValueError(msg)
        end = self._clock() + min(seconds, _LONGEST_PAUSE)
        self._next_slot = max(self._next_slot, end + _early(self._ceiling))  # whatever the rate is by then

    def _due(self, more: float = 0.0) -> float:
        """Give when the next call may leave, by both rules, if it lets `more` seconds of its slot pass."""
        rate = self.present_rate
        slot = self._next_slot + more - _early(rate)
        most = math.inf if rate is None else math.ceil(rate)
        if len(self._left) < most:
            return slot
        return max(slot, self._left[-int(most)].at + _WINDOW)

    def _take(self, lateness: float) -> Leave:
        leave, rate = Leave(self._clock), self.present_rate
        self._left.append(leave)
        if rate is not None:
            self._next_slot = max(self._next_slot, leave.at - lateness) + _PACE / rate
        return leave


def _early(rate: float | None) -> float:
    """Give the seconds that a call may leave before its slot."""
    return _FINEST if rate is not None and rate * _FINEST > 1 else 0.0
