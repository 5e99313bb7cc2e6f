"""A thread that works half of the time at most: who asks much does not keep the daemon from sending."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_LONGEST_REST: Final = 0.25


class RestingThread(ThreadPoolExecutor):
    """One thread that does one thing after the other, and rests after each as long as that took.

    Python runs one thread at a time: what is busy here is taken from the loop that sends.
    """

    def __init__(self, name: str) -> None:
        super().__init__(1, name)
        self._rests_until = 0.0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do it once everything before is done, and rested from."""
        return super().submit(self._rested, lambda: fn(*args, **kwargs))

    def _rested(self, work: Callable[[], T]) -> T:
        time.sleep(max(0.0, self._rests_until - time.monotonic()))
        began = time.monotonic()
        try:
            return work()
        finally:
            ended = time.monotonic()
            self._rests_until = ended + min(ended - began, _LONGEST_REST)
