"""What the disk and other people do to a ledger that is in use."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
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
    ledger.write(sent(2, put_text("Ho")))
    assert ledger.applied(DIALOG).texts[M1].digest == digest("Ho")


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


def delete_the_lock(path: Path) -> None:
    path.with_name(f"{path.name}.lock").unlink()


def replace_the_lock(path: Path) -> None:
    delete_the_lock(path)
    path.with_name(f"{path.name}.lock").write_text("")


@pytest.mark.parametrize(
    ("mischief", "says"),
    [
        (delete, "the ledger was deleted or replaced while in use; put the file back"),
        (move_away, "the ledger was deleted or replaced while in use"),
        (replace_by_a_copy, "the ledger was deleted or replaced while in use"),
        (delete_the_lock, r"the ledger's \.lock file was deleted while in use; "),
        (replace_the_lock, r"the ledger's \.lock file was deleted while in use; "),
    ],
)
def test_a_ledger_that_is_no_longer_there_is_noticed_before_anything_is_written(
    ledger: Ledger, path: Path, mischief: Callable[[Path], None], says: str
) -> None:
    ledger.check()
    mischief(path)
    with pytest.raises(LedgerReplaced, match=says):
        ledger.check()
    with pytest.raises(LedgerReplaced, match=says):
        ledger.write(sent(1, put_text("Hi")))
    assert ledger.next_number() == 1


def test_a_file_that_is_put_back_is_taken_for_what_it_is(ledger: Ledger, path: Path) -> None:
    move_away(path)
    path.with_name("moved.db").rename(path)
    ledger.write(sent(1, put_text("Hi")))
