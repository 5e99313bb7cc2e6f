"""Opening a ledger. Whatever is not one of ours, whole and of a known version, is refused untouched."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Literal

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
        left_behind = _log_size(path) > 0
        with explained(path, LedgerUnwritable):
            connection = connect(path, "rw", opener)
            undo.callback(connection.close)
            _keep_log(path, connection)
            migrate(connection, migrations)
            _check_writable(connection, end="COMMIT" if left_behind else "ROLLBACK")
            if left_behind:
                _empty_log(connection)
        _make_names_durable(path)
        ledger = Ledger(path, connection, lock, keep_text=keep_text)
        undo.pop_all()
        return ledger


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


def _log_size(path: Path) -> int:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        return 0


def _keep_log(path: Path, connection: sqlite3.Connection) -> None:
    """Have a write-ahead log; who does not fetch all of the answer is not told that writing that failed."""
    if connection.execute("PRAGMA journal_mode = WAL").fetchall() != [("wal",)]:
        raise LedgerUnwritable(path, what="SQLite can't keep a write-ahead log there")


def _check_writable(connection: sqlite3.Connection, *, end: Literal["COMMIT", "ROLLBACK"]) -> None:
    """Begin a write, changing nothing: SQLite opens a file that this user may only read without a word."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA user_version = {version_of(connection)}")
        connection.execute(end)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _empty_log(connection: sqlite3.Connection) -> None:
    """Move the log that another process left into the file; what is written from now on begins it anew.

    The log may hold entries that can be read and are not on disk, for a sync of them failed. Once that
    was reported the kernel takes them for written: the next sync succeeds and leaves them out, and a
    power cut loses them with all that came behind them. A commit of ours must come right before
    (see `requests`). Where a reader stays longer than SQLite waits, the log goes on.
    """
    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()


def _make_names_durable(path: Path) -> None:
    """Sync the directory, now that the ledger and its log have their names; SQLite passes over a failure."""
    try:
        sync_directory(path.parent)
    except OSError as error:
        what = f"its name can't be made durable: {error.strerror}"
        raise LedgerUnwritable(path, what=what, todo="look at the disk") from None


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
                _keep_log(path, connection)
            draft.rename(path)
        except OSError as error:
            raise LedgerUnwritable(path, what=f"the ledger can't be made: {error.strerror}") from None


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
