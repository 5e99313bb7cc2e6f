"""What is opened, what is made, and what is refused and left as it was."""

import os
import re
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from reconciler.core.failure import Failure
from reconciler.ledger import errors
from reconciler.ledger.connection import check_sqlite
from reconciler.ledger.errors import (
    LedgerDamaged,
    LedgerDirectoryMissing,
    LedgerDirectoryUnwritable,
    LedgerEmpty,
    LedgerError,
    LedgerForeign,
    LedgerNewer,
    LedgerNotRegular,
    LedgerNotSqlite,
    LedgerOnNetwork,
    LedgerOutdated,
    LedgerTorn,
    LedgerUnreadable,
    LedgerUnwritable,
    SqliteTooOld,
)
from reconciler.ledger.existing import APPLICATION_ID, open_reader
from reconciler.ledger.opening import open_ledger
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.writer import Ledger
from tests.core.builders import DIALOG
from tests.ledger.calls import NOTHING, put_text, sent


@pytest.fixture
def closed(path: Path) -> Path:
    """The path of a ledger that holds a few hundred calls and that nobody has open."""
    with open_ledger(path, keep_text=True) as ledger:
        ledger.write([e for number in range(1, 401) for e in sent(number, put_text(f"text {number}"))])
    return path


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def directory_of(path: Path) -> dict[str, bytes]:
    """Give what is in the directory, less what holds no data: the lock, shared memory, an empty log."""
    contents = {each.name: each.read_bytes() for each in path.parent.iterdir() if each.is_file()}
    return {
        name: content
        for name, content in contents.items()
        if not name.endswith((".lock", "-shm")) and (content or not name.endswith("-wal"))
    }


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be a user whom permissions bind, also where the tests run as root."""
    user = os.geteuid()
    if user != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def shared_directory() -> Iterator[Path]:
    """A directory that any user may enter and read."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def test_where_there_is_none_a_ledger_is_made(path: Path) -> None:
    with open_ledger(path, keep_text=True) as ledger:
        assert ledger.applied(DIALOG) == NOTHING
    assert directory_of(path).keys() == {path.name}
    change(path, "PRAGMA quick_check")


def test_a_directory_with_odd_characters_is_as_good_as_any(tmp_path: Path) -> None:
    path = tmp_path / "a b?c#d%41&mode=memory" / "led:ger?.db"
    path.parent.mkdir()
    with open_ledger(path, keep_text=True) as ledger, open_reader(path, LedgerReader) as reader:
        ledger.write(sent(1, put_text("Hi")))
        assert reader.applied(DIALOG).texts
    assert path.is_file()


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
def test_the_files_are_for_their_owner_alone_whatever_the_umask(path: Path, mask: int) -> None:
    before = mode(path.parent)
    with umask(mask), open_ledger(path, keep_text=True) as ledger:
        ledger.write(sent(1, put_text("Hi")))
        modes = {each.name: mode(each) for each in path.parent.iterdir()}
    assert modes == dict.fromkeys(
        (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}.lock"), 0o600
    )
    assert mode(path.parent) == before


def test_a_mode_that_was_set_by_hand_is_kept(closed: Path) -> None:
    closed.chmod(0o640)
    with open_ledger(closed, keep_text=True) as ledger:
        ledger.write(sent(401, put_text("Hi")))
        assert mode(closed.with_name(f"{closed.name}-wal")) == 0o640
    assert mode(closed) == 0o640


def test_each_write_reaches_the_disk_before_it_returns(path: Path) -> None:
    with open_ledger(path, keep_text=True) as ledger:
        pragmas = {
            name: ledger._connection.execute(f"PRAGMA {name}").fetchone()[0]  # noqa: SLF001  # no other way to ask
            for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema", "application_id")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "application_id": APPLICATION_ID,
    }


def test_a_ledger_that_lost_its_write_ahead_log_mode_gets_it_back(closed: Path) -> None:
    change(closed, "PRAGMA journal_mode = DELETE")
    with open_ledger(closed, keep_text=True) as ledger, open_reader(closed, LedgerReader) as reader:
        ledger.write(sent(401, put_text("Hi")))
        assert reader.applied(DIALOG) == ledger.applied(DIALOG)
        assert closed.with_name(f"{closed.name}-wal").stat().st_size > 0


def test_a_draft_left_by_a_start_that_was_killed_is_made_anew(path: Path) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(b"half a ledger")
    draft.with_name(f"{draft.name}-journal").write_bytes(b"half a journal")
    with open_ledger(path, keep_text=True) as ledger:
        assert ledger.next_number() == 1
    assert directory_of(path).keys() == {path.name}


def test_a_reader_of_no_ledger_finds_nothing_and_makes_nothing(path: Path) -> None:
    with open_reader(path, LedgerReader) as reader:
        assert not reader.exists
        assert reader.applied(DIALOG) == NOTHING
        assert (reader.known_files(), list(reader.history()), reader.totals().applied) == ({}, [], 0)
    with open_reader(path.parent / "nowhere" / "ledger.db", LedgerReader) as reader:
        assert reader.applied(DIALOG) == NOTHING
    assert list(path.parent.iterdir()) == []


