"""Opening a ledger. Whatever is not one of ours, whole and of a known version, is refused untouched."""

import os
import sqlite3
import stat
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from reconciler.ledger.connection import check_sqlite, connect, explained
from reconciler.ledger.errors import (
    LedgerDamaged,
    LedgerDirectoryMissing,
    LedgerEmpty,
    LedgerForeign,
    LedgerNewer,
    LedgerNotRegular,
    LedgerOnNetwork,
    LedgerOutdated,
    LedgerTorn,
    LedgerUnreadable,
    LedgerUnwritable,
)
from reconciler.ledger.lock import OURS_ALONE, LedgerLock
from reconciler.ledger.migrate import load_migrations, migrate, version_of
from reconciler.ledger.mounts import MOUNTINFO, network_file_system
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.writer import Ledger

APPLICATION_ID: Final = int.from_bytes(b"RCNL")
"""Stands in the header of each ledger (https://sqlite.org/pragma.html#pragma_application_id)."""


def open_ledger(path: Path, *, keep_text: bool, mountinfo: Path = MOUNTINFO) -> Ledger:
    """Lock the ledger, make it where there is none, check all of it, bring it up to date.

    Raises a LedgerError that says why not. Its directory must exist.
    """
    check_sqlite(path)
    if (file_system := network_file_system(path.parent, mountinfo)) is not None:
        raise LedgerOnNetwork(path, file_system)
    _exists(path)  # refuses what can't be a ledger before a lock is left beside it
    with ExitStack() as undo:
        lock = LedgerLock.take(path)
        undo.callback(lock.release)
        migrations = load_migrations()
        if _exists(path):
            _check_whole(path, known=len(migrations))
        else:
            _create(path, migrations)
        with explained(path, LedgerUnwritable):
            connection = connect(path, "rw")
            undo.callback(connection.close)
            connection.execute("PRAGMA journal_mode = WAL")
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
    known = load_migrations()
    if not _exists(path):
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        migrate(connection, known)
        return LedgerReader(path, connection, exists=False)
    with ExitStack() as undo, explained(path, LedgerUnreadable):
        connection = connect(path, "ro")
        undo.callback(connection.close)
        if _check_ours(path, connection, known=len(known)) < len(known):
            raise LedgerOutdated(path)
        undo.pop_all()
        return LedgerReader(path, connection)


def _exists(path: Path) -> bool:
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


def _check_whole(path: Path, *, known: int) -> None:
    """Read all of the file through a connection that can't change it."""
    with explained(path, LedgerUnreadable), closing(connect(path, "ro")) as connection:
        _check_ours(path, connection, known=known)
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise LedgerDamaged(path)


def _check_ours(path: Path, connection: sqlite3.Connection, *, known: int) -> int:
    """Give the ledger's version."""
    if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
        raise LedgerForeign(path)
    version = version_of(connection)
    if version > known:
        raise LedgerNewer(path, version=version, known=known)
    return version


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
            _sync_directory(path.parent)
        except OSError as error:
            raise LedgerUnwritable(path, what=f"the ledger can't be made: {error.strerror}") from None


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
