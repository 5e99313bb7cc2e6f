"""A long record: what is rare in it is found by an index, and who no longer waits ends the search."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from reconciler.ledger.errors import LedgerUnreadable
from reconciler.ledger.existing import open_existing
from reconciler.ledger.history import Result, Wanted
from reconciler.ledger.opening import open_ledger
from reconciler.ledger.reader import LedgerReader
from tests.core.builders import SECOND

LENGTH: Final = 20_000
"""Calls with an answer, one each second; of 7,000 one is rejected, and the next one deferred."""

BEGAN: Final = datetime.fromtimestamp(0, UTC)

FILL: Final = """
INSERT INTO dialog VALUES (1, '53a99a7be4b094c7c6d31b41');
INSERT INTO manifest VALUES (1, 1, 'desk', 'desk.yaml', x'00');
WITH RECURSIVE series (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM series LIMIT 20001)
INSERT INTO action
SELECT number, 1, printf('%024x', number), 111, zeroblob(32), NULL, NULL, 0, 0, 7, 3, 1, 1000 * number
FROM series;
INSERT INTO outcome
SELECT
    number,
    CASE number % 7000 WHEN 0 THEN 'rejected' WHEN 1 THEN 'deferred' ELSE 'applied' END,
    CASE number % 7000 WHEN 1 THEN 'outage' END,
    200, '', NULL, intended_at, intended_at
FROM action WHERE number <= 20000;
"""


def fill(path: Path) -> None:
    """Fill a new ledger with a long record."""
    with closing(sqlite3.connect(path)) as shell:
        shell.executescript(FILL)


@pytest.fixture
def reader(path: Path) -> Iterator[LedgerReader]:
    """A reader of a long record, whose last call is in doubt."""
    open_ledger(path, keep_text=False).close()
    fill(path)
    with open_existing(path, LedgerReader) as reader:
        yield reader


def steps(reader: LedgerReader, work: Callable[[], object]) -> int:
    """Count the looks at whether to go on: a measure of work that knows no clock."""
    looks = 0

    def look() -> bool:
        nonlocal looks
        looks += 1
        return False

    reader.give_up_once(look, steps=1000)
    work()
    return looks


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(results=frozenset({Result.REJECTED})), [14_000, 7_000]),
        (Wanted(results=frozenset({Result.DEFERRED})), [14_001, 7_001, 1]),
        (
            Wanted(results=frozenset({Result.DEFERRED, Result.REJECTED})),
            [14_001, 14_000, 7_001, 7_000, 1],
        ),
        (
            Wanted(
                results=frozenset({Result.REJECTED}),
                since=BEGAN + 7_000 * SECOND,
                until=BEGAN + 14_000 * SECOND,
            ),
            [7_000],
        ),
        (Wanted(results=frozenset({Result.REJECTED, Result.IN_DOUBT})), [20_001, 14_000, 7_000]),
        (Wanted(since=BEGAN + 19_999 * SECOND), [20_001, 20_000, 19_999]),
        (Wanted(until=BEGAN + 3 * SECOND), [2, 1]),
    ],
)
def test_what_is_rare_is_found_wherever_it_is(
    reader: LedgerReader, wanted: Wanted, numbers: list[int]
) -> None:
    assert [row.number for row in reader.history(wanted=wanted)] == numbers
    assert [row.number for row in reader.history(wanted=wanted, limit=1)] == numbers[:1]
    assert [row.number for row in reader.history(wanted=wanted, before=numbers[0])] == numbers[1:]


def test_what_failed_is_found_without_a_look_at_what_did_not(reader: LedgerReader) -> None:
    failed = Wanted(results=frozenset({Result.DEFERRED, Result.REJECTED}))
    in_doubt = Wanted(results=frozenset({Result.IN_DOUBT}))
    assert steps(reader, lambda: list(reader.history(wanted=failed))) <= 2
    assert LENGTH / 1000 < steps(reader, lambda: list(reader.history(wanted=in_doubt))) < 30 * LENGTH / 1000


def test_how_many_calls_came_out_how_is_counted(reader: LedgerReader) -> None:
    totals = reader.totals()
    assert (totals.applied, totals.deferred, totals.rejected) == (LENGTH - 5, 3, 2)
    assert totals.in_doubt == 1
    assert reader.totals(reader.in_doubt()) == totals


def test_who_no_longer_waits_ends_a_search_and_whatever_would_follow(reader: LedgerReader) -> None:
    reader.give_up_once(lambda: True, steps=1000)
    with pytest.raises(LedgerUnreadable, match="the daemon is ending"):
        list(reader.history(wanted=Wanted(results=frozenset({Result.IN_DOUBT}))))
    with pytest.raises(LedgerUnreadable, match="the daemon is ending"):
        reader.totals()
    reader.give_up_once(lambda: False)
    assert reader.totals().applied == LENGTH - 5, "nothing was left open"
