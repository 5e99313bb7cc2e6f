"""What pages and API read, without keeping the daemon from its work.

How dialogs stand is in memory; it is looked through on a thread of its own, and so is the ledger,
through connections that only read. A connection lives as long as one request: then what is read is the
ledger that lies there now, be it that another one was put in its place.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from reconciler.core.file_report import FileReport
from reconciler.core.message import DialogId
from reconciler.daemon.health import Health
from reconciler.ledger.errors import LedgerMissing
from reconciler.ledger.existing import open_reader
from reconciler.ledger.history import Told
from reconciler.ledger.reader import LedgerReader
from reconciler.metrics.moment import Traffic
from reconciler.source.directory import Directory
from reconciler.source.rules import Rules
from reconciler.web.changes import Changes
from reconciler.web.detail import read_detail
from reconciler.web.history import read_all, read_history
from reconciler.web.listing import find, list_dialogs, list_problems
from reconciler.web.model import (
    DialogDetail,
    DialogPage,
    DialogQuery,
    HistoryPage,
    HistoryQuery,
    ProblemList,
    TooMany,
)
from reconciler.web.overview import Seen, overview
from reconciler.web.recent import Recent
from reconciler.web.state import Overview

T = TypeVar("T")

MOST_EXPORTS: Final = 4
"""Exports under way at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The running daemon, as far as it is looked at: each function gives what is so now.

    `watch` gives how changes on disk are seen, and why that is not as asked for; `rules` what
    manifests are read under, None while that is not known; `doubts` when the oldest call without an
    answer was intended, by dialog.
    """

    files: Mapping[str, FileReport]
    health: Health
    traffic: Callable[[], Traffic]
    watch: Callable[[], tuple[str, str | None]]
    rules: Callable[[], Rules | None]
    source: Directory
    ledger: Path
    doubts: Callable[[], Mapping[DialogId, datetime]]
    clock: Callable[[], datetime]


class Reading:
    """Answers what pages and API ask. To be used on the daemon's event loop.

    `history` and `dialog` raise LedgerError where the ledger can't be read; the others need none.
    """

    def __init__(self, live: Live, recent: Recent, changes: Changes, threads: Executor) -> None:
        self._live = live
        self._recent = recent
        self._changes = changes
        self._threads = threads
        self._exports = 0
        self._ended = False

    @property
    def change(self) -> int:
        """Give a number that is another one once anything shown may have changed."""
        return self._changes.number

    async def changed_since(self, number: int, timeout: float) -> int:  # noqa: ASYNC109  # its end is an answer
        """Wait until `change` is not `number`, or for `timeout` seconds; give it. Raises TooMany."""
        return await self._changes.since(number, timeout)

    def end(self) -> None:
        """Let whoever waits or reads go, from now on too: the daemon is about to end."""
        self._ended = True
        self._changes.end()

    def now(self) -> datetime:
        """Give the time by the daemon's clock."""
        return self._live.clock()

    async def overview(self) -> Overview:
        """Give how everything stands."""
        live = self._live
        watch, watch_reason = live.watch()
        seen = Seen(
            at=live.clock(),
            files=tuple(live.files.values()),
            unreadable=self._recent.unreadable,
            hindrances=dict(live.health.hindrances),
            first_pass_done=live.health.first_pass_done,
            traffic=live.traffic(),
            watch=watch,
            watch_reason=watch_reason,
            last_pass_at=self._recent.last_pass_at,
            last_success_at=live.health.last_success_at,
            passes=self._recent.passes,
            doubts=live.doubts(),
            ledger=live.ledger,
        )
        return await self._in_thread(partial(overview, seen))

    async def dialogs(self, query: DialogQuery) -> DialogPage:
        """Give one page of dialogs."""
        return await self._in_thread(partial(list_dialogs, self._files(), query))

    async def dialog(self, key: str) -> DialogDetail | None:
        """Give the dialog of this id or name, part by part; None where there is none."""
        return await self._in_thread(partial(self._read_dialog, self._files(), self._live.rules(), key))

    async def history(self, query: HistoryQuery) -> HistoryPage:
        """Give one page of the history."""
        return await self._in_thread(partial(self._read_history, query))

    async def problems(self) -> ProblemList:
        """Give every problem in manifests."""
        return await self._in_thread(partial(list_problems, self._files(), self._recent.unreadable))

    @asynccontextmanager
    async def export(
        self, query: HistoryQuery, encode: Callable[[Iterator[Told]], Iterator[bytes]]
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give all entries that a query asks for in pieces, as `encode` makes them. Raises TooMany."""
        if self._exports >= MOST_EXPORTS:
            msg = "exports"
            raise TooMany(msg)
        self._exports += 1
        try:
            async with aclosing(self._pieces(query, encode)) as pieces:
                yield pieces
        finally:
            self._exports -= 1

    async def _pieces(
        self, query: HistoryQuery, encode: Callable[[Iterator[Told]], Iterator[bytes]]
    ) -> AsyncGenerator[bytes]:
        opened = ExitStack()
        try:
            ledger = await self._in_thread(partial(opened.enter_context, self._ledger()))
            pieces = encode(read_all(ledger, query))
            while (piece := await self._in_thread(partial(next, pieces, None))) is not None:
                yield piece
        finally:
            self._threads.submit(opened.close)  # behind what may still be read there

    def _read_dialog(
        self, files: tuple[FileReport, ...], rules: Rules | None, key: str
    ) -> DialogDetail | None:
        found = find(files, key)
        if found is None:
            return None
        with self._ledger() as ledger:
            return read_detail(
                *found, source=self._live.source, rules=rules, ledger=ledger, now=self._live.clock()
            )

    def _read_history(self, query: HistoryQuery) -> HistoryPage:
        with self._ledger() as ledger:
            return read_history(ledger, query)

    @contextmanager
    def _ledger(self) -> Iterator[LedgerReader]:
        with open_reader(self._live.ledger, LedgerReader) as ledger:
            ledger.give_up_once(lambda: self._ended)
            if not ledger.exists:
                raise LedgerMissing(self._live.ledger)
            yield ledger

    def _files(self) -> tuple[FileReport, ...]:
        return tuple(self._live.files.values())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
