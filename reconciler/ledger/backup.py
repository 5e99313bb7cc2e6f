"""Backs a ledger up while it is written: a whole copy, of one moment, that was checked."""

import os
import secrets
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from reconciler.ledger.check import first_damage
from reconciler.ledger.connection import connect, explained
from reconciler.ledger.errors import BackupExists, BackupUnwritable, LedgerDamaged, LedgerUnreadable
from reconciler.ledger.existing import connect_existing
from reconciler.ledger.lock import OURS_ALONE
from reconciler.ledger.opening import sync_directory

_STEP: Final = 2048
"""Pages copied between two looks for Ctrl-C."""


def back_up(ledger: Path, copy: Path) -> int:
    """Copy the ledger to the new file `copy`, check that and give its size in bytes.

    Raises BackupExists where there is anything at `copy`, BackupUnwritable where it can't be made,
    LedgerDamaged where the copy is not sound: then nor is the ledger. Then there is no copy.
    """
    if not copy.name:  # `.` and `/` have none: nothing can lie beside them
        raise BackupExists(copy, what="this is a directory", todo="name a new file in it")
    with explained(ledger, LedgerUnreadable), closing(connect_existing(ledger, "ro")) as source:
        draft = copy.with_name(f".{copy.name}.{secrets.token_hex(8)}")  # nobody else's file
        try:
            _reserve(copy)
            try:
                _copy(source, draft)
                _check(ledger, draft)
                draft.replace(copy)
                sync_directory(copy.parent)
            except BaseException:
                beside = (draft.with_name(f"{draft.name}{end}") for end in ("-journal", "-wal", "-shm"))
                _remove(copy, draft, *beside)
                raise
            return copy.stat().st_size
        except OSError as error:
            raise BackupUnwritable(copy, what=f"the backup can't be written: {error.strerror}") from None


def _reserve(copy: Path) -> None:
    """Take the name, so that nothing that comes there meanwhile is overwritten."""
    try:
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OURS_ALONE))
    except FileExistsError:
        raise BackupExists(copy) from None


def _copy(source: sqlite3.Connection, draft: Path) -> None:
    """Copy what is there at one moment: within a transaction, what is written meanwhile doesn't show."""
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, OURS_ALONE)
    os.fchmod(descriptor, OURS_ALONE)
    source.execute("BEGIN")
    source.execute("SELECT count(*) FROM action").fetchone()  # a transaction begins with its first reading
    with explained(draft, BackupUnwritable), closing(connect(draft, "rw")) as target:
        source.backup(target, pages=_STEP, progress=lambda *_: None)


def _check(ledger: Path, draft: Path) -> None:
    with explained(ledger, LedgerUnreadable), closing(connect(draft, "rw")) as connection:
        broken = first_damage(connection)
    if broken is not None:
        raise LedgerDamaged(ledger, what=f"the ledger is damaged: it is not true that {broken}")


def _remove(*paths: Path) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()
