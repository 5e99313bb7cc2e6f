"""Group commit: what is to be written while one commit is under way goes into the next, together.

A commit costs a wait for the disk, whatever it holds; calls side by side share it.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final, Protocol

from reconciler.core.doubt import Doubt
from reconciler.ledger.entry import Entry
from reconciler.ledger.errors import LedgerError
from reconciler.reconcile.doubts import Doubts


class Writable(Protocol):
    """The ledger, as far as it is written to."""

    def next_number(self) -> int:
        """Give a number that no intent has."""
        ...

    def in_doubt(self) -> Sequence[Doubt]:
        """Give the calls without an answer."""
        ...

    def write(self, entries: Sequence[Entry]) -> None:
        """Write all entries in one transaction, or none."""
        ...

    def check(self) -> None:
        """Raise where the file is no longer the one on disk."""
        ...

    def prove(self) -> None:
        """Write, changing nothing; raise where that fails."""
        ...

    def requests_changed(self) -> bool:
        """Tell whether anybody else wrote since this was asked last."""
        ...


_LINGER: Final = 0.03
"""Seconds that an entry waits for others. What was answered in them is repeated after a crash."""

_ENOUGH: Final = 0.1
"""Seconds for which there is enough to do meanwhile: several times as long, for an entry holds a place."""

Group = Sequence[tuple[Entry, asyncio.Future[None]]]


class GroupCommit:
    """The one writer of a ledger. `thread` is the only thread that touches it.

    `spare` gives the seconds for which the rate is busy with what goes before an entry and is on
    record already. Where that is long enough a commit waits a little, and so is one for more entries.

    `doubts` are the calls without an answer, as recorded. `committed` and `failed` count what became
    of the transactions.
    """

    def __init__(
        self, ledger: Writable, thread: Executor, *, spare: Callable[[Entry], float] = lambda _: 0.0
    ) -> None:
        self._ledger = ledger
        self._thread = thread
        self._spare = spare
        self._numbers = itertools.count(ledger.next_number())
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._committing: asyncio.Task[None] | None = None
        self.doubts = Doubts(ledger.in_doubt())
        self.committed = self.failed = 0

    def next_number(self) -> int:
        """Give a number that no intent has; each number is given once."""
        return next(self._numbers)

    async def write(self, entry: Entry) -> None:
        """Return once `entry` is durable. Raises what the ledger raises; then nothing was written."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, written))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        await written

    async def check(self) -> None:
        """Look whether the ledger is still the file on disk. Raises what the ledger raises."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._ledger.check)

    async def prove(self) -> None:
        """Write to the ledger to see that this is possible again. Raises what the ledger raises."""
        await self._counted(self._ledger.prove)

    async def requests_changed(self) -> bool:
        """Tell whether a person left a request since this was asked last. Raises what the ledger raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ledger.requests_changed)

    async def _commit(self) -> None:
        while self._waiting:
            if all(self._spare(entry) >= _ENOUGH for entry, _ in self._waiting):
                await asyncio.sleep(_LINGER)
            group, self._waiting = self._waiting, []
            error = await self._written(group)
            if error is None or isinstance(error, LedgerError) or len(group) == 1:
                _tell(group, error)
                continue
            # A bug in one entry is its writer's own trouble: the others are written without it.
            for alone in group:
                _tell([alone], await self._written([alone]))
        self._committing = None

    async def _written(self, group: Group) -> Exception | None:
        entries = [entry for entry, _ in group]
        try:
            await self._counted(partial(self._ledger.write, entries))
        except Exception as error:  # noqa: BLE001  # each writer gets it, and decides
            return error
        self.doubts.recorded(entries)
        return None

    async def _counted(self, transaction: Callable[[], None]) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, transaction)
        except Exception:
            self.failed += 1
            raise
        self.committed += 1


def _tell(group: Group, error: Exception | None) -> None:
    for _, written in group:
        if written.done():
            continue
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)
