"""Somebody writes to the files of a ledger that is in use: damage is noticed before the next write."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.ledger.errors import LedgerDamaged
from reconciler.ledger.existing import open_reader
from reconciler.ledger.opening import open_requests
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.writer import Ledger
from tests.ledger.calls import put_text, sent
from tests.ledger.test_disk import log_of
from tests.ledger.test_requests import APPROVAL

PAGE = 4096


def overwrite(path: Path, start: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(content)


def with_garbage(path: Path) -> None:
    overwrite(path, 3 * PAGE, b"\xff" * 12 * PAGE)


def with_zeros(path: Path) -> None:
    overwrite(path, 3 * PAGE, bytes(12 * PAGE))


def from_the_first_byte(path: Path) -> None:
    overwrite(path, 0, b"\xff" * 2 * PAGE)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_to_nothing(path: Path) -> None:
    os.truncate(path, 0)


def in_a_text(path: Path) -> None:
    at = path.read_bytes().rindex(b"the text of message 150")
    overwrite(path, at, b"THE")


def in_the_log(path: Path) -> None:
    overwrite(log_of(path), 32 + 24, b"\xff" * 20 * PAGE)


def by_a_shell(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.execute("DELETE FROM manifest")
        shell.execute("PRAGMA wal_checkpoint")


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    """A ledger in use, of which some is in the file and some in the log."""
    for first in range(1, 201, 20):
        numbers = range(first, first + 20)
        ledger.write([entry for n in numbers for entry in sent(n, put_text(f"the text of message {n}"))])
    ledger._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # noqa: SLF001  # the log is SQLite's
    ledger.prove()
    for first in range(201, 301, 20):
        numbers = range(first, first + 20)
        ledger.write([entry for n in numbers for entry in sent(n, put_text(f"the text of message {n}"))])
    return ledger


@pytest.mark.parametrize(
    "damage",
    [
        with_garbage,
        with_zeros,
        from_the_first_byte,
        cut_short,
        cut_to_nothing,
        in_a_text,
        in_the_log,
        by_a_shell,
    ],
)
def test_damage_is_noticed_before_anything_more_is_written(
    ledger: Ledger, path: Path, damage: Callable[[Path], None]
) -> None:
    ledger.check()
    damage(path)
    size = log_of(path).stat().st_size
    for _ in range(2):
        for use in (ledger.check, ledger.prove, lambda: ledger.write(sent(301, put_text("Hi")))):
            with pytest.raises(LedgerDamaged, match=r"the ledger is damaged.*; restore a backup"):
                use()
    assert log_of(path).stat().st_size == size


def test_a_ledger_that_is_put_right_is_gone_on_with(ledger: Ledger, path: Path) -> None:
    whole = path.read_bytes()
    with_garbage(path)
    with pytest.raises(LedgerDamaged):
        ledger.check()
    overwrite(path, 0, whole)
    ledger.prove()
    ledger.write(sent(301, put_text("Hi")))
    assert len(list(ledger.history())) == 301


def touch(path: Path) -> None:
    os.utime(path)


def move_the_log_into_the_file(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        assert shell.execute("PRAGMA wal_checkpoint").fetchone()[0] == 0


def change_the_mode(path: Path) -> None:
    path.chmod(0o640)


def make_a_request(path: Path) -> None:
    with open_requests(path) as requests:
        requests.approve(APPROVAL)


def read_it(path: Path) -> None:
    with open_reader(path, LedgerReader) as reader:
        list(reader.history())


@pytest.mark.parametrize("act", [touch, move_the_log_into_the_file, change_the_mode, make_a_request, read_it])
def test_what_does_no_damage_is_no_trouble(ledger: Ledger, path: Path, act: Callable[[Path], None]) -> None:
    for number in range(301, 304):
        act(path)
        ledger.check()
        ledger.write(sent(number, put_text("Hi")))
    assert len(list(ledger.history())) == 303


def test_damage_that_sqlite_meets_first_is_not_forgotten(ledger: Ledger, path: Path) -> None:
    stamp = path.stat()
    with_garbage(path)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # as if the disk itself had done it
    ledger._connection.execute("PRAGMA shrink_memory")  # noqa: SLF001  # what SQLite still remembers is whole
    with pytest.raises(LedgerDamaged):
        list(ledger.history())
    with pytest.raises(LedgerDamaged):
        ledger.prove()
