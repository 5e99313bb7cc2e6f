"""Reading a ledger: the applied state of a dialog, what people asked for, and the history."""

import itertools
import json
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any, Final

from reconciler.core.applied import AppliedState
from reconciler.core.message import DialogId
from reconciler.core.refusal import Approval, Known
from reconciler.ledger.applied_rows import applied_state
from reconciler.ledger.errors import LedgerDamaged
from reconciler.ledger.history import EVERYTHING, FAILED, HistoryRow, RequestRow, Wanted, history_row
from reconciler.ledger.named_sql import QUERIES
from reconciler.ledger.request_rows import approval, approval_row, retry_row
from reconciler.ledger.standing import StandingReader

_PAGE: Final = 500
_AFTER_ALL: Final = 2**63 - 1


class LedgerReader(StandingReader):
    """Reads all of a ledger; what one method gives is of one moment. Threads take turns.

    Every method raises LedgerUnreadable or LedgerDamaged where the file can't be read.
    """

    def applied(self, dialog: DialogId) -> AppliedState:
        """Give what is known to be applied; a text is uncertain where a call may have changed it.

        A rejection that a retry freed has no manifest (b""), so that it holds no change and is
        still known to have been tried.
        """
        with self._snapshot() as connection:
            texts = list(QUERIES.applied_texts(connection, dialog=dialog.value))
            marks = list(QUERIES.applied_marks(connection, dialog=dialog.value))
            dialog_marks = list(QUERIES.applied_dialog_marks(connection, dialog=dialog.value))
            failed = list(QUERIES.failed_attempts(connection, dialog=dialog.value))
        return applied_state(texts, marks, dialog_marks, failed)

    def texts_known(self) -> int:
        """Count the texts of the applied state, of all dialogs; hundreds of thousands take milliseconds."""
        with self._snapshot() as connection:
            known: int = QUERIES.texts_known(connection)
            return known

    def known_of(self, dialogs: AbstractSet[DialogId]) -> Known:
        """Count what is known of these dialogs."""
        asked = json.dumps([dialog.value for dialog in dialogs])
        with self._snapshot() as connection:
            texts, found = QUERIES.known_of(connection, dialogs=asked)
            return Known(texts=texts, dialogs=found)

    def approvals(self) -> tuple[Approval, ...]:
        """Give every approval, the oldest first."""
        with self._snapshot() as connection:
            return tuple(map(approval, QUERIES.approvals(connection)))

    def history(
        self,
        dialog: str | None = None,
        *,
        wanted: Wanted = EVERYTHING,
        before: int | None = None,
        limit: int | None = None,
    ) -> Iterator[HistoryRow]:
        """Give the actions, newest first, read from the file as they are asked for.

        `dialog` is a name that a dialog has or had, or a dialog's id; `before` an action's
        number to go on from. What is `wanted` is looked for in all of the record where it is rare.
        """
        size = _PAGE if limit is None else min(limit, _PAGE)
        pages = self._pages(dialog, wanted, _AFTER_ALL if before is None else before, size)
        return itertools.islice(pages, limit)

    def record(self) -> Iterator[HistoryRow]:
        """Give the actions, oldest first, read from the file as they are asked for.

        SQLite passes over rows that it can't find its way to. So those that were recorded by the
        beginning are counted, and LedgerDamaged is raised at the end where some were not given.
        """
        last, _ = self._recorded(_AFTER_ALL)
        given = after = 0
        while page := self._page_after(after):
            given += sum(row.number <= last for row in page)
            yield from page
            after = page[-1].number
        _, recorded = self._recorded(last)
        self._expect_all(given, recorded, "calls")

    def requests(self, dialog: str | None = None) -> tuple[RequestRow, ...]:
        """Give what people asked for; `dialog` leaves out what can't concern it, and is as for `history`."""
        with self._snapshot() as connection:
            approvals = tuple(map(approval_row, QUERIES.approval_rows(connection, dialog=dialog)))
            retries = tuple(map(retry_row, QUERIES.retry_rows(connection, dialog=dialog)))
            recorded: int = QUERIES.request_count(connection)
        found: tuple[RequestRow, ...] = (*approvals, *retries)
        if dialog is None:
            self._expect_all(len(found), recorded, "requests")
        return found

    def dialogs_called(self, name: str) -> tuple[DialogId, ...]:
        """Give the dialogs of this id or name; those that once had it only where none has it now."""
        with self._snapshot() as connection:
            found = list(QUERIES.dialogs_called(connection, name=name))
        return tuple({DialogId(dialog): None for dialog, past in found if past == found[0][1]})

    def dialog_names(self) -> tuple[str, ...]:
        """Give every name that a dialog has or had."""
        with self._snapshot() as connection:
            return tuple(name for (name,) in QUERIES.dialog_names(connection))

    def _pages(self, dialog: str | None, wanted: Wanted, before: int, size: int) -> Iterator[HistoryRow]:
        while page := self._page(dialog, wanted, before, size):
            yield from page
            if wanted != EVERYTHING and len(page) < size:
                return  # all of the record was looked through for it
            before = page[-1].number

    def _page(self, dialog: str | None, wanted: Wanted, before: int, size: int) -> list[HistoryRow]:
        """Read one page; no transaction stays open between pages, so that the log can be cut meanwhile."""
        asked = {**wanted.row(), "before": before, "page": size}
        with self._snapshot() as connection:
            if dialog is not None:
                rows = QUERIES.history_page_of(connection, **asked, dialog=dialog)
            elif wanted.results and wanted.results <= FAILED:
                rows = QUERIES.history_page_failed(connection, **asked)
            else:
                rows = QUERIES.history_page(connection, **asked)
            return self._told(rows)

    def _page_after(self, after: int) -> list[HistoryRow]:
        with self._snapshot() as connection:
            page = self._told(QUERIES.history_page_after(connection, after=after, page=_PAGE))
        numbers = [after, *(row.number for row in page)]
        if any(number <= before for before, number in itertools.pairwise(numbers)):
            raise LedgerDamaged(self.path)  # or the next page might be this one again
        return page

    def _told(self, rows: Iterable[Iterable[Any]]) -> list[HistoryRow]:
        try:
            return [history_row(row) for row in rows]
        except (TypeError, ValueError):
            raise LedgerDamaged(self.path) from None

    def _recorded(self, last: int) -> tuple[int, int]:
        """Give the greatest number of an action up to `last`, and how many up to there were not withdrawn."""
        with self._snapshot() as connection:
            greatest, recorded = QUERIES.calls_recorded(connection, last=last)
            return greatest, recorded

    def _expect_all(self, given: int, recorded: int, what: str) -> None:
        if given < recorded:
            raise LedgerDamaged(
                self.path,
                what=f"the ledger is damaged: {recorded - given:,} of its {recorded:,} {what} can't be read",
                todo="`reconciler ledger check` tells more; restore a backup",
            )
