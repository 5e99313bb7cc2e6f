"""The list of dialogs: searched, filtered, sorted, a page at a time."""

from reconciler.core.condition import Condition
from reconciler.web.model import DialogPage, DialogSort
from reconciler.web.pages.frame import Frame
from reconciler.web.pages.templates import render

_SORTS = {
    DialogSort.CONDITION: "Condition",
    DialogSort.NAME: "Name",
    DialogSort.PENDING: "Waiting",
    DialogSort.ORIGIN: "Origin",
}


def render_dialogs(frame: Frame, page: DialogPage) -> str:
    """Give the page; `page.query` is what was asked for."""
    query = page.query
    return render(
        "dialogs",
        frame,
        here="Dialogs",
        page=page,
        query=query,
        all_conditions=tuple(Condition),
        sorts=_SORTS,
        narrowed=bool(query.search or query.conditions or query.labels),
        first=(query.page - 1) * query.size + 1,
        last=(query.page - 1) * query.size + len(page.dialogs),
    )
