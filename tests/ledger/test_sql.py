"""What can be read off the SQL itself."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import aiosql
import pytest

from reconciler.ledger import named_sql
from reconciler.ledger.existing import open_reader
from reconciler.ledger.opening import open_ledger
from reconciler.ledger.reader import LedgerReader

QUERIES = sorted((Path(named_sql.__file__).parent / "queries").glob("*.sql"))


OF_A_BATCH: Final = (
    "doubt_texts",
    "add_outcomes",
    "apply_texts",
    "apply_marks",
    "apply_dialog_marks",
    "failures_known",
)


def test_a_query_parsed_alone_is_what_it_is_among_all() -> None:
    for file in QUERIES:
        among_all = aiosql.from_path(file, "sqlite3", encoding="utf-8")
        names = [name for name in among_all.available_queries if not name.endswith("_cursor")]
        assert names
        for name in names:
            alone, expected = getattr(named_sql.QUERIES, name), getattr(among_all, name)
            assert (alone.sql, alone.operation) == (expected.sql, expected.operation)


def test_no_two_queries_have_one_name() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in QUERIES)
    names = re.findall(r"-- name: (\w+)", text)
    assert len(set(names)) == len(names)


def test_what_is_no_query_is_told() -> None:
    with pytest.raises(AttributeError, match="no query is named nothing"):
        named_sql.QUERIES.nothing(None)


def test_no_query_changes_or_deletes_what_was_recorded() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in QUERIES)
    changed = set(re.findall(r"\b(?:UPDATE|DELETE FROM)\s+(\w+)", text)) - {"SET"}
    assert changed
    assert not changed & {"dialog", "manifest", "action", "outcome", "approval", "approval_dialog", "retry"}


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("applied_texts", {"dialog": ""}),
        ("applied_marks", {"dialog": ""}),
        ("applied_dialog_marks", {"dialog": ""}),
        ("failed_attempts", {"dialog": ""}),
        ("history_page", {"results": None, "since": 1, "until": 1, "before": 1, "page": 1}),
        (
            "history_page_of",
            {"dialog": "", "results": ",applied,", "since": None, "until": None, "before": 1, "page": 1},
        ),
        (
            "history_page_failed",
            {"results": ",rejected,", "since": None, "until": None, "before": 1, "page": 1},
        ),
        ("history_page_after", {"after": 1, "page": 1}),
        ("dialogs_called", {"name": ""}),
        *((query, {"rows": "[]"}) for query in OF_A_BATCH),
    ],
)
def test_what_is_of_one_dialog_page_or_batch_reads_no_table_from_end_to_end(
    path: Path, query: str, parameters: dict[str, object]
) -> None:
    with open_reader(path, LedgerReader) as reader:
        assert scans(reader, query, parameters) == []


@pytest.mark.parametrize("query", OF_A_BATCH)
def test_a_batch_reads_no_table_from_end_to_end_where_somebody_made_statistics_of_a_small_ledger(
    path: Path, query: str
) -> None:
    open_ledger(path, keep_text=True).close()
    with closing(sqlite3.connect(path)) as shell:
        shell.executescript(
            "ANALYZE;"
            "INSERT INTO sqlite_stat1 VALUES"
            " ('applied_text', 'applied_text', '40 20 1'),"
            " ('failed_attempt', 'failed_attempt', '40 20 1 1 1');"
        )
    with open_reader(path, LedgerReader) as reader:
        assert scans(reader, query, {"rows": "[]"}) == []


def scans(reader: LedgerReader, query: str, parameters: dict[str, object]) -> list[str]:
    """Give the tables that a query reads from end to end."""
    sql = getattr(named_sql.QUERIES, query).sql
    plan = reader._connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()  # noqa: SLF001  # a plan is SQLite's
    assert plan
    scanned = [step for *_, step in plan if step.startswith("SCAN") and "SUBQUERY" not in step]
    return [step for step in scanned if not step.startswith("SCAN json_each")]
