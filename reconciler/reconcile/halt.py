"""A halt: from then on no new call is made, and who waits for leave to make one waits no more."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Halt:
    """Set once, and for good."""

    __slots__ = ("_set", "_waits")

    def __init__(self) -> None:
        self._set = False
        self._waits: set[asyncio.Timeout] = set()

    def is_set(self) -> bool:
        """Tell whether it is set."""
        return self._set

    def set(self) -> None:
        """Set it: all that is waited for `before` it is given up."""
        if self._set:
            return
        self._set = True
        for wait in self._waits:
            wait.reschedule(0.0)

    async def before(self, wait: Awaitable[T]) -> T | None:
        """Give what `wait` gives; None where the halt comes first, `wait` is cancelled then.

        It costs no task: it is a deadline that has no time until there is a halt.
        """
        try:
            async with asyncio.timeout_at(0.0 if self._set else None) as deadline:
                self._waits.add(deadline)
                try:
                    return await wait
                finally:
                    self._waits.discard(deadline)
        except TimeoutError:
            if not deadline.expired():
                raise
            return None
