"""The files that a ledger in use is made of: are they still those that were opened, and who wrote to them.

SQLite goes on writing to a file that was deleted, and trusts what is in its cache when somebody
overwrites one.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from reconciler.ledger.errors import LedgerReplaced

_ENDINGS: Final = ("", "-wal", "-shm")
"""The database, its write-ahead log, and the index of that, through which processes agree."""


class Stamp(NamedTuple):
    """When a file was last written to."""

    size: int
    changed_at: int
    """In nanoseconds."""


class Look(NamedTuple):
    """What can be seen of the files without reading them; `version` changes when others commit."""

    database: Stamp
    log: Stamp
    version: int

    def is_request_since(self, before: "Look | None") -> bool:
        """Tell whether another process added to the log and left the rest alone, as a request does."""
        return before is not None and before.database == self.database and before.version != self.version


def size_of(ledger: Path) -> int:
    """Give the bytes that a ledger and its write-ahead log take; a file that is not there takes none."""
    size = 0
    for end in ("", "-wal"):
        with suppress(OSError):
            size += _path(ledger, end).stat().st_size
    return size


class OwnFiles:
    """The files as they were when they were opened; all are there from then until they are closed."""

    def __init__(self, path: Path) -> None:
        self._ledger = path
        self._paths = {end: str(_path(path, end)) for end in _ENDINGS}  # asked for at each commit
        self._opened = {end: os.lstat(path) for end, path in self._paths.items()}

    def check(self) -> None:
        """Raise LedgerReplaced where a file is no longer the one that has its name."""
        for end, opened in self._opened.items():
            try:
                same = os.path.samestat(os.lstat(self._paths[end]), opened)
            except OSError:
                same = False
            if not same:
                which = f"the ledger's {end} file" if end else "the ledger"
                raise LedgerReplaced(self._ledger, what=f"{which} was deleted or replaced while in use")

    def look(self, version: int) -> Look:
        """Look at the files. Raises OSError where one is not there."""
        return Look(self._stamp(""), self._stamp("-wal"), version)

    def _stamp(self, end: str) -> Stamp:
        found = os.lstat(self._paths[end])
        return Stamp(found.st_size, found.st_mtime_ns)


def _path(ledger: Path, end: str) -> Path:
    return ledger.with_name(f"{ledger.name}{end}")
