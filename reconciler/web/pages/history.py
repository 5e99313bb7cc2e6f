"""The history: what was sent, when, because of which line, what came of it, and what people asked for."""

from reconciler.ledger.history import Result
from reconciler.web.model import HistoryPage
from reconciler.web.pages.entry import entry
from reconciler.web.pages.frame import Frame
from reconciler.web.pages.templates import render


def render_history(frame: Frame, page: HistoryPage, *, texts: bool = False) -> str:
    """Give the page; `page.query` is what was asked for, `texts` asks for old and new texts too."""
    query = page.query
    return render(
        "history",
        frame,
        here="History",
        page=page,
        query=query,
        texts=texts,
        results=tuple(Result),
        entries=[entry(told, texts=texts) for told in page.entries],
        narrowed=bool(query.dialog or query.results or query.since or query.until),
    )
