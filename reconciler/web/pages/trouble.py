"""The page where there is none, or none can be given: what is wrong, and what to do."""

from http import HTTPStatus
from typing import Final

from reconciler.web.pages.frame import Frame
from reconciler.web.pages.templates import render
from reconciler.web.trouble import Trouble

_TITLES: Final = {
    HTTPStatus.BAD_REQUEST: "This can't be asked",
    HTTPStatus.UNAUTHORIZED: "A token is needed",
    HTTPStatus.FORBIDDEN: "Nothing is shown here",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A bug",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not just now",
}

_LOOK: Final = (
    "look for it in the list of dialogs: it may have another name now; what was sent stands in the history"
)


def render_trouble(frame: Frame, trouble: Trouble) -> str:
    """Give the page that tells what is wrong."""
    return render(
        "trouble",
        frame,
        here="",
        heading=_TITLES.get(trouble.status, trouble.status.phrase),
        what=trouble.what,
        todo=_LOOK if trouble.status is HTTPStatus.NOT_FOUND else trouble.todo,
        closed=frame.state is None,
    )
