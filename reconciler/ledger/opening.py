"""Opening a ledger. Whatever is not one of ours, whole and of a known version, is refused untouched."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path

from reconciler.ledger.connection import Opener, check_sqlite, connect, explained, open_sqlite
from reconciler.ledger.errors import (
    LedgerDamaged,
    LedgerOnNetwork,
    LedgerUnreadable,
    LedgerUnwritable,
)
from reconciler.ledger.existing import APPLICATION_ID, check_ours, connect_existing, exists
from reconciler.ledger.lock import OURS_ALONE, LedgerLock
from reconciler.ledger.migrate import load_migrations, migrate, version_of
from reconciler.ledger.mounts import MOUNTINFO, network_file_system
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.requests import Requests
from reconciler.ledger.writer import Ledger


def open_ledger(
    path: Path, *, keep_text: bool, mountinfo: Path = MOUNTINFO, opener: Opener = open_sqlite
) -> Ledger:
    """Lock the ledger, make it where there is none, check all of it, bring it up to date.

    Raises a LedgerError that says why not. Its directory must exist. `opener` gives the one
    connection that writes.
    """
    check_sqlite(path)
    if (file_system := network_file_system(path.parent, mountinfo)) is not None:
        raise LedgerOnNetwork(path, file_system)
    exists(path)  # refuses what can't be a ledger before a lock is left beside it
    with ExitStack() as undo:
        lock = LedgerLock.take(path)
        undo.callback(lock.release)
        migrations = load_migrations()
        if exists(path):
            _check_whole(path, known=len(migrations))
        else:
            _create(path, migrations)
        with explained(path, LedgerUnwritable):
            connection = connect(path, "rw", opener)
            undo.callback(connection.close)
            if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
                raise LedgerUnwritable(path, what="SQLite can't keep a write-ahead log there")
            migrate(connection, migrations)
            _check_writable(connection)
        ledger = Ledger(path, connection, lock, keep_text=keep_text)
        undo.pop_all()
        return ledger


def open_reader(path: Path) -> LedgerReader:
    """Open the ledger for reading, while a daemon writes it or not; where there is none, read nothing.

    Takes no lock and makes no ledger. Raises a LedgerError that says why not.
    """
    check_sqlite(path)
    if not exists(path):
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        migrate(connection, load_migrations())
        return LedgerReader(path, connection, exists=False)
    return LedgerReader(path, connect_existing(path, "ro"))


def open_requests(path: Path, opener: Opener = open_sqlite) -> Requests:
    """Open the ledger to add requests to it, while a daemon writes it or not; takes no lock.

    Raises a LedgerError that says why not; LedgerMissing where there is none.
    """
    connection = connect_existing(path, "rw", opener)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return Requests(path, connection)


def _check_whole(path: Path, *, known: int) -> None:
    """Read all of the file through a connection that can't change it."""
    with explained(path, LedgerUnreadable), closing(connect(path, "ro")) as connection:
        check_ours(path, connection, known=known)
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise LedgerDamaged(path)


def _check_writable(connection: sqlite3.Connection) -> None:
    """Begin a write: SQLite opens a file that this user may only read without a word."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA user_version = {version_of(connection)}")
    finally:
        connection.execute("ROLLBACK")


def _create(path: Path, migrations: Iterable[str]) -> None:
    """Make the ledger under another name first: killed at any point, this leaves none or a whole one."""
    draft = path.with_name(f"{path.name}.new")
    with explained(path, LedgerUnwritable):
        try:
            for left in (draft, draft.with_name(f"{draft.name}-journal")):
                left.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OURS_ALONE)
            os.fchmod(descriptor, OURS_ALONE)
            os.close(descriptor)
            with closing(connect(draft, "rw")) as connection:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                migrate(connection, tuple(migrations))
                connection.execute("PRAGMA journal_mode = WAL")
            draft.rename(path)
            sync_directory(path.parent)
        except OSError as error:
            raise LedgerUnwritable(path, what=f"the ledger can't be made: {error.strerror}") from None


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
