"""Addresses of pages and of the API: of what is shown now, and of what a link would show.

A query is written as the API reads it; what is as it is by default is left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from reconciler.core.condition import Condition
from reconciler.core.file_report import DialogReport
from reconciler.ledger.history import Result
from reconciler.web.model import DialogQuery, DialogSort, HistoryQuery
from reconciler.web.pages.moments import iso

_DIALOGS: Final = DialogQuery()
_HISTORY: Final = HistoryQuery()
_ASCENDING: Final = frozenset({DialogSort.CONDITION, DialogSort.NAME, DialogSort.ORIGIN})
"""What is sorted so unless it is turned round."""


def dialogs(query: DialogQuery = _DIALOGS, **changes: Any) -> str:
    """Give the address of a list of dialogs; with other filters its first page."""
    return _address("/dialogs", _dialog_fields(replace(query, **{"page": 1, **changes})))


def _dialog_fields(query: DialogQuery) -> Iterator[tuple[str, str]]:
    if query.search:
        yield "search", query.search
    for condition in Condition:
        if condition in query.conditions:
            yield "condition", condition.value
    for label in query.labels:
        yield "label", label
    if query.sort is not _DIALOGS.sort:
        yield "sort", query.sort.value
    if query.descending:
        yield "order", "desc"
    if query.page != 1:
        yield "page", str(query.page)
    if query.size != _DIALOGS.size:
        yield "size", str(query.size)


def toggled(query: DialogQuery, condition: Condition) -> str:
    """Give the address of the same list with a condition asked for, or no longer."""
    return dialogs(query, conditions=query.conditions ^ {condition})


def sorted_by(query: DialogQuery, sort: DialogSort) -> str:
    """Give the address of the same list sorted by a column; by the one it is sorted by, turned round."""
    descending = not query.descending if sort == query.sort else sort not in _ASCENDING
    return dialogs(query, sort=DialogSort(sort), descending=descending)


def without_label(query: DialogQuery, label: str) -> str:
    """Give the address of the same list without asking for one label."""
    return dialogs(query, labels=tuple(other for other in query.labels if other != label))


def key_of(dialog: DialogReport) -> str | None:
    """Give what a dialog is found by: its name, or its id; None where its manifest gives neither."""
    return dialog.name or (None if dialog.dialog is None else str(dialog.dialog))


def dialog(key: str, *, texts: bool = False, unapplied: bool = False, page: int = 1) -> str:
    """Give the address of one dialog, by name or id, or of a part of its page."""
    fields = [("texts", "true")] * texts + [("unapplied", "true")] * unapplied
    path = f"/dialogs/{quote(key, safe='', errors='backslashreplace')}"
    return _address(path, fields + [("page", str(page))] * (page != 1))


def dialog_of(report: DialogReport) -> str:
    """Give the address of a dialog's own page, or of the problems that keep its names from us."""
    key = key_of(report)
    return "/problems" if key is None else dialog(key)


def history(
    query: HistoryQuery = _HISTORY, *, path: str = "/history", texts: bool = False, **changes: Any
) -> str:
    """Give the address of a list of entries, from its first page unless `before` says otherwise."""
    fields = [*_history_fields(replace(query, **{"before": None, **changes}))]
    return _address(path, [*fields, *([("texts", "true")] if texts else [])])


def _history_fields(query: HistoryQuery) -> Iterator[tuple[str, str]]:
    if query.dialog is not None:
        yield "dialog", query.dialog
    for result in Result:
        if result in query.results:
            yield "result", result.value
    for name, time in (("since", query.since), ("until", query.until)):
        if isinstance(time, datetime):
            yield name, iso(time)
    if query.before is not None:
        yield "before", str(query.before)
    if query.size != _HISTORY.size:
        yield "size", str(query.size)


def history_of(report: DialogReport) -> str:
    """Give the address of all entries of one dialog."""
    return history(HistoryQuery(dialog=key_of(report)))


def _address(path: str, fields: Iterable[tuple[str, str]]) -> str:
    written = urlencode(list(fields), errors="backslashreplace")
    return f"{path}?{written}" if written else path
