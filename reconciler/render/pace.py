"""How fast calls come back, and how long those that are left will take. Times are in seconds."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reconciler.render.words import duration

_WINDOW: Final = 5.0
"""Calls that came back within it make the rate, and no fewer than so many at the rate allowed."""

_FIRST: Final = 1.0
"""Before a second has passed, what came back says little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Calls of plans that are not answered yet, and how many a second are let through; None: any."""

    left: Callable[[], int]
    limit: Callable[[], float | None]
    ceiling: float | None


class Pace:
    """Counts calls from `began` on."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._answered: deque[float] = deque()
        self.done = 0

    def answered(self, at: float) -> None:
        """Count one call."""
        self.done += 1
        self._answered.append(at)

    def rate(self, now: float, limit: float | None) -> float:
        """Give the calls a second of late; never more than are let through from now on, at most `limit`."""
        window = _WINDOW if limit is None else max(_WINDOW, _WINDOW / limit)
        while self._answered and self._answered[0] <= now - window:
            self._answered.popleft()
        rate = len(self._answered) / max(_FIRST, min(window, now - self._began))
        return rate if limit is None else min(rate, limit)

    def left(self, calls: int, now: float, limit: float | None) -> float | None:
        """Give how long so many calls will take; None where that can't be told, for none comes back."""
        speed = limit if limit is not None and now - self._began < _FIRST else self.rate(now, limit)
        return calls / speed if speed else None


def pace_words(pace: Pace, calls: int, now: float, *, limit: float | None, ceiling: float | None) -> str:
    """Say the rate, what the service keeps it down to, and how long the `calls` that are left will take."""
    rate = pace.rate(now, limit)
    slowed = limit is not None and (ceiling is None or limit < ceiling)
    most = f" (slowed to {limit:.3g})" if slowed else ""
    left = pace.left(calls, now, limit)
    return f"{rate:,.1f} calls/s{most}, {'no answer of late' if left is None else f'{duration(left)} left'}"
