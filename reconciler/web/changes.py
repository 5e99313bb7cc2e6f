"""A number that goes up when anything shown may have changed, and those who wait for that."""

import asyncio
import time
from typing import Final

from reconciler.web.model import TooMany

_SHORTEST: Final = 1.0
"""Seconds between two changes that are told: what happens within them is one."""

MOST_WAITING: Final = 64


class Changes:
    """Counts changes, at most one a second. To be used on one event loop.

    A change is told once it can be seen, and none is lost: the last one of a burst comes after it.
    `number` begins at the present second, so that no earlier process was ever ahead of it.
    """

    def __init__(self) -> None:
        self.number = int(time.time())
        self._told_at = float("-inf")
        self._next: asyncio.TimerHandle | None = None
        self._told = asyncio.Event()
        self._waiting = 0
        self._ended = False

    def note(self) -> None:
        """Take note that something may have changed."""
        if self._next is not None or self._ended:
            return
        loop = asyncio.get_running_loop()
        if (left := self._told_at + _SHORTEST - loop.time()) > 0:
            self._next = loop.call_later(left, self._tell)
        else:
            self._tell()

    async def since(self, number: int, timeout: float) -> int:  # noqa: ASYNC109  # its end is an answer, not an error
        """Wait until the number is another than `number`, or for `timeout` seconds; give what it is then.

        Raises TooMany.
        """
        if self.number != number or self._ended:
            return self.number
        if self._waiting >= MOST_WAITING:
            msg = "clients that wait for a change"
            raise TooMany(msg)
        self._waiting += 1
        try:
            async with asyncio.timeout(timeout):
                await self._told.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1
        return self.number

    def end(self) -> None:
        """Let everybody go who waits, from now on too."""
        self._ended = True
        if self._next is not None:
            self._next.cancel()
        self._told.set()

    def _tell(self) -> None:
        self._next, self._told_at = None, asyncio.get_running_loop().time()
        self.number += 1
        told, self._told = self._told, asyncio.Event()
        told.set()
