"""One writing process a ledger: a kernel lock on a file beside it, which dies with its holder.

The lock is not on the database itself: closing any other descriptor of that file would drop the
locks that SQLite holds on it (https://sqlite.org/howtocorrupt.html, 2.2). The file stays after
use; removing it would let two processes lock two files of that name.
"""

import errno
import fcntl
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from reconciler.ledger.errors import (
    LedgerDirectoryMissing,
    LedgerDirectoryUnwritable,
    LedgerInUse,
    LedgerReplaced,
    LedgerUnwritable,
)

OURS_ALONE: Final = 0o600
"""The mode of every file that a ledger makes: it holds what people wrote to each other."""


class LedgerLock:
    """A lock that is held. Its file tells by whom, as `<pid> <start, ISO 8601>`."""

    def __init__(self, ledger: Path, path: Path, descriptor: int) -> None:
        self._ledger = ledger
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, ledger: Path) -> Self:
        """Take the lock of `ledger` at once. Raises LedgerInUse and what keeps the file from being made."""
        path = ledger.with_name(f"{ledger.name}.lock")
        descriptor = _open(ledger, path)
        try:
            _take(ledger, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(ledger, path, descriptor)

    def check(self) -> None:
        """Raise LedgerReplaced where the file was deleted: then another process can have its own."""
        try:
            same = os.path.samestat(os.fstat(self._descriptor), self._path.lstat())
        except OSError:
            same = False
        if not same:
            raise LedgerReplaced(self._ledger, what="the ledger's .lock file was deleted while in use")

    def release(self) -> None:
        """Let another process have the ledger."""
        os.close(self._descriptor)


def _open(ledger: Path, path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, OURS_ALONE)
    except (FileNotFoundError, NotADirectoryError):
        raise LedgerDirectoryMissing(ledger) from None
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise LedgerDirectoryUnwritable(ledger) from None
        raise LedgerUnwritable(ledger, what=f"{path.name} can't be made: {error.strerror}") from None
    return descriptor


def _take(ledger: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid, since = _holder(descriptor)
        raise LedgerInUse(ledger, pid=pid, since=since) from None
    try:
        with suppress(PermissionError):  # another user's file, whose mode is that user's business
            os.fchmod(descriptor, OURS_ALONE)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {datetime.now(UTC).isoformat()}\n".encode(), 0)
    except OSError as error:
        raise LedgerUnwritable(ledger, what=f"its lock can't be written: {error.strerror}") from None


def _holder(descriptor: int) -> tuple[int | None, datetime | None]:
    """Read who holds the lock; nobody is named in the moment before the holder has written it."""
    pid, _, since = os.pread(descriptor, 100, 0).decode(errors="replace").strip().partition(" ")
    try:
        return int(pid), datetime.fromisoformat(since)
    except ValueError:
        return None, None
