"""docs/ledger.md names every table and column, and its queries run."""

import re
import sqlite3
from pathlib import Path

import pytest

from reconciler.ledger.errors import LedgerError
from reconciler.ledger.existing import APPLICATION_ID
from reconciler.ledger.writer import Ledger
from tests.core.builders import M2, READ
from tests.ledger.calls import GONE, OpenLedger, intent, put_text, sent

DOCS = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(SELECT.*?)```", DOCS, re.DOTALL)


def described(table: str) -> set[str]:
    """Give the columns that stand in the table's own section."""
    found = re.search(rf"^`{table}`(?::| is a view).*?(?=^`\w+`(?::| is)|^#)", DOCS, re.DOTALL | re.MULTILINE)
    assert found, f"docs/ledger.md says nothing of {table}"
    rows = re.findall(r"^\| (`.*?) \|", found[0], re.MULTILINE)
    return set(re.findall(r"`(\w+)`", "".join(rows) or found[0].removeprefix(f"`{table}`")))


def test_every_table_and_column_is_described_and_no_other(path: Path, reopen: OpenLedger) -> None:
    reopen()
    with sqlite3.connect(path) as shell:
        tables = [
            name
            for (name,) in shell.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
        ]
        columns = {
            table: {row[1] for row in shell.execute(f"PRAGMA table_info({table})")} for table in tables
        }
    shell.close()
    assert len(tables) > 10
    assert {table: described(table) for table in tables} == columns


@pytest.mark.parametrize("query", QUERIES)
def test_the_documented_queries_find_what_they_are_for(path: Path, ledger: Ledger, query: str) -> None:
    ledger.write([*sent(1, put_text("Hi")), *sent(2, put_text("Hi", READ, of=M2), GONE)])
    ledger.write([intent(3, put_text("Ho"))])
    with sqlite3.connect(path) as shell:
        assert shell.execute(query).fetchall()
    shell.close()


def test_there_are_such_queries() -> None:
    assert len(QUERIES) == 4


def test_the_application_id_is_told() -> None:
    assert f"`0x{APPLICATION_ID:X}`" in DOCS
    assert LedgerError.__doc__ is not None
    assert "docs/ledger.md" in LedgerError.__doc__
