"""The first page: is everything as declared, what is not and why, what was sent, how far behind are we."""

from reconciler.core.report import Condition
from reconciler.ledger.errors import LedgerError
from reconciler.web.model import DialogPage, HistoryPage, Overview
from reconciler.web.pages.chart import LATENCY_HEIGHT, STEP, chart
from reconciler.web.pages.entry import entry
from reconciler.web.pages.frame import Frame
from reconciler.web.pages.templates import render

WAITING = frozenset(Condition) - {Condition.IN_SYNC, Condition.SUSPENDED}
"""What the page names dialog by dialog: what is not as declared, though nobody asked for that."""

FEW = 6
"""Dialogs and entries that the page shows; its links lead to the others."""


def render_overview(
    frame: Frame, overview: Overview, waiting: DialogPage, history: HistoryPage | LedgerError
) -> str:
    """Give the page: how everything stands, the worst of the `waiting` dialogs, and the last entries.

    Where the history can't be read the page tells why, in its place.
    """
    return render(
        "overview",
        frame,
        here="Overview",
        overview=overview,
        waiting=waiting,
        entries=[] if isinstance(history, LedgerError) else [entry(told) for told in history.entries],
        unreadable=history if isinstance(history, LedgerError) else None,
        chart=chart(overview.passes) if overview.passes else None,
        passes=overview.passes[::-1],
        step=STEP,
        latency_height=LATENCY_HEIGHT,
        dialogs=sum(overview.conditions.values()),
    )
