"""Why to look at the files again: something may have changed on disk, or calls under way came back."""

import asyncio
from functools import reduce
from operator import or_
from typing import Protocol

from reconciler.reconcile.waiting import first
from reconciler.source.places import ANYWHERE, NOWHERE, Places


class Watch(Protocol):
    """What tells that files may have changed."""

    @property
    def reason(self) -> str | None:
        """Say why polling is in force though it was not asked for."""
        ...

    async def changed(self, timeout: float) -> Places | None:  # noqa: ASYNC109  # its end is an answer, not an error
        """Wait until something may have changed, and give where; None after `timeout` seconds without."""
        ...


class Hints:
    """A hint says where to look at most, and stands until a look at everything that began after it is over.

    So none is lost where a look is cancelled halfway. A look where it says answers it for the moment:
    nobody waits because of it any more, but a look at everything is owed.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._asked = asyncio.Event()
        self._given = 0
        self._unanswered: dict[int, Places] = {}
        self._answered = 0
        self._looked_everywhere = 0

    @property
    def given(self) -> int:
        """Count the hints so far: `answer` takes this number, as it was before the look."""
        return self._given

    @property
    def where(self) -> Places:
        """Give where the hints say to look that no look has answered."""
        return reduce(or_, self._unanswered.values(), NOWHERE)

    @property
    def owed(self) -> bool:
        """Tell whether a hint stands, be it that it was answered for the moment."""
        return self._given > self._looked_everywhere

    def give(self, where: Places = ANYWHERE) -> None:
        """Ask for a look."""
        self._given += 1
        self._unanswered[self._given] = where
        self._asked.set()

    def answer(self, given: int, *, everywhere: bool) -> None:
        """Take note that a look is over that began after hint number `given`."""
        for number in range(self._answered + 1, given + 1):
            del self._unanswered[number]
        self._answered = max(self._answered, given)
        if everywhere:
            self._looked_everywhere = max(self._looked_everywhere, given)
        if not self._unanswered:
            self._asked.clear()

    async def wait(self, seconds: float) -> bool:
        """Wait for a hint that no look has answered, but not longer than `seconds`; tell if there is one."""
        if not self._asked.is_set():
            changed = asyncio.ensure_future(self._watch.changed(seconds))
            changed.add_done_callback(self._hear)
            await first(changed, self._asked.wait())
            if not changed.cancelled():
                changed.result()  # raises what went wrong
        return self._asked.is_set()

    async def hear(self) -> bool:
        """Take in what the watch told while nobody waited; tell if a hint stands that no look answered."""
        where = await self._watch.changed(0)
        if where is not None:
            self.give(where)
        return self._asked.is_set()

    def _hear(self, changed: "asyncio.Future[Places | None]") -> None:
        """Take in what the watch told, also where whoever waited was cancelled just then."""
        if changed.cancelled() or changed.exception() is not None:
            return
        where = changed.result()
        if where is not None:
            self.give(where)
