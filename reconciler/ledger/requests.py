"""What people ask of the reconciler while it runs: written beside the one writer, and nothing else is.

The writer is the one that checkpoints. SQLite before 3.51.3 can lose a commit where a checkpoint
that has nothing to do meets another connection that writes the log from its start again
(https://sqlite.org/wal.html#walresetbug). The writer checkpoints only after a commit of its own,
which leaves something to do, and this connection never checkpoints while another is open.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from reconciler.core.message import DialogId
from reconciler.core.refusal import Approval
from reconciler.ledger.connection import Opened, explained
from reconciler.ledger.encoding import milliseconds, well_formed
from reconciler.ledger.errors import LedgerUnwritable
from reconciler.ledger.named_sql import QUERIES
from reconciler.ledger.request_rows import approval_parameters


class Requests(Opened):
    """Adds approvals and retries to a ledger; each is durable on return.

    Every method raises LedgerUnwritable or LedgerDamaged where that fails.
    """

    def approve(self, approval: Approval, *, dialogs: Iterable[DialogId] = ()) -> None:
        """Let one plan pass one guard. By the `dialogs` that it changes the history finds it again."""
        with self._transaction() as connection:
            number = QUERIES.add_approval(connection, **approval_parameters(approval))
            rows = [{"approval": number, "dialog": dialog.value} for dialog in dialogs]
            QUERIES.add_approval_dialog(connection, rows)

    def retry(self, dialog: DialogId | None, *, reason: str, by: str, at: datetime) -> int:
        """Free what was rejected so far in `dialog`, or in all dialogs; give how many changes that are.

        Where there is none, nothing is written.
        """
        with self._transaction() as connection:
            which = None if dialog is None else dialog.value
            freed: int = QUERIES.rejections_held(connection, dialog=which)
            if freed:
                QUERIES.add_retry(
                    connection,
                    dialog=which,
                    reason=well_formed(reason),
                    by=well_formed(by),
                    at=milliseconds(at),
                    freed=freed,
                )
            return freed

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with explained(self.path, LedgerUnwritable):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
