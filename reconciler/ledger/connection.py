"""Connections to a ledger's file: how they are set up, and what SQLite's errors mean to a person."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from reconciler.ledger.errors import (
    BackupUnwritable,
    LedgerDamaged,
    LedgerNotSqlite,
    LedgerUnreadable,
    LedgerUnwritable,
    SqliteTooOld,
)

Opener = Callable[[str], sqlite3.Connection]
"""Gives a connection to the database at a URI."""

_OLDEST_SQLITE: Final = (3, 37, 0)
"""The first with STRICT tables."""

_PATIENCE: Final = 5.0
"""Seconds to wait for another program, such as a person's shell, to let go of the file."""

_LONGEST_LOG: Final = 64 * 1024 * 1024
"""Bytes that the write-ahead log is cut to once a reader that kept it long has left."""

_REASONS: Final[dict[str, tuple[str, str | None]]] = {
    "SQLITE_BUSY": (
        "another program has locked it",
        "end what holds it, such as an open sqlite3 shell",
    ),
    "SQLITE_INTERRUPT": ("the daemon is ending", "ask again when it runs"),
    "SQLITE_FULL": ("the disk is full", "free some space"),
    "SQLITE_READONLY": ("it is read-only", "let this user write the file and its directory"),
    "SQLITE_CANTOPEN": (
        "it or its -wal file can't be opened",
        "let this user read and write the file and its directory",
    ),
    "SQLITE_PERM": ("access is denied", "let this user read and write the file"),
    "SQLITE_IOERR": ("the disk reports an error", "look at the disk and its free space"),
}


class Opened:
    """A ledger's file that somebody has open; at the end of a `with` it is closed."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path: Final = path
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def check_sqlite(path: Path, version: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Raise SqliteTooOld where this Python came with a SQLite that we can't use."""
    if version < _OLDEST_SQLITE:
        raise SqliteTooOld(path, what=f"this Python's SQLite is {'.'.join(map(str, version))}, too old")


def open_sqlite(uri: str) -> sqlite3.Connection:
    """Open the database at a URI (https://sqlite.org/uri.html)."""
    return sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)


def connect(path: Path, mode: Literal["ro", "rw"], opener: Opener = open_sqlite) -> sqlite3.Connection:
    """Open an existing file. Its schema is not trusted: it can't call what SQLite finds risky."""
    connection = opener(f"{path.absolute().as_uri()}?mode={mode}")
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")  # a read-only root file system has no other place
        if mode == "rw":
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA journal_size_limit = {_LONGEST_LOG}")
    except BaseException:
        connection.close()
        raise
    return connection


def tells_of_damage(error: sqlite3.DatabaseError) -> bool:
    """Tell whether SQLite found something in the file that it never wrote."""
    name: str = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
    no_text = str(error).startswith("Could not decode")  # Python says so, of what should be UTF-8
    return no_text or name.startswith("SQLITE_CORRUPT") or name == "SQLITE_NOTADB"


@contextmanager
def explained(path: Path, doing: type[LedgerUnreadable | LedgerUnwritable]) -> Iterator[None]:
    """Turn what SQLite says into a LedgerError; a mistake in our own SQL or values stays a bug."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        msg = f"an entry contradicts the ledger: {error}"
        raise ValueError(msg) from error
    except sqlite3.DatabaseError as error:
        name: str = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
        if tells_of_damage(error) and name != "SQLITE_NOTADB":
            raise LedgerDamaged(path) from error
        if name == "SQLITE_NOTADB":
            raise LedgerNotSqlite(path) from error
        if name == "SQLITE_ERROR":
            raise
        what, todo = _REASONS.get("_".join(name.split("_")[:2]), ("SQLite refuses", None))
        cant = "can't be written" if issubclass(doing, LedgerUnwritable) else "can't be read"
        subject = "the backup" if issubclass(doing, BackupUnwritable) else "the ledger"
        raise doing(path, what=f"{subject} {cant}: {what} ({name})", todo=todo) from error
