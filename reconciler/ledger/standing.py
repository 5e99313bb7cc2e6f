"""How everything stood after the last pass, going by the ledger: files, dialogs, calls without an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.doubt import Doubt
from reconciler.ledger.doubt_rows import doubts
from reconciler.ledger.encoding import time_of
from reconciler.ledger.file_reader import FileReader
from reconciler.ledger.named_sql import QUERIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many actions came out how, and when the last one was sent."""

    applied: int
    deferred: int
    rejected: int
    in_doubt: int
    last_sent_at: datetime | None


class StandingReader(FileReader):
    """Reads how everything stands: files, and of the calls no more than how many came out how.

    Every method raises LedgerUnreadable or LedgerDamaged where the file can't be read.
    """

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
