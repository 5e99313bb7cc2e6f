"""The record from its first action to its last: what is missing from it is noticed."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.core.call import Withdrawal
from reconciler.ledger.errors import LedgerDamaged
from reconciler.ledger.existing import open_reader
from reconciler.ledger.opening import open_ledger, open_requests
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.writer import Ledger
from tests.core.builders import NOW
from tests.ledger.calls import intent, put_text, sent
from tests.ledger.test_requests import APPROVAL


def write(ledger: Ledger, numbers: range) -> None:
    ledger.write([entry for number in numbers for entry in sent(number, put_text(f"text {number}"))])


def withdraw(ledger: Ledger, number: int) -> None:
    withdrawn = intent(number, put_text("never sent"))
    ledger.write([withdrawn, Withdrawal(intent=withdrawn, at=NOW)])


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.execute(statement)


@pytest.fixture
def ended(path: Path) -> Path:
    """A ledger of more than a page, of which two actions were withdrawn, one of them the last."""
    with open_ledger(path, keep_text=True) as ledger:
        write(ledger, range(1, 301))
        withdraw(ledger, 301)
        write(ledger, range(302, 601))
        withdraw(ledger, 602)
    with open_requests(path) as requests:
        requests.approve(APPROVAL)
    return path


def test_a_whole_record_has_every_call_and_none_that_was_withdrawn(ended: Path) -> None:
    with open_reader(ended, LedgerReader) as reader:
        assert [row.number for row in reader.record()] == [*range(1, 301), *range(302, 601)]


def test_what_happens_while_it_is_read_is_no_damage(ledger: Ledger, path: Path) -> None:
    write(ledger, range(1, 551))
    waiting = intent(551, put_text("waits"))
    ledger.write([waiting])
    with open_reader(path, LedgerReader) as reader:
        record = reader.record()
        numbers = [next(record).number]
        ledger.write([Withdrawal(intent=waiting, at=NOW)])
        write(ledger, range(552, 601))
        numbers += [row.number for row in record]
    assert numbers == [*range(1, 551), *range(552, 601)]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM manifest", "599 of its 599 calls"),
        ("UPDATE manifest SET dialog_id = 99", "599 of its 599 calls"),
        ("UPDATE outcome SET words = CAST(x'ff' AS TEXT) WHERE action = 7", "the ledger is damaged; restore"),
        ("UPDATE action SET actor = 0 WHERE number = 7", "the ledger is damaged; restore"),
    ],
)
def test_what_cannot_be_read_of_it_is_damage(ended: Path, statement: str, words: str) -> None:
    change(ended, statement)
    with open_reader(ended, LedgerReader) as reader, pytest.raises(LedgerDamaged, match=words):
        list(reader.record())
