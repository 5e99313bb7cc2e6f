"""Reading a ledger: the applied state of a dialog, what is known of files, and the history."""

import itertools
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from reconciler.core.applied import (
    AppliedDialogMark,
    AppliedMark,
    AppliedState,
    AppliedText,
    ChangeKey,
    DialogMark,
    FailedAttempt,
    Setback,
)
from reconciler.core.message import DialogId, Mark, MessageId, MessageText, TextDigest, UserId
from reconciler.core.problem import Problem
from reconciler.core.report import DialogReport, FileReport
from reconciler.ledger.connection import QUERIES, explained
from reconciler.ledger.encoding import time_of, unescape
from reconciler.ledger.errors import LedgerUnreadable
from reconciler.ledger.file_rows import dialog_report, problem_of
from reconciler.ledger.history import HistoryRow, Totals, history_row

_PAGE: Final = 500
_AFTER_ALL: Final = 2**63 - 1


class LedgerReader:
    """Reads a ledger; what one method gives is of one moment. Threads take turns.

    Every method raises LedgerUnreadable or LedgerDamaged where the file can't be read.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, exists: bool = True) -> None:
        self.path: Final = path
        self.exists: Final = exists
        """Whether there is a ledger; a reader of none finds nothing."""
        self._connection = connection
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._connection.close()

    def applied(self, dialog: DialogId) -> AppliedState:
        """Give what is known to be applied; a text that an unanswered call may have changed is left out."""
        with self._snapshot() as connection:
            texts = QUERIES.applied_texts(connection, dialog=dialog.value)
            marks = QUERIES.applied_marks(connection, dialog=dialog.value)
            dialog_marks = QUERIES.applied_dialog_marks(connection, dialog=dialog.value)
            failed = QUERIES.failed_attempts(connection, dialog=dialog.value)
            return AppliedState(
                texts={
                    MessageId(message): AppliedText(
                        digest=TextDigest(digest), text=None if text is None else MessageText(text)
                    )
                    for message, digest, text in texts
                },
                marks=frozenset(
                    AppliedMark(MessageId(message), Mark(mark), UserId(user)) for message, mark, user in marks
                ),
                dialog_marks={
                    DialogMark(Mark(mark), UserId(user)): AppliedDialogMark(
                        at=time_of(answered_at),
                        requested_at=None if requested_at is None else unescape(requested_at),
                    )
                    for mark, user, answered_at, requested_at in dialog_marks
                },
                failed=dict(map(_failed_attempt, failed)),
            )

    def known_files(self) -> Mapping[str, FileReport]:
        """Give the last report on each manifest file, by its location.

        A file is not `settled` once a call for one of its dialogs is recorded, until it is
        reported on again.
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
                )
                for file, location, content, rules, settled, due_at in QUERIES.files(connection)
            }

    def dialogs(self) -> tuple[DialogReport, ...]:
        """Give how each dialog stood after the last pass, in the order of their files."""
        with self._snapshot() as connection:
            return tuple(dialog_report(row[1:]) for row in QUERIES.file_dialogs(connection))

    def problems(self) -> tuple[Problem, ...]:
        """Give what was wrong with the manifests at the last pass, in the order of their files."""
        with self._snapshot() as connection:
            return tuple(problem_of(row[1:]) for row in QUERIES.file_problems(connection))

    def history(
        self, dialog: str | None = None, *, before: int | None = None, limit: int | None = None
    ) -> Iterator[HistoryRow]:
        """Give the actions, newest first, read from the file as they are asked for.

        `dialog` is a name that a dialog has or had, or a dialog's id; `before` an action's
        number to go on from.
        """
        return itertools.islice(self._pages(dialog, _AFTER_ALL if before is None else before), limit)

    def totals(self) -> Totals:
        """Count the actions by what came of them; takes time in proportion to the record's length."""
        with self._snapshot() as connection:
            counts = dict(QUERIES.outcome_counts(connection))
            return Totals(
                applied=counts.get("applied", 0),
                deferred=counts.get("deferred", 0),
                rejected=counts.get("rejected", 0),
                in_doubt=QUERIES.unanswered_count(connection),
                last_sent_at=time_of(QUERIES.last_sent_at(connection)),
            )

    def _pages(self, dialog: str | None, before: int) -> Iterator[HistoryRow]:
        while page := self._page(dialog, before):
            yield from page
            before = page[-1].number

    def _page(self, dialog: str | None, before: int) -> list[HistoryRow]:
        """Read one page; no transaction stays open between pages, so that the log can be cut meanwhile."""
        with self._snapshot() as connection:
            if dialog is None:
                rows = QUERIES.history_page(connection, before=before, page=_PAGE)
            else:
                rows = QUERIES.history_page_of(connection, dialog=dialog, before=before, page=_PAGE)
            return [history_row(row) for row in rows]

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        with self._turn, explained(self.path, LedgerUnreadable):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")


def _failed_attempt(columns: Iterable[Any]) -> tuple[ChangeKey, FailedAttempt]:
    """Read one row of `failed_attempts`."""
    message, mark, user, kind, manifest, text_digest, attempts, retry_at, status, words = columns
    key = ChangeKey(
        MessageId(message) if message else None, Mark(mark) if mark else None, UserId(user) if user else None
    )
    return key, FailedAttempt(
        setback=Setback(kind),
        manifest=manifest,
        wanted=None if key.mark is not None else TextDigest(text_digest),
        attempts=attempts,
        retry_at=time_of(retry_at),
        status=status,
        words=words,
    )
