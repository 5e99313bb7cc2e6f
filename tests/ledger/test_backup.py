"""Backups: whole, of one moment, private, and never in the place of something else."""

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.ledger.backup import back_up
from reconciler.ledger.check import check_ledger
from reconciler.ledger.errors import BackupExists, BackupUnwritable, LedgerDamaged, LedgerMissing
from reconciler.ledger.opening import open_ledger
from reconciler.ledger.writer import Ledger
from tests.core.builders import DIALOG
from tests.ledger.calls import put_text, sent
from tests.ledger.test_disk import no_file_grows_beyond


@pytest.fixture
def copy(path: Path) -> Path:
    """Where the backup is to be."""
    return path.with_name("backup.db")


def write(ledger: Ledger, numbers: range) -> None:
    ledger.write([entry for number in numbers for entry in sent(number, put_text(f"text {number}"))])


def test_a_backup_holds_all_that_was_recorded_by_then_and_can_be_gone_on_with(
    ledger: Ledger, path: Path, copy: Path
) -> None:
    write(ledger, range(1, 401))
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0, "not all of it is in the file itself"
    assert back_up(path, copy) == copy.stat().st_size > 50_000
    write(ledger, range(401, 411))
    assert {each.name for each in path.parent.iterdir() if each.name.startswith("backup")} == {copy.name}
    with open_ledger(copy, keep_text=True) as restored:
        assert [row.number for row in restored.history()] == [*range(400, 0, -1)]
        write(restored, range(401, 404))
        assert restored.applied(DIALOG).texts
        assert restored._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)  # noqa: SLF001  # no other way to ask


@pytest.mark.parametrize("mask", [0o000, 0o077, 0o777])
def test_a_backup_is_for_its_owner_alone_whatever_the_umask(ledger: Ledger, copy: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        back_up(ledger.path, copy)
    finally:
        os.umask(before)
    assert copy.stat().st_mode & 0o777 == 0o600


def test_backups_under_a_busy_writer_are_each_of_one_moment(ledger: Ledger, path: Path) -> None:
    write(ledger, range(1, 2001))
    stop = threading.Event()

    def go_on() -> None:
        number = 2001
        while not stop.is_set():
            write(ledger, range(number, number + 1))
            number += 1

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        copies = [path.with_name(f"backup-{turn}.db") for turn in range(10)]
        for copy in copies:
            back_up(path, copy)
    finally:
        stop.set()
        writer.join()
    sizes = []
    for copy in copies:
        assert [each for each in check_ledger(copy) if each.contradictions] == []
        with closing(sqlite3.connect(copy)) as shell:
            actions, outcomes, last = shell.execute(
                "SELECT count(*), (SELECT count(*) FROM outcome), max(number) FROM action"
            ).fetchone()
        assert actions == outcomes == last
        sizes.append(actions)
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0], "the writer went on meanwhile"


def put_a_file(copy: Path) -> None:
    copy.write_text("precious")


def put_a_directory(copy: Path) -> None:
    copy.mkdir()


def put_a_dangling_link(copy: Path) -> None:
    copy.symlink_to("nowhere")


@pytest.mark.parametrize("put", [put_a_file, put_a_directory, put_a_dangling_link])
def test_nothing_is_overwritten(ledger: Ledger, copy: Path, put: Callable[[Path], None]) -> None:
    put(copy)
    before = copy.lstat()
    with pytest.raises(BackupExists, match=f"^{copy}: something has the backup's name already; name another"):
        back_up(ledger.path, copy)
    assert (copy.lstat().st_ino, copy.lstat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not copy.with_name(f"{copy.name}.new").exists()


@pytest.mark.parametrize("directory", ["", ".", "./", "/", "//"])
def test_a_directory_is_no_name_for_a_backup(ledger: Ledger, directory: str) -> None:
    with pytest.raises(BackupExists, match=r"this is a directory; name a new file in it$"):
        back_up(ledger.path, Path(directory))


def test_a_ledger_is_not_backed_up_to_itself(ledger: Ledger) -> None:
    with pytest.raises(BackupExists):
        back_up(ledger.path, ledger.path)


def test_what_a_killed_backup_left_is_in_nobodys_way(ledger: Ledger, copy: Path) -> None:
    copy.with_name(f"{copy.name}.new").write_bytes(b"half a backup")
    back_up(ledger.path, copy)
    assert [each for each in check_ledger(copy) if each.contradictions] == []


def test_where_it_cannot_be_written_nothing_is_left_and_the_ledger_is_as_before(
    ledger: Ledger, path: Path, copy: Path
) -> None:
    write(ledger, range(1, 401))
    with (
        no_file_grows_beyond(60_000),
        pytest.raises(
            BackupUnwritable, match=r"the backup can't be written: .*(disk|full).*; .*(disk|space)"
        ),
    ):
        back_up(path, copy)
    assert [each.name for each in path.parent.iterdir() if each.name.startswith("backup")] == []
    with pytest.raises(BackupUnwritable, match="No such file or directory"):
        back_up(path, path.with_name("nowhere") / "backup.db")
    write(ledger, range(401, 403))
    back_up(path, copy)


def test_a_damaged_ledger_makes_no_backup(path: Path, copy: Path) -> None:
    with open_ledger(path, keep_text=True) as ledger:
        write(ledger, range(1, 401))
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.execute("DELETE FROM manifest")
    with pytest.raises(
        LedgerDamaged, match=f"^{path}: the ledger is damaged: it is not true that each row refers"
    ):
        back_up(path, copy)
    assert not copy.exists()


def test_where_there_is_no_ledger_there_is_no_backup(path: Path, copy: Path) -> None:
    with pytest.raises(LedgerMissing):
        back_up(path, copy)
    assert list(path.parent.iterdir()) == []
