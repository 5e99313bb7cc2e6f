"""Migrations: in order, without gaps, each whole or not at all, and from every earlier version."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.ledger.existing import APPLICATION_ID
from reconciler.ledger.migrate import load_migrations, migrate, version_of
from reconciler.ledger.opening import open_ledger
from tests.core.builders import DIALOG
from tests.ledger.calls import put_text, sent

OURS = load_migrations()

ONE = "CREATE TABLE one (id INTEGER PRIMARY KEY);"
TWO = "CREATE TABLE two (one_id INTEGER REFERENCES one (id)); INSERT INTO one VALUES (1);"
BROKEN = "INSERT INTO one VALUES (2); INSERT INTO nowhere VALUES (3);"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "any.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


def schema(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()


@pytest.mark.parametrize("earlier", range(len(OURS)))
def test_a_ledger_of_every_earlier_version_is_brought_up_to_date(path: Path, earlier: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrate(connection, OURS[:earlier])
    new = path.with_name("new.db")
    for each in (path, new):
        with open_ledger(each, keep_text=True) as ledger:
            ledger.write(sent(1, put_text("Hi")))
            assert ledger.applied(DIALOG).texts
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(new)) as fresh:
        assert schema(old) == schema(fresh)
        assert version_of(old) == version_of(fresh) == len(OURS)


def test_only_what_is_missing_is_run(connection: sqlite3.Connection) -> None:
    migrate(connection, [ONE])
    migrate(connection, [ONE, TWO])
    migrate(connection, [ONE, TWO])
    assert version_of(connection) == 2
    assert connection.execute("SELECT id FROM one").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (BROKEN, sqlite3.OperationalError),
        ("INSERT INTO two VALUES (77);", ValueError),
        ("INSERT INTO one VALUES (2); COMMIT;", ValueError),
        ("CREATE TABLE one (id);", sqlite3.OperationalError),
    ],
)
def test_a_migration_that_fails_leaves_the_version_before_it(
    connection: sqlite3.Connection, last: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        migrate(connection, [ONE, TWO, last])
    assert version_of(connection) == 2
    assert not connection.in_transaction
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM two").fetchone() == (0,)
    migrate(connection, [ONE, TWO, "CREATE TABLE three (id);"])
    assert version_of(connection) == 3


def test_a_table_that_others_refer_to_can_be_made_anew(connection: sqlite3.Connection) -> None:
    remake = """
        CREATE TABLE anew (id INTEGER PRIMARY KEY, name TEXT);
        INSERT INTO anew (id) SELECT id FROM one;
        DROP TABLE one;
        ALTER TABLE anew RENAME TO one;
    """
    migrate(connection, [ONE, TWO])
    connection.execute("INSERT INTO two VALUES (1)")
    migrate(connection, [ONE, TWO, remake])
    assert connection.execute("SELECT id, name FROM one").fetchall() == [(1, None)]
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO two VALUES (2)")


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["0001_a.sql", "0003_b.sql"], "0003_b.sql stands where migration 0002 should"),
        (["0001_a.sql", "0001_b.sql"], "0001_b.sql stands where migration 0002 should"),
        (["0002_a.sql"], "0002_a.sql stands where migration 0001 should"),
        (["first.sql"], "first.sql stands where migration 0001 should"),
    ],
)
def test_a_gap_in_the_numbers_is_refused(tmp_path: Path, names: list[str], says: str) -> None:
    for name in names:
        (tmp_path / name).write_text(ONE)
    with pytest.raises(ValueError, match=says):
        load_migrations(tmp_path)


def test_other_files_beside_the_migrations_are_no_migrations(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text(ONE)
    (tmp_path / "README").write_text("")
    assert load_migrations(tmp_path) == (ONE,)
