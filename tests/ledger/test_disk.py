"""What the disk and other people do to a ledger that is in use."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from reconciler.ledger.errors import LedgerReplaced, LedgerUnwritable
from reconciler.ledger.opening import open_ledger
from reconciler.ledger.writer import Ledger
from tests.core.builders import DIALOG, M1, digest
from tests.ledger.calls import intent, put_text, sent


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    """Let writes beyond `size` bytes of any file fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_when_the_disk_is_full_nothing_is_written_and_later_all_goes_on(ledger: Ledger, path: Path) -> None:
    ledger.write(sent(1, put_text("Hi")))
    with no_file_grows_beyond(log_of(path).stat().st_size):
        for _ in range(3):
            with pytest.raises(LedgerUnwritable, match=f"^{path}: the ledger can't be written: .*; .*disk"):
                ledger.write([intent(2, put_text("Ho" * 5000))])
            assert ledger.applied(DIALOG).texts[M1].digest == digest("Hi")
            assert ledger.next_number() == 2
            with pytest.raises(LedgerUnwritable):
                ledger.prove()
    ledger.prove()
    ledger.write(sent(2, put_text("Ho")))
    assert ledger.applied(DIALOG).texts[M1].digest == digest("Ho")


@pytest.mark.parametrize(
    ("what", "room"),
    [
        ("in the log", range(500, 60_000, 1700)),
        ("in the file, where the log is moved to", range(60_000, 110_000, 3100)),
    ],
)
def test_wherever_a_write_breaks_off_nothing_is_lost_and_nothing_is_left_of_it(
    path: Path, what: str, room: range
) -> None:
    written = [0]
    for size in room:
        with open_ledger(path, keep_text=True) as ledger:
            ledger._connection.execute("PRAGMA wal_autocheckpoint = 4")  # noqa: SLF001  # to move it often
            with no_file_grows_beyond(size), suppress(LedgerUnwritable):
                for number in range(written[-1] + 1, written[-1] + 5):
                    ledger.write(sent(number, put_text(f"text {number} {'x' * 3000}")))
                    written.append(number)
            ledger.prove()
            assert [row.number for row in ledger.history()] == written[:0:-1], f"{what}, at {size}"
        with open_ledger(path, keep_text=True) as ledger:
            assert [row.number for row in ledger.history()] == written[:0:-1], f"{what}, at {size}"
    assert len(written) > 10, "some were written"


def test_a_full_disk_is_told_from_other_trouble_and_ends_when_there_is_room(ledger: Ledger) -> None:
    def let_it_have(pages: int) -> None:
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}")  # noqa: SLF001  # SQLite's own full disk

    let_it_have(1)
    with pytest.raises(LedgerUnwritable, match=r"the disk is full \(SQLITE_FULL\); free some space"):
        ledger.write(sent(1, put_text("Hi" * 5000)))
    assert list(ledger.history()) == []
    let_it_have(2**31)
    ledger.write(sent(1, put_text("Hi" * 5000)))
    assert len(list(ledger.history())) == 1


def test_when_the_disk_is_full_a_new_ledger_is_made_whole_or_not_at_all(path: Path) -> None:
    with no_file_grows_beyond(20_000), pytest.raises(LedgerUnwritable):
        open_ledger(path, keep_text=True)
    assert not path.exists()
    open_ledger(path, keep_text=True).close()


def test_when_not_even_the_lock_can_be_written_that_is_said(path: Path) -> None:
    with no_file_grows_beyond(0), pytest.raises(LedgerUnwritable, match="its lock can't be written: "):
        open_ledger(path, keep_text=True)
    open_ledger(path, keep_text=True).close()


def test_a_text_never_shows_in_an_error_of_the_disk(ledger: Ledger, path: Path) -> None:
    with no_file_grows_beyond(log_of(path).stat().st_size), pytest.raises(LedgerUnwritable) as failed:
        ledger.write([intent(1, put_text("canary" * 5000))])
    assert "canary" not in f"{failed.value}{failed.value!r}{failed.value.__cause__!r}"


def test_another_program_that_holds_a_lock_too_long_fails_one_write(ledger: Ledger, path: Path) -> None:
    ledger._connection.execute("PRAGMA busy_timeout = 20")  # noqa: SLF001  # not to wait for five seconds
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnwritable, match=r"another program has locked it .*; end what holds it"):
            ledger.write(sent(1, put_text("Hi")))
    ledger.write(sent(1, put_text("Hi")))


def delete(path: Path) -> None:
    path.unlink()


def move_away(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def replace_by_a_copy(path: Path) -> None:
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    copy.rename(path)


def beside(ending: str, mischief: Callable[[Path], None]) -> Callable[[Path], None]:
    """Do the same to a file beside the ledger."""
    return lambda path: mischief(path.with_name(f"{path.name}{ending}"))


def replace_by_an_empty_one(path: Path) -> None:
    path.unlink()
    path.write_text("")


@pytest.mark.parametrize(
    ("mischief", "says"),
    [
        (delete, "the ledger was deleted or replaced while in use; put the file back"),
        (move_away, "the ledger was deleted or replaced while in use"),
        (replace_by_a_copy, "the ledger was deleted or replaced while in use"),
        (
            beside("-wal", delete),
            "the ledger's -wal file was deleted or replaced while in use; put the file back",
        ),
        (beside("-wal", replace_by_a_copy), "the ledger's -wal file was deleted or replaced while in use"),
        (beside("-shm", delete), "the ledger's -shm file was deleted or replaced while in use"),
        (beside(".lock", delete), r"the ledger's \.lock file was deleted while in use; "),
        (beside(".lock", replace_by_an_empty_one), r"the ledger's \.lock file was deleted while in use; "),
    ],
)
def test_a_ledger_that_is_no_longer_there_is_noticed_before_anything_is_written(
    ledger: Ledger, path: Path, mischief: Callable[[Path], None], says: str
) -> None:
    ledger.check()
    mischief(path)
    for use in (ledger.check, ledger.prove, lambda: ledger.write(sent(1, put_text("Hi")))):
        with pytest.raises(LedgerReplaced, match=says):
            use()
    assert ledger.next_number() == 1


def test_what_was_recorded_before_the_log_was_deleted_is_in_the_file_when_that_is_closed(path: Path) -> None:
    with open_ledger(path, keep_text=True) as ledger:
        ledger.write(sent(1, put_text("Hi")))
        log_of(path).unlink()
        with pytest.raises(LedgerReplaced):
            ledger.write(sent(2, put_text("Ho")))
    with open_ledger(path, keep_text=True) as ledger:
        assert [row.number for row in ledger.history()] == [1]


def test_a_file_that_is_put_back_is_taken_for_what_it_is(ledger: Ledger, path: Path) -> None:
    move_away(path)
    path.with_name("moved.db").rename(path)
    ledger.write(sent(1, put_text("Hi")))
