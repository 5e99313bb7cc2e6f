"""Whose call is made next, where more dialogs have calls to make than calls may be under way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum
from heapq import heapify, heappop, heappush
from itertools import count
from typing import NamedTuple

from reconciler.core.action import Action, UpdateMessage
from reconciler.reconcile.halt import Halt


class Priority(IntEnum):
    """Who goes first where calls wait: people see a wrong text, not a missing mark."""

    TEXT = 0
    MARK = 1


def priority_of(action: Action) -> Priority:
    """Give the priority of a call."""
    text = isinstance(action, UpdateMessage) and action.text is not None
    return Priority.TEXT if text else Priority.MARK


class Rank(NamedTuple):
    """The lowest goes first: texts before marks, then what was declared last.

    `age` falls from pass to pass, so that what somebody has just changed does not wait behind a
    backlog.
    """

    priority: Priority
    age: int


class Turns:
    """So many places for calls under way. Of equal ranks, who came first goes first.

    A dialog has one call waiting at a time and comes in anew for the next, so a dialog with many
    calls to make takes turns with the others.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._queue: list[tuple[Rank, int, asyncio.Future[bool]]] = []
        self._arrivals = count()
        self._gone = 0

    @property
    def waiting(self) -> int:
        """Count the entries of the queue."""
        return len(self._queue)

    @asynccontextmanager
    async def turn(self, rank: Rank, halt: Halt) -> AsyncIterator[bool]:
        """Wait for a place, or for `halt`; tell whether there is one, and hold it meanwhile."""
        place = await self._place(rank, halt)
        try:
            yield place
        finally:
            if place:
                self._give_back()

    async def _place(self, rank: Rank, halt: Halt) -> bool:
        if halt.is_set():
            return False
        if self._free:
            self._free -= 1
            return True
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        heappush(self._queue, (rank, next(self._arrivals), turn))
        try:
            place = await halt.before(turn) is not None
        except asyncio.CancelledError:
            self._give_up(turn)
            raise
        if not place:
            self._give_up(turn)
        return place

    def _give_up(self, turn: "asyncio.Future[bool]") -> None:
        """Wait no more; a place that came at the last moment goes to the next."""
        if turn.cancelled():
            self._forget_one()
        else:
            self._give_back()

    def _forget_one(self) -> None:
        """Take note that one of the queue waits no more; they are taken out together, now and then."""
        self._gone += 1
        if 2 * self._gone > len(self._queue):
            self._queue = [entry for entry in self._queue if not entry[2].done()]
            heapify(self._queue)
            self._gone = 0

    def _give_back(self) -> None:
        while self._queue:
            turn = heappop(self._queue)[2]
            if not turn.done():
                turn.set_result(True)
                return
            self._gone = max(0, self._gone - 1)
        self._free += 1
