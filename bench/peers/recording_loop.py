"""Sends PUTs as `aiohttp_loop.py` does and keeps a durable record of them, with the least that this takes.

No PUT leaves before it is on record, and each answer is recorded. Whatever waits for a commit goes into
the next one together. `recording_loop.py URL PUTS CONNECTIONS KEY ACTOR`; makes `record.db` where it runs.
"""

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import aiohttp

from bench.peers.side_by_side import Asked, asked, measured

Row = tuple[object, ...]

INTENT = "INSERT INTO intent VALUES (?, ?, ?, ?)"
ANSWER = "INSERT INTO answer VALUES (?, ?, ?)"


class Record:
    """Two tables, written by one thread, durable once `write` returns."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "CREATE TABLE intent (number INTEGER PRIMARY KEY, path TEXT, body BLOB, at REAL);"
            "CREATE TABLE answer (number INTEGER PRIMARY KEY, status INTEGER, at REAL);"
        )
        self._thread = ThreadPoolExecutor(1)
        self._waiting: list[tuple[str, Row, asyncio.Future[None]]] = []
        self._committing: asyncio.Task[None] | None = None

    def write(self, statement: str, row: Row) -> asyncio.Future[None]:
        """Give what is done once the row is durable."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((statement, row, written))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        return written

    async def _commit(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._write_all, group)
            except sqlite3.Error as error:
                for _, _, written in group:
                    written.set_exception(error)
                raise
            for _, _, written in group:
                written.set_result(None)
        self._committing = None

    def _write_all(self, group: list[tuple[str, Row, asyncio.Future[None]]]) -> None:
        self._database.execute("BEGIN")
        for statement in (INTENT, ANSWER):
            self._database.executemany(statement, [row for which, row, _ in group if which == statement])
        self._database.execute("COMMIT")


async def send(what: Asked) -> None:
    """Send all of them; each connection takes the next one as soon as it is free."""
    left = iter([(number, what.url + path, body.encode()) for number, (path, body) in enumerate(what.puts)])
    record = Record("record.db")
    async with aiohttp.ClientSession(
        headers=what.headers, connector=aiohttp.TCPConnector(limit=what.connections)
    ) as session:

        async def work() -> None:
            answered: list[asyncio.Future[None]] = []
            for number, where, body in left:
                await record.write(INTENT, (number, where, body, time.time()))
                async with session.put(where, data=body) as answer:
                    await answer.read()
                answered.append(record.write(ANSWER, (number, answer.status, time.time())))
            await asyncio.gather(*answered)

        await measured(work, what.connections)


if __name__ == "__main__":
    asyncio.run(send(asked()))
