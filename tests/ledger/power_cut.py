"""A disk that loses power: what was written to it, and what of that is there afterwards.

The ledger's own code runs over APSW's SQLite, whose file system layer records each write and each
sync. A file system may keep what was not synced, drop it, or keep some sectors of it, in any
order; what was synced stays (https://sqlite.org/atomiccommit.html, section 2). A file that was
made and never synced may be gone altogether.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final, cast

import apsw

_SECTOR: Final = 512


@dataclass(frozen=True, slots=True)
class Written:
    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncated:
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Synced:
    file: str


@dataclass(frozen=True, slots=True)
class Deleted:
    file: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The ledger said that this is durable."""

    what: object


Event = Written | Truncated | Synced | Deleted | Acknowledged


class _File(apsw.VFSFile):
    def __init__(
        self, vfs: str, name: "apsw.URIFilename | str | None", flags: list[int], log: list[Event]
    ) -> None:
        super().__init__(vfs, name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else (name or "")
        self._name = Path(path).name
        self._log = log

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802  # APSW's name
        super().xWrite(data, offset)
        self._log.append(Written(self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802  # APSW's name
        super().xTruncate(newsize)
        self._log.append(Truncated(self._name, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802  # APSW's name
        super().xSync(flags)
        self._log.append(Synced(self._name))


class Recording(apsw.VFS):
    """Files as they are, and in `log` all that happens to them."""

    def __init__(self) -> None:
        self.log: list[Event] = []
        super().__init__("recording", "unix")

    def xOpen(self, name: "apsw.URIFilename | str | None", flags: list[int]) -> apsw.VFSFile:  # noqa: N802  # APSW's name
        return _File("unix", name, flags, self.log)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001  # APSW's
        super().xDelete(filename, syncdir)
        self.log.append(Deleted(Path(filename).name))

    def open(self, uri: str) -> sqlite3.Connection:
        """Open a database whose writes are recorded; it serves where sqlite3's connection does."""
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
        return cast(sqlite3.Connection, _Connection(apsw.Connection(uri, flags, vfs="recording")))


class _Connection:
    """What the ledger asks of sqlite3's connection, asked of APSW's."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.close = connection.close

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def cursor(self) -> "_Cursor":
        return _Cursor(self._connection)

    def execute(self, sql: str, parameters: Any = None) -> "_Cursor":
        return self.cursor().execute(sql, parameters)

    executescript = execute


class _Cursor:
    """What the ledger asks of sqlite3's cursor."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self.fetchone = self._cursor.fetchone
        self.fetchall = self._cursor.fetchall
        self.close = self._cursor.close

    def __iter__(self) -> Iterator[Any]:
        return iter(self._cursor)

    @property
    def lastrowid(self) -> int:
        return self._connection.last_insert_rowid()

    @property
    def rowcount(self) -> int:
        return self._connection.changes()

    def execute(self, sql: str, parameters: Any = None) -> "_Cursor":
        self._cursor.execute(sql, parameters)
        return self

    def executemany(self, sql: str, parameters: Iterable[Mapping[str, Any]]) -> "_Cursor":
        self._cursor.executemany(sql, parameters)
        return self


@dataclass
class Disk:
    """Files as they are for sure, and what was done to them since and may be lost."""

    durable: dict[str, bytearray]
    unsure: dict[str, list[Written | Truncated]] = field(default_factory=dict)

    def happens(self, event: Event) -> None:
        match event:
            case Written(file=file) | Truncated(file=file):
                self.unsure.setdefault(file, []).append(event)
            case Synced(file=file):
                content = self.durable.setdefault(file, bytearray())
                for each in self.unsure.pop(file, []):
                    _do(content, each)
            case Deleted(file=file):
                self.durable.pop(file, None)
                self.unsure.pop(file, None)
            case Acknowledged():
                pass

    def after_power_loss(self, random: Random) -> dict[str, bytes]:
        """Give the files as they may be when power is back."""
        kept = random.choice((0.0, 0.5, 0.9, 1.0))
        files = {name: bytearray(content) for name, content in self.durable.items()}
        for name, changes in self.unsure.items():
            if name not in files and random.random() >= kept:
                continue
            content = files.setdefault(name, bytearray())
            for change in changes:
                for part in _sectors(change):
                    if random.random() < kept:
                        _do(content, part)
        return {name: bytes(content) for name, content in files.items()}


def disk_at(
    log: Sequence[Event], start: Mapping[str, bytes], cuts: Iterable[int]
) -> Iterator[tuple[int, Disk]]:
    """Give the disk as it was after so many events, for each of the `cuts`, the earliest first."""
    disk, done = Disk({name: bytearray(content) for name, content in start.items()}), 0
    for cut in sorted(cuts):
        for event in log[done:cut]:
            disk.happens(event)
        done = cut
        yield cut, disk


def _sectors(change: Written | Truncated) -> Iterator[Written | Truncated]:
    """Give the parts of a change that are each there or not: a disk writes sector by sector."""
    if isinstance(change, Truncated):
        yield change
        return
    at = 0
    while at < len(change.data):
        offset = change.offset + at
        size = _SECTOR - offset % _SECTOR
        yield Written(change.file, offset, change.data[at : at + size])
        at += size


def _do(content: bytearray, change: Written | Truncated) -> None:
    match change:
        case Written(offset=offset, data=data):
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(data)] = data
        case Truncated(size=size):
            del content[size:]
            content.extend(bytes(size - len(content)))
