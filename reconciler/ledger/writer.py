"""Writing a ledger: batches of entries, each batch one transaction, durable when `write` returns."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from reconciler.core.action import Action, MarkDialog
from reconciler.core.call import Call, Intent, Withdrawal
from reconciler.core.diff import DialogMarkChange, MarkChange
from reconciler.core.file_report import FileReport
from reconciler.core.message import Mark
from reconciler.core.outcome import Applied, Deferred, Rejected
from reconciler.ledger.call_rows import answer_row, keys, may_have_changed_text, outcome_row, target
from reconciler.ledger.check import expect_whole
from reconciler.ledger.connection import explained, tells_of_damage
from reconciler.ledger.encoding import escape, milliseconds, well_formed
from reconciler.ledger.entry import Entry, ForgottenFile
from reconciler.ledger.errors import LedgerUnreadable, LedgerUnwritable
from reconciler.ledger.file_rows import dialog_row, problem_row
from reconciler.ledger.lock import LedgerLock
from reconciler.ledger.named_sql import QUERIES
from reconciler.ledger.own_files import Look, OwnFiles
from reconciler.ledger.reader import LedgerReader

_REMEMBERED: Final = 10_000
"""Manifests and dialogs that need not be looked for again; some megabytes at most."""


class Ledger(LedgerReader):
    """The one writer of a ledger, which it has locked; it reads too. Threads take turns.

    Where `keep_text` is false, texts that are written from now on leave only their digests.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: LedgerLock, *, keep_text: bool
    ) -> None:
        super().__init__(path, connection)
        self._lock = lock
        self._keep_text = keep_text
        self._files = OwnFiles(path)
        self._version = self._data_version()
        self._looked = self._look()
        self._written = set[object]()

    def close(self) -> None:
        """Let go of the file, then of its lock."""
        super().close()
        self._lock.release()

    def check(self) -> None:
        """Raise LedgerReplaced where a file under us is no longer the one that has its name.

        Where somebody else wrote to the files, read all that is in them; raise LedgerDamaged where
        that is not whole.
        """
        with self._turn:
            self._check()

    def prove(self) -> None:
        """Write, changing nothing, and read all there is, to see that both are possible.

        Raises what `write` raises. Takes time in proportion to the record's length.
        """
        with self._transaction():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            self._connection.execute(f"PRAGMA user_version = {int(version)}")
        expect_whole(self.path)

    def requests_changed(self) -> bool:
        """Tell whether another process wrote since the last call, or since the ledger was opened."""
        with self._turn, explained(self.path, LedgerUnreadable):
            before, self._version = self._version, self._data_version()
        return self._version != before

    def next_number(self) -> int:
        """Give the number after that of the last intent written."""
        with self._snapshot() as connection:
            return (QUERIES.last_number(connection) or 0) + 1

    def write(self, entries: Sequence[Entry]) -> None:
        """Write all entries, in order, or none; durable on return.

        Raises LedgerReplaced, LedgerUnwritable or LedgerDamaged; after LedgerUnwritable a later
        write can succeed. Raises ValueError where an intent's number is used twice or a call
        has no intent: that is a bug.
        """
        with self._transaction():
            for entry in entries:
                match entry:
                    case Intent():
                        self._write_intent(entry)
                    case Call():
                        self._write_call(entry)
                    case Withdrawal():
                        self._withdraw(entry)
                    case FileReport():
                        self._write_file(entry)
                    case ForgottenFile():
                        QUERIES.forget_file(self._connection, location=escape(entry.location))

    def _data_version(self) -> int:
        """Give a number that changes when another connection commits, and with no commit of ours."""
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _look(self) -> Look | None:
        """Give what the files look like: the same as long as nobody writes to them."""
        try:
            return self._files.look(self._data_version())
        except (OSError, sqlite3.DatabaseError):
            return None

    def _check(self) -> None:
        self._files.check()
        self._lock.check()
        known, now = self._looked, self._look()
        if now is None or (now != known and not now.is_request_since(known)):
            expect_whole(self.path)
            self._written.clear()
        self._looked = now

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turn, explained(self.path, LedgerUnwritable):
            self._check()
            self._connection.execute("BEGIN IMMEDIATE")
            damaged = False
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException as error:
                self._written.clear()  # some of it may be undone
                damaged = isinstance(error, sqlite3.DatabaseError) and tells_of_damage(error)
                raise
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                self._looked = None if damaged else self._look()

    def _write_intent(self, intent: Intent) -> None:
        action = intent.action
        dialog, message, text = target(action)
        manifest = {
            "dialog": dialog,
            "name": well_formed(intent.name),
            "path": escape(action.origin.path),
            "digest": intent.manifest,
        }
        if self._is_new(tuple(manifest.values())):
            QUERIES.add_dialog(self._connection, dialog=dialog)
            QUERIES.add_manifest(self._connection, **manifest)
        QUERIES.add_action(
            self._connection,
            **manifest,
            number=intent.number,
            message=message,
            actor=action.actor.value,
            text_digest=None if text is None else text.new.digest().value,
            text=text.new.reveal() if text is not None and self._keep_text else None,
            read=Mark.READ in action.marks,
            delivered=Mark.DELIVERED in action.marks,
            line=action.origin.line,
            column=action.origin.column,
            attempt=action.attempt,
            intended_at=milliseconds(intent.sent_at),
        )
        if text is not None:
            QUERIES.doubt_text(self._connection, dialog=dialog, message=message, number=intent.number)
        if self._is_new(dialog):
            QUERIES.unsettle_files(self._connection, dialog=dialog)

    def _is_new(self, what: object) -> bool:
        """Tell whether this was not written yet; most calls of a dialog are of one manifest."""
        if what in self._written:
            return False
        if len(self._written) >= _REMEMBERED:
            self._written.clear()
        self._written.add(what)
        return True

    def _write_call(self, call: Call) -> None:
        QUERIES.add_outcome(
            self._connection,
            number=call.intent.number,
            sent_at=milliseconds(call.intent.sent_at),
            answered_at=milliseconds(call.answered_at),
            **outcome_row(call),
            **answer_row(call),
        )
        action = call.intent.action
        match call.outcome:
            case Applied():
                self._apply(action, call.intent.number)
            case Deferred() | Rejected():
                self._fail(action, call)

    def _withdraw(self, withdrawal: Withdrawal) -> None:
        number = withdrawal.intent.number
        dialog, message, text = target(withdrawal.intent.action)
        QUERIES.withdraw(self._connection, number=number, withdrawn_at=milliseconds(withdrawal.at))
        if text is not None:
            QUERIES.trust_text(self._connection, dialog=dialog, message=message, number=number)

    def _apply(self, action: Action, number: int) -> None:
        dialog, message, text = target(action)
        asked = {"dialog": dialog, "number": number}
        if text is not None:
            QUERIES.apply_text(self._connection, **asked, message=message)
        marks = [
            {**asked, "message": c.message.value, "mark": c.mark.value, "user": c.user.value}
            for c in action.changes
            if isinstance(c, MarkChange)
        ]
        dialog_marks = [
            {
                **asked,
                "mark": c.mark.value,
                "user": c.user.value,
                "requested_at": None if c.requested_at is None else escape(c.requested_at),
            }
            for c in action.changes
            if isinstance(c, DialogMarkChange)
        ]
        QUERIES.apply_mark(self._connection, marks)
        QUERIES.apply_dialog_mark(self._connection, dialog_marks)
        QUERIES.forget_failure(self._connection, keys(dialog, (c.key for c in action.changes)))

    def _fail(self, action: Action, call: Call) -> None:
        """Remember the failure of every change that was asked for; a covered mark only rode along."""
        dialog, message, text = target(action)
        number = call.intent.number
        if text is not None and not may_have_changed_text(call):
            QUERIES.trust_text(self._connection, dialog=dialog, message=message, number=number)
        changes = action.asserted if isinstance(action, MarkDialog) else action.changes
        attempt = {"number": number, "retry_at": milliseconds(call.retry_at)}
        failed = keys(dialog, (c.key for c in changes))
        QUERIES.record_failure(self._connection, [{**key, **attempt} for key in failed])

    def _write_file(self, report: FileReport) -> None:
        self._written.difference_update(
            dialog.dialog.value for dialog in report.dialogs if dialog.dialog is not None
        )
        file = QUERIES.put_file(
            self._connection,
            location=escape(report.location),
            content=report.content,
            rules=report.rules,
            settled=report.settled,
            due_at=milliseconds(report.due_at),
            reported_at=milliseconds(report.at),
        )
        QUERIES.clear_file_dialogs(self._connection, file_id=file)
        QUERIES.clear_file_problems(self._connection, file_id=file)
        QUERIES.add_file_dialog(self._connection, _numbered(file, map(dialog_row, report.dialogs)))
        QUERIES.add_file_problem(self._connection, _numbered(file, map(problem_row, report.problems)))


def _numbered(file: int, rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [{"file_id": file, "position": position, **row} for position, row in enumerate(rows)]
