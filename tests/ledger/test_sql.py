"""What can be read off the SQL itself."""

import re
from pathlib import Path

import pytest

from reconciler.ledger import connection
from reconciler.ledger.opening import open_reader

QUERIES = sorted((Path(connection.__file__).parent / "queries").glob("*.sql"))


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
        ("history_page_after", {"after": 1, "page": 1}),
        ("dialogs_called", {"name": ""}),
    ],
)
def test_what_is_asked_for_one_dialog_or_page_reads_no_table_from_end_to_end(
    path: Path, query: str, parameters: dict[str, object]
) -> None:
    sql = getattr(connection.QUERIES, query).sql
    with open_reader(path) as reader:
        plan = reader._connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()  # noqa: SLF001  # a plan is SQLite's
    assert plan
    assert [step for *_, step in plan if step.startswith("SCAN") and "SUBQUERY" not in step] == []
