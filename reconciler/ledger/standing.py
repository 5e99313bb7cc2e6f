"""How everything stood after the last pass, going by the ledger: files, dialogs, calls without an answer."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.doubt import Doubt
from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.problem import Problem
from reconciler.ledger.doubt_rows import doubts
from reconciler.ledger.encoding import time_of, unescape
from reconciler.ledger.file_rows import dialog_report, problem_of
from reconciler.ledger.named_sql import QUERIES
from reconciler.ledger.snapshots import Snapshots


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many actions came out how, and when the last one was sent."""

    applied: int
    deferred: int
    rejected: int
    in_doubt: int
    last_sent_at: datetime | None


class StandingReader(Snapshots):
    """Reads how everything stands, and nothing of the record: a command that needs no more starts sooner.

    Every method raises LedgerUnreadable or LedgerDamaged where the file can't be read.
    """

    def known_files(self) -> Mapping[str, FileReport]:
        """Give the last report on each manifest file, by its location.

        A file is not `settled` once a call for one of its dialogs is recorded, or a rejection in
        it is freed, until it is reported on again.
        """
        with self._snapshot() as connection:
            dialogs: defaultdict[int, list[DialogReport]] = defaultdict(list)
            for file, *dialog in QUERIES.file_dialogs(connection):
                dialogs[file].append(dialog_report(dialog))
            problems: defaultdict[int, list[Problem]] = defaultdict(list)
            for file, *problem in QUERIES.file_problems(connection):
                problems[file].append(problem_of(problem))
            return {
                (path := unescape(location)): FileReport(
                    location=path,
                    content=content,
                    rules=rules,
                    settled=bool(settled),
                    due_at=time_of(due_at),
                    dialogs=tuple(dialogs[file]),
                    problems=tuple(problems[file]),
                    at=time_of(reported_at),
                )
                for file, location, content, rules, settled, due_at, reported_at in QUERIES.files(connection)
            }

    def dialogs(self) -> tuple[DialogReport, ...]:
        """Give how each dialog stood after the last pass, in the order of their files."""
        with self._snapshot() as connection:
            return tuple(dialog_report(row[1:]) for row in QUERIES.file_dialogs(connection))

    def problems(self) -> tuple[Problem, ...]:
        """Give what was wrong with the manifests at the last pass, in the order of their files."""
        with self._snapshot() as connection:
            return tuple(problem_of(row[1:]) for row in QUERIES.file_problems(connection))

    def in_doubt(self) -> tuple[Doubt, ...]:
        """Give the calls without an answer, the oldest first; takes time in proportion to the record."""
        with self._snapshot() as connection:
            return doubts(QUERIES.in_doubt(connection))

    def totals(self, in_doubt: Sequence[Doubt] | None = None) -> Totals:
        """Count the actions by what came of them; takes time in proportion to the record's length.

        One without an answer is in doubt until each of its changes has a later, definite answer; who
        has looked for those already hands them over.
        """
        with self._snapshot() as connection:
            counts = dict(QUERIES.outcome_counts(connection))
            return Totals(
                applied=counts.get("applied", 0),
                deferred=counts.get("deferred", 0),
                rejected=counts.get("rejected", 0),
                in_doubt=len(doubts(QUERIES.in_doubt(connection)) if in_doubt is None else in_doubt),
                last_sent_at=time_of(QUERIES.last_sent_at(connection)),
            )
