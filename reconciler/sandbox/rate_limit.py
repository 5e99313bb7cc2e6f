"""The rate limit: so many calls in any one second."""

from collections import deque
from dataclasses import dataclass
from typing import Final

_WINDOW: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """At most `calls` in any second; the others get 429, with `Retry-After` where one is set (seconds)."""

    calls: int
    retry_after: float | None = None


class SlidingWindow:
    """Counts the calls of the last second, and the most there ever were in one."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self.peak = 0

    def add(self, now: float) -> None:
        """Count one call. `now` is monotonic, in seconds, and never goes back."""
        self._times.append(now)
        self.peak = max(self.peak, self.count(now))

    def count(self, now: float) -> int:
        """Give the calls of the last second."""
        while self._times and self._times[0] <= now - _WINDOW:
            self._times.popleft()
        return len(self._times)
