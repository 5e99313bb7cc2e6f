"""Why a request gets no answer of its own: what is wrong and what to do, whoever shows that."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import web

from reconciler.ledger.errors import LedgerError
from reconciler.web.model import TooMany

PROBLEM_TYPE: Final = "application/problem+json"


class Trouble(Exception):  # noqa: N818  # it is an answer, and as a rule not a mistake of ours
    """A request is answered with `status`: `what` is wrong, and what `todo`.

    `parameter` is the one of the request that is wrong, where it is one.
    """

    def __init__(
        self,
        status: HTTPStatus,
        what: str,
        todo: str,
        *,
        parameter: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status}: {what}; {todo}")
        self.status = status
        self.what = what
        self.todo = todo
        self.parameter = parameter
        self.headers = headers or {}


def trouble_of(error: Exception) -> Trouble | None:
    """Give what an exception means to the client; None where it is a bug of ours."""
    match error:
        case Trouble():
            return error
        case LedgerError(what=what, todo=todo):
            return _later(what, todo)
        case TooMany():
            return _later(f"there are as many {error} as may be at once", "ask again in a few seconds")
        case web.HTTPException():
            return _unroutable(error)
        case _:
            return None


def _later(what: str, todo: str) -> Trouble:
    return Trouble(HTTPStatus.SERVICE_UNAVAILABLE, what, todo, headers={"Retry-After": "5"})


def _unroutable(error: web.HTTPException) -> Trouble:
    match error:
        case web.HTTPNotFound():
            todo = "/api/v1/openapi.json lists what there is"
            return Trouble(HTTPStatus.NOT_FOUND, "there is nothing at this address", todo)
        case web.HTTPMethodNotAllowed():
            return Trouble(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "nothing can be changed here",
                "ask with GET or HEAD; what is to change stands in the manifests",
                headers={"Allow": "GET,HEAD"},
            )
        case _:
            status = HTTPStatus(error.status)
            return Trouble(status, status.phrase.lower(), "correct the request")


BUG: Final = Trouble(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "this request met a bug of the program; its log says where",
    "please report it",
)


def as_problem(trouble: Trouble) -> web.Response:
    """Give a problem document (RFC 9457)."""
    document = {
        "type": "about:blank",
        "title": trouble.status.phrase,
        "status": trouble.status.value,
        "detail": trouble.what,
        "todo": trouble.todo,
        "parameter": trouble.parameter,
    }
    return web.Response(
        text=json.dumps(document),
        status=trouble.status,
        content_type=PROBLEM_TYPE,
        headers=trouble.headers,
    )


def as_text(trouble: Trouble) -> web.Response:
    """Give a line of plain text."""
    return web.Response(
        text=f"{trouble.what}; {trouble.todo}\n", status=trouble.status, headers=trouble.headers
    )
