"""Where to look: at everything, or only where hints say that something happened.

What holds is a look at everything. One at some places is quick, and the other one follows soon.
"""

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Final, TypeVar

from reconciler.daemon.hints import Hints
from reconciler.daemon.settling import Todo, settled_scan
from reconciler.source.directory import Directory, Scan
from reconciler.source.places import NOWHERE

T = TypeVar("T")
Asked = TypeVar("Asked", bound=Todo)

_SOON: Final = 2.0
_SHARE: Final = 20
"""A look at everything follows one at some places after 2 s, or 20 times as long as the last one took."""

_PATIENCE: Final = 5.0
"""Seconds for which it lets hints go first that come just when it is due: they take less time."""


class Looks:
    """Looks at the files; where nothing was hinted at, and everything was seen lately, at none of them.

    Everything is looked at each `rescan` seconds, where a hint does not say where, where places are not
    enough to know what is there now, and soon after each look at places. What is hinted when that is due
    goes first, for 5 seconds. `everywhere` tells whether the last look was at everything.
    """

    def __init__(self, source: Directory, hints: Hints, *, rescan: float, reading: Executor) -> None:
        self._source = source
        self._hints = hints
        self._rescan = rescan
        self._reading = reading
        self._took = 0.0
        self._places = NOWHERE
        self.everywhere = False
        self.due_at = -math.inf
        """The loop's time of the next look at everything."""

    async def settled(self, agenda: Callable[[Scan], Asked], stop: asyncio.Event) -> tuple[Scan, Asked]:
        """Look; where that shows news, look until two looks at the same places agree, or until `stop`.

        What is hinted at meanwhile is looked at too. Give what was found, and what it asks for.
        """
        self._places = NOWHERE
        patient = self._hints.where != NOWHERE and self._now() < self.due_at + _PATIENCE
        self.everywhere = self._now() >= self.due_at and not patient
        return await settled_scan(self._look, agenda, stop)

    async def _look(self) -> Scan:
        if not self.everywhere:  # nobody listened in a turn, and in the pause after a failure
            await self._hints.hear()
        given = self._hints.given
        self._places |= self._hints.where
        scan = None if self.everywhere else await self._look_at_places()
        if scan is None:
            self.everywhere = True
            scan = await self._look_at_everything()
        self._hints.answer(given, everywhere=self.everywhere)
        return scan

    async def _look_at_places(self) -> Scan | None:
        paths = self._places.paths
        scan = None if paths is None else await self._in_thread(partial(self._source.look, paths))
        if self._hints.owed:
            self.due_at = min(self.due_at, self._now() + max(_SOON, _SHARE * self._took))
        return scan

    async def _look_at_everything(self) -> Scan:
        began = self._now()
        scan = await self._in_thread(self._source.scan)
        self._took = self._now() - began
        self.due_at = self._now() + self._rescan
        return scan

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reading, work)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
