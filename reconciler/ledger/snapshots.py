"""Looks into a ledger's file, each of one moment."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from reconciler.ledger.connection import explained
from reconciler.ledger.errors import LedgerUnreadable

_STEPS: Final = 100_000
"""Steps of SQLite's machine between two looks at whether to go on: about a millisecond."""


class Snapshots:
    """A ledger that is open for reading; what one look finds is of one moment. Threads take turns."""

    def __init__(self, path: Path, connection: sqlite3.Connection, *, exists: bool = True) -> None:
        self.path: Final = path
        self.exists: Final = exists
        """Whether there is a ledger; a reader of none finds nothing."""
        self._connection = connection
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def give_up_once(self, over: Callable[[], bool], *, steps: int = _STEPS) -> None:
        """Let what is read end with LedgerUnreadable once `over`, asked each so many steps, gives true."""
        self._connection.set_progress_handler(over, steps)

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._connection.close()

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        with self._turn, explained(self.path, LedgerUnreadable):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
