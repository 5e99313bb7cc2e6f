"""The first page: is everything as declared, what is not and why, what was sent, how far behind are we."""

from datetime import datetime, timedelta

from reconciler.core.condition import Condition
from reconciler.ledger.errors import LedgerError
from reconciler.ledger.history import HistoryRow, Result, Told
from reconciler.web.model import DialogPage, HistoryPage
from reconciler.web.pages.chart import LATENCY_HEIGHT, STEP, chart
from reconciler.web.pages.entry import entry
from reconciler.web.pages.frame import Frame
from reconciler.web.pages.templates import render
from reconciler.web.state import Overview

WAITING = frozenset(Condition) - {Condition.IN_SYNC, Condition.SUSPENDED}
"""What the page names dialog by dialog: what is not as declared, though nobody asked for that."""

FEW = 6
"""Dialogs and entries that the page shows; its links lead to the others."""

ENTRIES = FEW + 64
"""Entries that the page is made of: those under way, as many as there can be, are only counted."""

_UNDER_WAY = timedelta(minutes=1)
"""A call without an answer for longer is told as what it is: in doubt."""


def render_overview(
    frame: Frame, overview: Overview, waiting: DialogPage, history: HistoryPage | LedgerError
) -> str:
    """Give the page: how everything stands, the worst of the `waiting` dialogs, and the last entries.

    Where the history can't be read the page tells why, in its place.
    """
    told = () if isinstance(history, LedgerError) else history.entries
    shown = [one for one in told if not _is_under_way(one, overview.at)]
    return render(
        "overview",
        frame,
        here="Overview",
        overview=overview,
        waiting=waiting,
        entries=[entry(one) for one in shown[:FEW]],
        under_way=len(told) - len(shown),
        unreadable=history if isinstance(history, LedgerError) else None,
        chart=chart(overview.passes) if overview.passes else None,
        passes=overview.passes[::-1],
        step=STEP,
        latency_height=LATENCY_HEIGHT,
        dialogs=sum(overview.conditions.values()),
    )


def _is_under_way(told: Told, now: datetime) -> bool:
    return isinstance(told, HistoryRow) and told.result is Result.IN_DOUBT and now - told.sent_at < _UNDER_WAY
