"""How long a thread may wait: until a time, or until it is told to stop."""

import time
from threading import Event


class Deadline:
    """Past when the clock `time.monotonic` reaches `at`, or as soon as `stop` is set.

    Has the method `is_set` of an event: watchfiles asks for nothing else.
    """

    def __init__(self, stop: Event, at: float) -> None:
        self._stop = stop
        self._at = at

    def is_set(self) -> bool:
        """Tell whether it is past."""
        return self._stop.is_set() or time.monotonic() >= self._at

    def wait(self, seconds: float) -> bool:
        """Wait that long at most, and tell whether it is past."""
        left = self._at - time.monotonic()
        self._stop.wait(max(0.0, min(seconds, left)))
        return self.is_set()
