"""Why to look at the files again: something may have changed on disk, or calls under way came back."""

import asyncio
from typing import Protocol

from reconciler.reconcile.waiting import first


class Watch(Protocol):
    """What tells that files may have changed."""

    @property
    def reason(self) -> str | None:
        """Say why polling is in force though it was not asked for."""
        ...

    async def changed(self, timeout: float) -> bool:  # noqa: ASYNC109  # its end is an answer, not an error
        """Wait until something may have changed, or for `timeout` seconds, and tell which it was."""
        ...


class Hints:
    """Hints carry no content, and each stands until a look that began after it is over.

    So none is lost where a look is cancelled halfway.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._asked = asyncio.Event()
        self._given = 0
        self._answered = 0

    @property
    def given(self) -> int:
        """Count the hints so far: `answer` takes this number, as it was before the look."""
        return self._given

    def give(self) -> None:
        """Ask for a look."""
        self._given += 1
        self._asked.set()

    def answer(self, given: int) -> None:
        """Take note that a look is over that began after hint number `given`."""
        self._answered = max(self._answered, given)
        if self._answered == self._given:
            self._asked.clear()

    async def wait(self, seconds: float) -> bool:
        """Wait for a hint that no look has answered, but not longer than `seconds`; tell if there is one."""
        if not self._asked.is_set():
            changed = asyncio.ensure_future(self._watch.changed(seconds))
            await first(changed, self._asked.wait())
            if not changed.cancelled() and changed.result():
                self.give()
        return self._asked.is_set()
