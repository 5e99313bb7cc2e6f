"""Noticing that the clock was set: it and the time that the loop goes by moved apart."""

from datetime import datetime
from typing import Final

_APART: Final = 1.0
"""Seconds. What moves less than that was not set, and makes little of a difference."""


class ClockWatch:
    """Compares the time of day with a time that is never set. A machine that slept comes to the same."""

    def __init__(self) -> None:
        self._between: float | None = None

    def was_set(self, clock: datetime, steady: float) -> bool:
        """Tell whether the two moved apart since this was first asked, or last true.

        `steady` is in seconds. Small steps add up, so that a clock that is wrong by more and more is
        noticed too.
        """
        between = clock.timestamp() - steady
        if self._between is None:
            self._between = between
        moved = abs(between - self._between) > _APART
        if moved:
            self._between = between
        return moved
