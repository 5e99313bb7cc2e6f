"""What a query asks for, by the names that API and pages share."""

import re
from http import HTTPStatus
from typing import Final

from reconciler.core.condition import Condition
from reconciler.ledger.history import Result
from reconciler.web.model import DialogQuery, DialogSort, HistoryQuery
from reconciler.web.parameters import Parameters
from reconciler.web.trouble import Trouble

LONGEST_SEARCH: Final = 200
LONGEST_LABEL: Final = 507
MOST_LABELS: Final = 5
LONGEST_NAME: Final = 253
LARGEST_PAGE: Final = 200
MOST_PAGES: Final = 1_000_000
LARGEST_NUMBER: Final = 2**63 - 1

KEY: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
"""Names and ids of dialogs."""

DIALOG_FILTERS: Final = ("search", "condition", "label", "sort", "order", "page", "size")
HISTORY_FILTERS: Final = ("dialog", "result", "since", "until")


def dialog_query(given: Parameters) -> DialogQuery:
    """Read which dialogs to list. Raises Trouble."""
    return DialogQuery(
        search=given.text("search", LONGEST_SEARCH) or "",
        conditions=given.choices("condition", Condition),
        labels=given.texts("label", most=MOST_LABELS, longest=LONGEST_LABEL),
        sort=given.choice("sort", DialogSort) or DialogSort.CONDITION,
        descending=given.one_of("order", {"asc": False, "desc": True}) or False,
        page=given.number("page", 1, MOST_PAGES) or 1,
        size=given.number("size", 1, LARGEST_PAGE) or 50,
    )


def history_query(given: Parameters, *, paged: bool = True) -> HistoryQuery:
    """Read which entries of the history to list. Raises Trouble."""
    return HistoryQuery(
        dialog=given.text("dialog", LONGEST_NAME) or None,
        results=given.choices("result", Result),
        since=given.moment("since"),
        until=given.moment("until"),
        before=given.number("before", 1, LARGEST_NUMBER) if paged else None,
        size=(given.number("size", 1, LARGEST_PAGE) if paged else None) or 50,
    )


def no_dialog() -> Trouble:
    """Give what is told where no manifest declares a dialog of that name or id."""
    return Trouble(
        HTTPStatus.NOT_FOUND,
        "no manifest declares a dialog of this name or id",
        "/api/v1/dialogs lists those there are; the history tells of those there were",
    )
