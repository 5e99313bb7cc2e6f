"""Entries of the history that a query asks for, read from the ledger."""

from collections.abc import Iterator, Sequence

from reconciler.ledger.history import HistoryRow, RequestRow, Told, Wanted, newest_first
from reconciler.ledger.reader import LedgerReader
from reconciler.web.model import HistoryPage, HistoryQuery


def read_history(ledger: LedgerReader, query: HistoryQuery) -> HistoryPage:
    """Give one page: `size` calls, and the requests made between them. Raises LedgerError."""
    more = list(_calls(ledger, query, limit=query.size + 1))
    calls, left = more[: query.size], more[query.size :]
    requests = [
        request
        for request in _requests(ledger, query)
        if (query.before is None or request.after < query.before)
        and (not left or request.after >= calls[-1].number)
    ]
    return HistoryPage(
        query=query, entries=tuple(newest_first(calls, requests)), next=calls[-1].number if left else None
    )


def read_all(ledger: LedgerReader, query: HistoryQuery) -> Iterator[Told]:
    """Give every entry, newest first, whatever the size of a page. Raises LedgerError, also halfway."""
    return newest_first(_calls(ledger, query, limit=None), _requests(ledger, query))


def _calls(ledger: LedgerReader, query: HistoryQuery, *, limit: int | None) -> Iterator[HistoryRow]:
    wanted = Wanted(results=query.results, since=query.since, until=query.until)
    return ledger.history(query.dialog, wanted=wanted, before=query.before, limit=limit)


def _requests(ledger: LedgerReader, query: HistoryQuery) -> Sequence[RequestRow]:
    if query.results:
        return ()
    since, until = query.since, query.until
    return [
        request
        for request in ledger.requests(query.dialog)
        if (since is None or request.at >= since) and (until is None or request.at < until)
    ]
