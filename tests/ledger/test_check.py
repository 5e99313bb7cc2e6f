"""What a check of a ledger finds, and that it finds nothing where nothing is wrong."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings

from reconciler.core.action import Action
from reconciler.core.outcome import Answer
from reconciler.ledger.check import check_ledger
from reconciler.ledger.entry import Entry
from reconciler.ledger.errors import LedgerForeign, LedgerMissing
from reconciler.ledger.opening import open_ledger, open_requests
from reconciler.ledger.writer import Ledger
from tests.core.builders import BOB, DELIVERED, DIALOG, M1, M2, M3, NOW, READ
from tests.ledger.calls import (
    DOWN,
    GONE,
    LOST,
    OTHER_DIALOG,
    REFUSED,
    call,
    intent,
    put_dialog,
    put_marks,
    put_text,
    sent,
)
from tests.ledger.test_applied_state import histories
from tests.ledger.test_requests import APPROVAL, stalled


def contradicted(path: Path) -> dict[str, tuple[str, ...]]:
    """Give the rules that do not hold, and what breaks them."""
    return {each.rule: each.contradictions for each in check_ledger(path) if each.contradictions}


@pytest.fixture
def closed(path: Path) -> Path:
    """A ledger with something of everything, that nobody has open."""
    with open_ledger(path, keep_text=True) as ledger:
        ledger.write([*sent(1, put_text("Hi", READ)), *sent(2, put_text("Ho"))])
        ledger.write([*sent(3, put_dialog(READ, DELIVERED, also=(M1, M2))), *sent(4, put_text("Hi", of=M2))])
        ledger.write([*sent(5, put_text("Ho", of=M2), LOST), *sent(6, put_marks(DELIVERED, by=BOB), DOWN)])
        ledger.write([*sent(7, put_text("Hi", of=M3), GONE), *sent(8, put_text("Hi", dialog=OTHER_DIALOG))])
        ledger.write(
            [*sent(9, put_text("He", READ, dialog=OTHER_DIALOG), REFUSED), intent(10, put_text("He"))]
        )
        ledger.write([stalled("/a.yaml", DIALOG)])
    with open_requests(path) as requests:
        requests.approve(APPROVAL, dialogs=[DIALOG])
        requests.retry(None, reason="put right", by="ann", at=NOW)
    return path


def test_nothing_is_wrong_with_a_ledger_that_was_left_alone(closed: Path) -> None:
    checks = list(check_ledger(closed))
    assert len(checks) > 10
    assert contradicted(closed) == {}


def test_an_empty_ledger_is_whole(ledger: Ledger) -> None:
    assert contradicted(ledger.path) == {}


@settings(max_examples=60, deadline=None, database=None)
@given(history=histories)
def test_nothing_is_wrong_after_any_calls(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[Action, Answer | None, bytes]]
) -> None:
    entries: list[Entry] = []
    for number, (action, answer, digest) in enumerate(history, start=1):
        begun = intent(number, action, manifest=digest)
        entries += [begun] if answer is None else [begun, call(begun, answer)]
    with open_ledger(tmp_path_factory.mktemp("any") / "ledger.db", keep_text=True) as ledger:
        ledger.write(entries)
        assert contradicted(ledger.path) == {}


def test_a_check_sees_one_moment_while_others_write(closed: Path) -> None:
    with open_ledger(closed, keep_text=True) as ledger:
        checks = check_ledger(closed)
        seen = [next(checks)]
        ledger.write([*sent(11, put_text("Hu", of=M3)), *sent(12, put_marks(READ, of=M3))])
        seen += checks
    assert [each for each in seen if each.contradictions] == []


@pytest.mark.parametrize(
    ("rule", "mischief"),
    [
        ("each row refers to rows that are there", "DELETE FROM manifest WHERE id = 1"),
        (
            "each outcome has its action",
            "INSERT INTO outcome VALUES (99, 'applied', NULL, 200, '', NULL, 0, 0)",
        ),
        ("each outcome has its action", "DELETE FROM action WHERE number = 2"),
        ("each dialog is one", "UPDATE dialog SET dialog = 'D' || substr(dialog, 2) WHERE id = 1"),
        ("each action is one, and its text has its digest", "UPDATE action SET text = 'Hy' WHERE number = 2"),
        (
            "each action is one, and its text has its digest",
            "UPDATE action SET text = CAST(x'ff' AS TEXT) WHERE number = 2",
        ),
        (
            "each action is one, and its text has its digest",
            "UPDATE action SET message = 'm' WHERE number = 1",
        ),
        ("what an action replaces was applied before it", "UPDATE action SET replaced = 7 WHERE number = 2"),
        (
            "of the applied texts none is missing or outdated",
            "UPDATE applied_text SET action = 1 WHERE action = 2",
        ),
        ("the applied texts come from the record", "UPDATE applied_text SET action = 7 WHERE action = 2"),
        ("of the applied texts none is missing or outdated", "DELETE FROM applied_text WHERE action = 8"),
        ("the applied texts come from the record", "DELETE FROM outcome WHERE action = 2"),
        (
            "the doubts about texts come from the record",
            "UPDATE applied_text SET doubted_by = 2 WHERE action = 2",
        ),
        (
            "of the doubts about texts none is missing",
            "UPDATE applied_text SET doubted_by = NULL WHERE doubted_by IN (9, 10)",
        ),
        ("the applied marks come from the record", "UPDATE applied_mark SET action = 2 WHERE action = 3"),
        (
            "the applied marks come from the record",
            "UPDATE applied_mark SET user_id = 7 WHERE mark = 'delivered'",
        ),
        ("the marks of dialogs come from the record", "UPDATE applied_dialog_mark SET action = 1"),
        (
            "of the applied marks none is missing or outdated",
            "DELETE FROM applied_dialog_mark WHERE mark = 'read'",
        ),
        (
            "of the applied marks none is missing or outdated",
            "UPDATE outcome SET kind = 'applied', cause = NULL WHERE action = 6",
        ),
        (
            "the failed attempts come from the record",
            "UPDATE failed_attempt SET retry_at = 1 WHERE action = 7",
        ),
        (
            "the failed attempts come from the record",
            "UPDATE failed_attempt SET action = 4 WHERE action = 7",
        ),
        (
            "the failed attempts come from the record",
            "UPDATE failed_attempt SET message = '' WHERE action = 6",
        ),
        (
            "of the failed attempts none is outdated",
            "UPDATE applied_text SET action = 8 WHERE message LIKE '2%'",
        ),
        ("approvals and retries are well-formed", "UPDATE approval SET after_action = 99"),
        ("approvals and retries are well-formed", "UPDATE approval SET changes = x'00'"),
        ("approvals and retries are well-formed", "UPDATE retry SET after_action = 0"),
        ("how the files stood can be read", "UPDATE file_dialog SET held = '{'"),
        ("how the files stood can be read", "UPDATE file_dialog SET dialog = 'nowhere'"),
    ],
)
def test_what_was_tampered_with_is_found(closed: Path, rule: str, mischief: str) -> None:
    with closing(sqlite3.connect(closed, isolation_level=None)) as shell:
        shell.execute("PRAGMA ignore_check_constraints = ON")
        assert shell.execute(mischief).rowcount
    assert rule in contradicted(closed)


def test_values_that_a_table_does_not_allow_are_found(closed: Path) -> None:
    with closing(sqlite3.connect(closed, isolation_level=None)) as shell:
        shell.execute("PRAGMA ignore_check_constraints = ON")
        shell.execute("UPDATE outcome SET kind = 'perhaps' WHERE action = 1")
    (found, *_) = contradicted(closed)["SQLite finds its pages, rows and indexes whole"]
    assert found == "CHECK constraint failed in outcome"


def test_pages_that_are_not_sqlites_are_found_and_the_check_ends_there(closed: Path) -> None:
    with closed.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 6)
    last = list(check_ledger(closed))[-1]
    assert last.contradictions
    assert contradicted(closed).keys() <= {"SQLite finds its pages, rows and indexes whole", last.rule}


def test_an_index_that_lost_an_entry_is_found(closed: Path) -> None:
    with closing(sqlite3.connect(closed, isolation_level=None)) as shell:
        shell.execute("PRAGMA writable_schema = ON")
        shell.execute(
            "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE "
            "name = 'manifest_by_name') WHERE name = 'action_by_manifest'"
        )
    assert "SQLite finds its pages, rows and indexes whole" in contradicted(closed)


def test_only_a_few_of_many_contradictions_are_given(path: Path) -> None:
    with open_ledger(path, keep_text=True) as ledger:
        ledger.write([entry for number in range(1, 41) for entry in sent(number, put_text(f"text {number}"))])
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.execute("UPDATE action SET text = 'Hy'")
    assert contradicted(path) == {
        "each action is one, and its text has its digest": tuple(f"action {number}" for number in range(1, 6))
    }


def test_no_text_is_in_what_a_check_says(closed: Path) -> None:
    with closing(sqlite3.connect(closed, isolation_level=None)) as shell:
        shell.execute("UPDATE action SET text = 'the canary sings' WHERE text IS NOT NULL")
    assert "canary" not in str(contradicted(closed))


def test_what_is_no_ledger_is_refused_as_ever(path: Path) -> None:
    with pytest.raises(LedgerMissing):
        next(check_ledger(path))
    with closing(sqlite3.connect(path)) as shell:
        shell.execute("CREATE TABLE action (number)")
    with pytest.raises(LedgerForeign):
        next(check_ledger(path))


def test_a_check_writes_nothing(closed: Path) -> None:
    before = closed.read_bytes()
    list(check_ledger(closed))
    assert closed.read_bytes() == before
