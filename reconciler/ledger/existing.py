"""What is there already: is it a ledger of ours, and of a version that we know."""

import sqlite3
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal, TypeVar

from reconciler.ledger.connection import Opener, check_sqlite, connect, explained, open_sqlite
from reconciler.ledger.errors import (
    LedgerDirectoryMissing,
    LedgerEmpty,
    LedgerForeign,
    LedgerMissing,
    LedgerNewer,
    LedgerNotRegular,
    LedgerOutdated,
    LedgerTorn,
    LedgerUnreadable,
)
from reconciler.ledger.migrate import load_migrations, migrate, version_of
from reconciler.ledger.snapshots import Snapshots

Reader = TypeVar("Reader", bound=Snapshots)

APPLICATION_ID: Final = int.from_bytes(b"RCNL")
"""Stands in the header of each ledger (https://sqlite.org/pragma.html#pragma_application_id)."""


def connect_existing(
    path: Path, mode: Literal["ro", "rw"], opener: Opener = open_sqlite
) -> sqlite3.Connection:
    """Connect to a ledger of this version, while a daemon writes it or not; takes no lock.

    Raises a LedgerError that says why not; LedgerMissing where there is none.
    """
    check_sqlite(path)
    known = len(load_migrations())
    if not exists(path):
        raise LedgerMissing(path)
    with ExitStack() as undo, explained(path, LedgerUnreadable):
        connection = connect(path, mode, opener)
        undo.callback(connection.close)
        if check_ours(path, connection, known=known) < known:
            raise LedgerOutdated(path)
        undo.pop_all()
        return connection


def open_reader(path: Path, kind: type[Reader]) -> Reader:
    """Open the ledger for reading, while a daemon writes it or not; where there is none, read nothing.

    Takes no lock and makes no ledger. Raises a LedgerError that says why not.
    """
    check_sqlite(path)
    if not exists(path):
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        migrate(connection, load_migrations())
        return kind(path, connection, exists=False)
    return open_existing(path, kind)


def open_existing(path: Path, kind: type[Reader]) -> Reader:
    """Open the ledger for reading, as `open_reader` does; raises LedgerMissing where there is none."""
    return kind(path, connect_existing(path, "ro"))


def exists(path: Path) -> bool:
    """Tell whether there is a file; raise where it cannot be a ledger.

    An empty file is a valid empty database to SQLite. We never leave one, so it is a ledger that
    was cut off, or not meant for us.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        _check_nothing_left(path)
        return False
    except NotADirectoryError:
        raise LedgerDirectoryMissing(path) from None
    except OSError as error:
        raise LedgerUnreadable(path, what=f"the ledger can't be read: {error.strerror}") from None
    if stat.S_ISLNK(found.st_mode):
        raise LedgerNotRegular(path, what="the ledger is a symbolic link, beside which a lock is no use")
    if stat.S_ISDIR(found.st_mode):
        raise LedgerNotRegular(path, what="the ledger is a directory", todo="name a file in it")
    if not stat.S_ISREG(found.st_mode):
        raise LedgerNotRegular(path)
    if found.st_nlink > 1:
        raise LedgerNotRegular(path, what="the ledger has a second name (a hard link)", todo="remove one")
    if found.st_size == 0:
        raise LedgerEmpty(path)
    return True


def _check_nothing_left(path: Path) -> None:
    """Refuse to begin anew over the log of a ledger that is gone: it may hold what was recorded last."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size > 0:
        raise LedgerTorn(path)


def check_ours(path: Path, connection: sqlite3.Connection, *, known: int) -> int:
    """Give the ledger's version."""
    if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
        raise LedgerForeign(path)
    version = version_of(connection)
    if version > known:
        raise LedgerNewer(path, version=version, known=known)
    return version
