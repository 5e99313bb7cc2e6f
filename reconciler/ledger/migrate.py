"""Brings a ledger's schema up to date, one numbered file and one transaction at a time.

Our own runner and not yoyo-migrations 9.0, which leaves a lock row behind a killed process that
blocks the next start, fails for a container's user without a passwd entry, records host and user
names in the ledger, and opens a shared-cache connection of its own.
"""

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

MIGRATIONS: Final = Path(__file__).with_name("migrations")

_FILE_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


def load_migrations(directory: Path = MIGRATIONS) -> tuple[str, ...]:
    """Read the scripts, in order. Raises ValueError unless they are 0001_…, 0002_… without a gap."""
    found = sorted(path for path in directory.iterdir() if path.suffix == ".sql")
    for expected, path in enumerate(found, start=1):
        named = _FILE_NAME.fullmatch(path.name)
        if named is None or int(named[1]) != expected:
            msg = f"{path.name} stands where migration {expected:04} should"
            raise ValueError(msg)
    return tuple(path.read_text(encoding="utf-8") for path in found)


def version_of(connection: sqlite3.Connection) -> int:
    """Give how many migrations the ledger has had."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    """Run the migrations that the ledger has not had. What a failed or killed one did is undone.

    Foreign keys are off meanwhile, as SQLite asks for where a table is made anew
    (https://sqlite.org/lang_altertable.html), and are checked before each commit.
    """
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        for version in range(version_of(connection) + 1, len(migrations) + 1):
            _run(connection, version, migrations[version - 1])
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def _run(connection: sqlite3.Connection, version: int, script: str) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}")
        _check(connection, version)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _check(connection: sqlite3.Connection, version: int) -> None:
    if not connection.in_transaction:
        msg = f"migration {version:04} ends the transaction that it runs in"
        raise ValueError(msg)
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        msg = f"migration {version:04} leaves a row that refers to none"
        raise ValueError(msg)
