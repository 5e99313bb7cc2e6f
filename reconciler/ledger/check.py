"""Checks a ledger: SQLite's own structure, then what must be true of the record and of what follows from it.

SQLite keeps no checksums of its pages. What it can't see, our own rules can: a text has its digest,
and the applied state can be told from the record.
"""

import hashlib
import itertools
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.ledger.connection import explained, tells_of_damage
from reconciler.ledger.errors import LedgerDamaged, LedgerError, LedgerUnreadable
from reconciler.ledger.existing import connect_existing
from reconciler.ledger.file_rows import dialog_report
from reconciler.ledger.named_sql import QUERIES

_SHOWN: Final = 5
"""How many contradictions of one rule are worth showing: they have one cause, mostly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One rule that was checked; `contradictions` are what breaks it, the first few."""

    rule: str
    contradictions: tuple[str, ...]


Find = Callable[[sqlite3.Connection], Iterable[tuple[str]]]
"""Finds what contradicts a rule, in a few words each."""

_OF_ROWS: Final[tuple[tuple[str, Find], ...]] = (
    ("each outcome has its action", QUERIES.outcomes_without_action),
    ("each dialog is one", QUERIES.malformed_dialogs),
    ("each action is one, and its text has its digest", QUERIES.malformed_actions),
    ("the applied texts come from the record", QUERIES.wrong_applied_texts),
    ("the doubts about texts come from the record", QUERIES.wrong_doubts),
    ("the applied marks come from the record", QUERIES.wrong_applied_marks),
    ("the marks of dialogs come from the record", QUERIES.wrong_dialog_marks),
    ("the failed attempts come from the record", QUERIES.wrong_failed_attempts),
    ("approvals and retries are well-formed", QUERIES.malformed_requests),
)
"""What every row says of itself and of the rows that it refers to."""

_OF_ALL: Final[tuple[tuple[str, Find], ...]] = (
    ("what an action replaces was applied before it", QUERIES.wrong_replaced),
    ("of the applied texts none is missing or outdated", QUERIES.outdated_texts),
    ("of the doubts about texts none is missing", QUERIES.missing_doubts),
    ("of the applied marks none is missing or outdated", QUERIES.missing_marks),
    ("of the failed attempts none is outdated", QUERIES.outdated_failures),
)
"""What follows from the record as a whole, where the calls for a dialog were made one after the other."""


def check_ledger(path: Path) -> Generator[Checked]:
    """Check one rule after the other, all at one moment, while a daemon writes or not.

    Ends early where SQLite can't read on: the last rule tells. Raises a LedgerError where there is
    no ledger that can be read at all.
    """
    with (
        explained(path, LedgerUnreadable),
        # Not the last to close: that one would move the log into the file, and a check changes nothing.
        closing(connect_existing(path, "ro")),
        # Where a connection can't write, SQLite leaves out the CHECK constraints.
        closing(connect_existing(path, "rw")) as connection,
    ):
        yield from _checked(connection, (*_OF_ROWS, *_OF_ALL))


def expect_whole(path: Path) -> None:
    """Read all of a ledger. Raises LedgerDamaged where it is, LedgerUnreadable where nobody knows."""
    try:
        with (
            explained(path, LedgerUnreadable),
            closing(connect_existing(path, "ro")),
            closing(connect_existing(path, "rw")) as connection,
        ):
            broken = first_damage(connection)
    except LedgerUnreadable:
        raise
    except LedgerError as error:
        raise LedgerDamaged(path) from error
    if broken is not None:
        raise LedgerDamaged(path, what=f"the ledger is damaged: it is not true that {broken}")


def first_damage(connection: sqlite3.Connection) -> str | None:
    """Give the first rule that does not hold of those that no order of writing breaks."""
    rules = _checked(connection, _OF_ROWS)
    return next((each.rule for each in rules if each.contradictions), None)


def _checked(connection: sqlite3.Connection, rules: Iterable[tuple[str, Find]]) -> Iterator[Checked]:
    """Check SQLite's structure, then `rules`. The connection is of no other use then."""
    connection.execute("PRAGMA query_only = ON")
    connection.create_function("sha256", 1, _sha256, deterministic=True)
    connection.text_factory = _as_far_as_readable
    connection.execute("BEGIN")
    for rule, contradictions in (*_STRUCTURE, *rules):
        try:
            found = tuple(what for (what,) in itertools.islice(contradictions(connection), _SHOWN))
        except sqlite3.DatabaseError as error:
            if not tells_of_damage(error):
                raise
            yield Checked(rule=rule, contradictions=(str(error),))
            return
        yield Checked(rule=rule, contradictions=found)


def _broken_structure(connection: sqlite3.Connection) -> Iterator[tuple[str]]:
    for (line,) in connection.execute(f"PRAGMA integrity_check({_SHOWN})"):
        if line != "ok":
            yield (line,)


def _dangling_references(connection: sqlite3.Connection) -> Iterator[tuple[str]]:
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield (f"{table} {'' if row is None else row} to {parent}",)


def _unreadable_reports(connection: sqlite3.Connection) -> Iterator[tuple[str]]:
    for file, *columns in QUERIES.file_dialogs(connection):
        try:
            dialog_report(columns)
        except (TypeError, ValueError):
            yield (f"a dialog of file {file}",)


def _sha256(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def _as_far_as_readable(text: bytes) -> str:
    return text.decode(errors="replace")


_STRUCTURE: Final[tuple[tuple[str, Find], ...]] = (
    ("SQLite finds its pages, rows and indexes whole", _broken_structure),
    ("each row refers to rows that are there", _dangling_references),
    ("how the files stood can be read", _unreadable_reports),
)