def test_a_reader_sees_what_a_writer_writes_meanwhile(path: Path) -> None:
    with open_ledger(path, keep_text=True) as ledger, open_reader(path, LedgerReader) as reader:
        assert reader.exists
        for number in range(1, 4):
            ledger.write(sent(number, put_text(f"text {number}")))
            assert reader.applied(DIALOG) == ledger.applied(DIALOG)
            assert len(list(reader.history())) == number


def test_a_reader_in_the_middle_of_the_history_holds_up_nobody(path: Path) -> None:
    with open_ledger(path, keep_text=True) as ledger, open_reader(path, LedgerReader) as reader:
        ledger.write(sent(1, put_text("Hi")))
        rows = reader.history()
        next(rows)
        ledger.write(sent(2, put_text("Ho")))
        busy, *_ = ledger._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()  # noqa: SLF001  # the log is SQLite's
        assert not busy
        assert list(rows) == []


def test_a_reader_writes_nothing(closed: Path) -> None:
    before = closed.read_bytes()
    with open_reader(closed, LedgerReader) as reader:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader._connection.execute("DELETE FROM outcome")  # noqa: SLF001  # what no method does
        assert len(list(reader.history())) == 400
    assert closed.read_bytes() == before


Spoil = Callable[[Path], None]


def not_sqlite(path: Path) -> None:
    path.write_text("dear diary\n" * 1000)


def another_programs(path: Path) -> None:
    path.unlink()
    change(path, "PRAGMA journal_mode = WAL", "CREATE TABLE action (number)", "PRAGMA user_version = 1")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_to_its_header(path: Path) -> None:
    os.truncate(path, 100)


def overwritten_inside(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 6)


def newer(path: Path) -> None:
    change(path, "PRAGMA user_version = 99")


def a_log_without_its_ledger(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}-wal"))


def a_link(path: Path) -> None:
    path.symlink_to(path.rename(path.with_name("elsewhere.db")))


def a_second_name(path: Path) -> None:
    path.with_name("second.db").hardlink_to(path)


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (not_sqlite, LedgerNotSqlite, "the file is not a SQLite database; name another file"),
        (another_programs, LedgerForeign, "the file is another program's SQLite database; name another"),
        (empty, LedgerEmpty, "the file is empty, which a ledger never is; restore a backup"),
        (cut_short, LedgerDamaged, "the ledger is damaged; restore a backup"),
        (cut_to_its_header, LedgerDamaged, "the ledger is damaged"),
        (overwritten_inside, LedgerDamaged, "the ledger is damaged; restore a backup"),
        (newer, LedgerNewer, "the ledger has version 99 and this release knows versions up to 1; run that"),
        (a_log_without_its_ledger, LedgerTorn, "the ledger is gone but its -wal file is not; restore both"),
        (a_link, LedgerNotRegular, "the ledger is a symbolic link, beside which a lock is no use; name"),
        (a_second_name, LedgerNotRegular, "the ledger has a second name (a hard link); remove one"),
        (a_directory, LedgerNotRegular, "the ledger is a directory; name a file in it"),
        (a_pipe, LedgerNotRegular, "the ledger is not a plain file; name the file itself"),
    ],
)
def test_what_cannot_be_a_ledger_is_refused_and_left_as_it_was(
    closed: Path, spoil: Spoil, error: type[LedgerError], says: str
) -> None:
    spoil(closed)
    before = directory_of(closed)
    for _ in range(2):
        with pytest.raises(error, match=re.escape(f"{closed}: {says}")):
            open_ledger(closed, keep_text=True)
        assert directory_of(closed) == before


def test_no_lock_is_left_beside_what_cannot_be_a_ledger(path: Path) -> None:
    path.mkdir()
    with pytest.raises(LedgerNotRegular):
        open_ledger(path, keep_text=True)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (not_sqlite, LedgerNotSqlite),
        (another_programs, LedgerForeign),
        (empty, LedgerEmpty),
        (newer, LedgerNewer),
        (a_log_without_its_ledger, LedgerTorn),
        (a_directory, LedgerNotRegular),
        (a_pipe, LedgerNotRegular),
    ],
)
def test_a_reader_refuses_it_too(closed: Path, spoil: Spoil, error: type[LedgerError]) -> None:
    spoil(closed)
    with pytest.raises(error):
        open_reader(closed, LedgerReader)


def test_a_reader_that_meets_damage_says_so(closed: Path) -> None:
    overwritten_inside(closed)
    with open_reader(closed, LedgerReader) as reader, pytest.raises(LedgerDamaged):
        list(reader.history())


def test_a_reader_leaves_an_older_ledger_to_the_next_run(closed: Path) -> None:
    change(closed, "PRAGMA user_version = 0")
    with pytest.raises(LedgerOutdated, match="`reconciler apply` or `run` brings it up to date"):
        open_reader(closed, LedgerReader)


