"""Writing a ledger: batches of entries, each batch one transaction, durable when `write` returns."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from reconciler.core.action import MarkDialog
from reconciler.core.call import Call, Intent, Withdrawal
from reconciler.core.diff import DialogMarkChange, MarkChange, TextChange
from reconciler.core.file_report import FileReport
from reconciler.core.outcome import Applied
from reconciler.ledger.call_rows import (
    ManifestIds,
    action_row,
    applied_rows,
    json_rows,
    keys,
    manifest_row,
    may_have_changed_text,
    outcome_row,
    target,
    text_digest,
)
from reconciler.ledger.check import expect_whole
from reconciler.ledger.connection import explained, tells_of_damage
from reconciler.ledger.encoding import escape, milliseconds
from reconciler.ledger.entry import Entry, ForgottenFile
from reconciler.ledger.errors import LedgerUnreadable, LedgerUnwritable
from reconciler.ledger.file_rows import dialog_row, problem_row
from reconciler.ledger.lock import LedgerLock
from reconciler.ledger.named_sql import QUERIES
from reconciler.ledger.own_files import Look, OwnFiles
from reconciler.ledger.portions import portions
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
        self._manifests = dict[tuple[object, ...], ManifestIds]()
        self._unsettled = set[str]()

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
            for portion in portions(entries):
                self._write_intents([entry for entry in portion if isinstance(entry, Intent)])
                self._write_calls([entry for entry in portion if isinstance(entry, Call)])
                for entry in portion:
                    match entry:
                        case Withdrawal():
                            self._withdraw(entry)
                        case FileReport():
                            self._write_file(entry)
                        case ForgottenFile():
                            QUERIES.forget_file(self._connection, location=escape(entry.location))
                        case _:
                            pass

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
            self._forget()
        self._looked = now

    def _forget(self) -> None:
        """Take for granted no more what was written."""
        self._manifests.clear()
        self._unsettled.clear()

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
                self._forget()  # some of it may be undone
                damaged = isinstance(error, sqlite3.DatabaseError) and tells_of_damage(error)
                raise
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                self._looked = None if damaged else self._look()

    def _write_intents(self, intents: Sequence[Intent]) -> None:
        """Write intents, each of a dialog of its own."""
        if not intents:
            return
        rows = [action_row(each, self._manifest_ids(each), keep_text=self._keep_text) for each in intents]
        digests = b"".join(map(text_digest, intents))
        QUERIES.add_actions(self._connection, rows=json_rows(rows), digests=digests)
        doubted = [(row.number, row.dialog_id, row.message) for row in rows if row.changes_text]
        if doubted:
            QUERIES.doubt_texts(self._connection, rows=json_rows(doubted))
        for intent in intents:
            self._unsettle(intent.action.dialog.value)

    def _manifest_ids(self, intent: Intent) -> ManifestIds:
        """Give where the manifest of an intent stands; most calls of a dialog are of one manifest."""
        manifest = manifest_row(intent)
        key = tuple(manifest.values())
        ids = self._manifests.get(key)
        if ids is None:
            QUERIES.add_dialog(self._connection, dialog=manifest["dialog"])
            added = QUERIES.add_manifest(self._connection, **manifest)
            ids = ManifestIds(*(added or QUERIES.manifest_ids(self._connection, **manifest)))
            if len(self._manifests) >= _REMEMBERED:
                self._manifests.clear()
            self._manifests[key] = ids
        return ids

    def _unsettle(self, dialog: str) -> None:
        """Let no file that declares the dialog count as settled, until it is reported anew."""
        if dialog not in self._unsettled:
            QUERIES.unsettle_files(self._connection, dialog=dialog)
            if len(self._unsettled) >= _REMEMBERED:
                self._unsettled.clear()
            self._unsettled.add(dialog)

    def _write_calls(self, calls: Sequence[Call]) -> None:
        """Write calls, each of a dialog of its own."""
        if not calls:
            return
        QUERIES.add_outcomes(self._connection, rows=json_rows(map(outcome_row, calls)))
        self._apply([call for call in calls if isinstance(call.outcome, Applied)])
        for call in calls:
            if not isinstance(call.outcome, Applied):
                self._fail(call)

    def _apply(self, calls: Sequence[Call]) -> None:
        """Take over into the applied state what calls have changed."""
        if not calls:
            return
        told = json_rows(row for call in calls for row in applied_rows(call))
        kinds = {type(change) for call in calls for change in call.intent.action.changes}
        if TextChange in kinds:
            QUERIES.apply_texts(self._connection, rows=told)
        if MarkChange in kinds:
            QUERIES.apply_marks(self._connection, rows=told)
        if DialogMarkChange in kinds:
            QUERIES.apply_dialog_marks(self._connection, rows=told)
        over = [
            {"dialog_id": dialog, "message": message, "mark": mark, "user": user}
            for dialog, message, mark, user in QUERIES.failures_known(self._connection, rows=told)
        ]
        if over:
            QUERIES.forget_failure(self._connection, over)

    def _withdraw(self, withdrawal: Withdrawal) -> None:
        number = withdrawal.intent.number
        dialog, message, text = target(withdrawal.intent.action)
        QUERIES.withdraw(self._connection, number=number, withdrawn_at=milliseconds(withdrawal.at))
        if text is not None:
            QUERIES.trust_text(self._connection, dialog=dialog, message=message, number=number)

    def _fail(self, call: Call) -> None:
        """Remember the failure of every change that was asked for; a covered mark only rode along."""
        action, number = call.intent.action, call.intent.number
        dialog, message, text = target(action)
        if text is not None and not may_have_changed_text(call):
            QUERIES.trust_text(self._connection, dialog=dialog, message=message, number=number)
        changes = action.asserted if isinstance(action, MarkDialog) else action.changes
        attempt = {"number": number, "retry_at": milliseconds(call.retry_at)}
        failed = keys(dialog, (c.key for c in changes))
        QUERIES.record_failure(self._connection, [{**key, **attempt} for key in failed])

    def _write_file(self, report: FileReport) -> None:
        self._unsettled.difference_update(
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
