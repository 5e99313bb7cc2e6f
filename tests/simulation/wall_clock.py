"""The reconciler's wall clock, which is set forward and back while monotonic time goes on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

START: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)


class WallClock:
    """Gives the time of day as the reconciler sees it; `seconds` is virtual time."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._set: list[tuple[float, timedelta]] = [(0.0, timedelta())]

    def __call__(self) -> datetime:
        return self.true() + self._set[-1][1]

    def true(self) -> datetime:
        """Give what the rest of the world has."""
        return START + timedelta(seconds=self._seconds())

    def set(self, off: timedelta) -> None:
        """Let it be wrong by `off` from now on."""
        if off != self._set[-1][1]:
            self._set.append((self._seconds(), off))

    def set_ago(self) -> float:
        """Give how many virtual seconds ago it was set to another time, or began."""
        return self._seconds() - self._set[-1][0]

    def extremes(self, after: float, at: float) -> tuple[datetime, datetime]:
        """Give the earliest and the latest time that it showed between two virtual times."""
        ends = [begin for begin, _ in self._set[1:]] + [at]
        shown = [
            START + timedelta(seconds=seconds) + off
            for (begin, off), end in zip(self._set, ends, strict=True)
            if begin <= at and end >= after
            for seconds in (max(begin, after), min(end, at))
        ]
        return min(shown), max(shown)