def test_a_sqlite_without_strict_tables_is_refused(path: Path) -> None:
    check_sqlite(path, (3, 37, 0))
    with pytest.raises(SqliteTooOld, match=r"SQLite is 3\.36\.2, too old; use a Python with SQLite 3\.37"):
        check_sqlite(path, (3, 36, 2))


@pytest.mark.parametrize("put", [lambda lock: lock.symlink_to("/dev/null"), Path.mkdir])
def test_a_lock_that_is_no_file_is_refused(path: Path, put: Callable[[Path], None]) -> None:
    put(path.with_name(f"{path.name}.lock"))
    with pytest.raises(LedgerUnwritable, match=r"ledger\.db\.lock can't be made: "):
        open_ledger(path, keep_text=True)
    assert not path.exists()


def test_a_schema_that_is_not_ours_under_our_name_is_a_bug_and_not_a_persons_error(closed: Path) -> None:
    change(closed, "DROP VIEW history")
    with (
        open_ledger(closed, keep_text=True) as ledger,
        pytest.raises(sqlite3.OperationalError, match="no such table: history"),
    ):
        list(ledger.history())


def test_a_missing_directory_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(LedgerDirectoryMissing, match="directory of the ledger doesn't exist; make it"):
        open_ledger(tmp_path / "nowhere" / "ledger.db", keep_text=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "opening",
    [lambda path: open_ledger(path, keep_text=True), lambda path: open_reader(path, LedgerReader)],
)
def test_a_file_in_the_directorys_place_is_named(tmp_path: Path, opening: Callable[[Path], object]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerDirectoryMissing):
        opening(tmp_path / "file" / "ledger.db")


def test_a_directory_that_cannot_be_written_is_named(shared_directory: Path) -> None:
    shared_directory.chmod(0o555)
    with unprivileged(), pytest.raises(LedgerDirectoryUnwritable, match="let this user write it"):
        open_ledger(shared_directory / "ledger.db", keep_text=True)


def test_a_ledger_that_this_user_cannot_read_is_named(shared_directory: Path) -> None:
    path = shared_directory / "ledger.db"
    open_ledger(path, keep_text=True).close()
    path.chmod(0o000)
    with unprivileged(), pytest.raises(LedgerUnreadable, match="let this user read"):
        open_reader(path, LedgerReader)


def test_a_ledger_that_this_user_cannot_write_is_named(shared_directory: Path) -> None:
    path = shared_directory / "ledger.db"
    open_ledger(path, keep_text=True).close()
    shared_directory.chmod(0o777)
    path.with_name("ledger.db.lock").chmod(0o666)
    path.chmod(0o444)
    with unprivileged(), pytest.raises(LedgerUnwritable, match="let this user"):
        open_ledger(path, keep_text=True)


def test_a_directory_that_cannot_be_searched_is_named(shared_directory: Path) -> None:
    shared_directory.chmod(0o000)
    with unprivileged(), pytest.raises(LedgerUnreadable, match="Permission denied"):
        open_reader(shared_directory / "ledger.db", LedgerReader)


def test_a_network_file_system_is_refused_before_anything_is_made(path: Path, tmp_path: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(f"36 35 0:52 / {tmp_path} rw,relatime shared:1 - nfs4 host:/export rw\n")
    with pytest.raises(LedgerOnNetwork, match="this is nfs4; name a file on a local disk"):
        open_ledger(path, keep_text=True, mountinfo=mountinfo)
    assert list(tmp_path.iterdir()) == [mountinfo]


def test_what_was_refused_can_be_opened_once_it_is_put_right(closed: Path) -> None:
    kept = closed.rename(closed.with_name("kept"))
    empty(closed)
    with pytest.raises(LedgerEmpty):
        open_ledger(closed, keep_text=True)
    kept.rename(closed)
    with open_ledger(closed, keep_text=True) as ledger:
        assert ledger.next_number() == 401


def test_every_refusal_says_where_what_and_what_to_do(path: Path) -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LedgerError)
    ]
    assert len(kinds) > 10
    for kind in kinds:
        if kind.__init__ is LedgerError.__init__:
            error = kind(path)
            assert isinstance(error, Failure)
            assert re.fullmatch(rf"{re.escape(str(path))}: [a-z][^;]+; [a-z`][^;]*[^.;]", str(error))


def test_a_ledger_holds_neither_host_nor_login(path: Path) -> None:
    with open_ledger(path, keep_text=True) as ledger:
        ledger.write(sent(1, put_text("Hi")))
    whole = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert len(socket.gethostname()) < 3 or socket.gethostname().encode() not in whole
    assert str(path.parent).encode() not in whole


def test_a_ledger_can_be_closed_and_opened_again_and_again(path: Path) -> None:
    for number in range(1, 6):
        with open_ledger(path, keep_text=True) as ledger:
            assert isinstance(ledger, Ledger)
            ledger.write(sent(number, put_text("Hi")))
    assert directory_of(path).keys() == {path.name}
