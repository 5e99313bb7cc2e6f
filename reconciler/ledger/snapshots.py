"""Looks into a ledger's file, each of one moment."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from reconciler.ledger.connection import Opened, explained
from reconciler.ledger.errors import LedgerUnreadable

_STEPS: Final = 100_000
"""Steps of SQLite's machine between two looks at whether to go on: about a millisecond."""


class Snapshots(Opened):
    """A ledger that is open for reading; what one look finds is of one moment. Threads take turns."""

    def __init__(self, path: Path, connection: sqlite3.Connection, *, exists: bool = True) -> None:
        super().__init__(path, connection)
        self.exists: Final = exists
        """Whether there is a ledger; a reader of none finds nothing."""
        self._turn = threading.Lock()

    def give_up_once(self, over: Callable[[], bool], *, steps: int = _STEPS) -> None:
        """Let what is read end with LedgerUnreadable once `over`, asked each so many steps, gives true."""
        self._connection.set_progress_handler(over, steps)

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            super().close()

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        with self._turn, explained(self.path, LedgerUnreadable):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
