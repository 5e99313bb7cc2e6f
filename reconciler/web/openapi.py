"""The API's own description (OpenAPI 3.1), made of what the program knows: it can't fall behind."""

from collections.abc import Iterable
from typing import Any, Final

from reconciler import __version__
from reconciler.core.condition import Condition
from reconciler.ledger.history import Result
from reconciler.web.model import DialogSort
from reconciler.web.openapi_schemas import SCHEMAS, ref
from reconciler.web.queries import (
    KEY,
    LARGEST_NUMBER,
    LARGEST_PAGE,
    LONGEST_LABEL,
    LONGEST_NAME,
    LONGEST_SEARCH,
    MOST_LABELS,
    MOST_PAGES,
)
from reconciler.web.trouble import PROBLEM_TYPE

Json = dict[str, Any]

_DESCRIPTION: Final = (
    "How everything stands that one daemon keeps as its manifests say. Read-only: every address answers "
    "GET and HEAD. Message texts are left out unless `texts=true` asks for them. What `format` names "
    "keeps its members from release to release; there may be more."
)


def openapi() -> Json:
    """Give the document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "reconciler",
            "summary": "The daemon's status as JSON",
            "description": _DESCRIPTION,
            "version": __version__,
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"bearer": []}, {"basic": []}],
        "paths": _paths(),
        "components": {
            "schemas": SCHEMAS,
            "responses": _RESPONSES,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The token listened with."},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "For browsers: the token as the password of any user.",
                },
            },
        },
    }


def _paths() -> Json:
    return {
        "/api/v1/overview": _get(
            "overview", "How everything stands, and what waits for a person", "Overview"
        ),
        "/api/v1/dialogs": _get("dialogs", "Dialogs, found and sorted", "Dialogs", _DIALOGS),
        "/api/v1/dialogs/{key}": _get(
            "dialog",
            "One dialog, part by part, with the first page of its history",
            "Dialog",
            [_KEY, _TEXTS],
            missing=True,
            ledger=True,
        ),
        "/api/v1/history": _get(
            "history", "The history, newest first", "History", [*_HISTORY, *_PAGING, _TEXTS], ledger=True
        ),
        "/api/v1/history.json": _get(
            "historyAsJson",
            "All of the history as one document",
            "HistoryExport",
            [*_HISTORY, _TEXTS],
            ledger=True,
        ),
        "/api/v1/history.csv": _get(
            "historyAsTable",
            "All of the history as a table (RFC 4180); no cell begins as a formula does",
            None,
            [*_HISTORY, _TEXTS],
            ledger=True,
        ),
        "/api/v1/problems": _get("problems", "Every problem in manifests", "Problems"),
        "/api/v1/changes": _get(
            "changes", "Wait up to 25 s until `change` is another number", "Changes", [_SINCE], ledger=True
        ),
        "/api/v1/openapi.json": _get("openapi", "This document", "OpenApi"),
    }


def _get(
    name: str,
    summary: str,
    schema: str | None,
    parameters: Iterable[Json] = (),
    *,
    missing: bool = False,
    ledger: bool = False,
) -> Json:
    content = (
        {"text/csv": {"schema": {"type": "string"}}}
        if schema is None
        else {"application/json": {"schema": ref(schema)}}
    )
    responses: Json = {"200": {"description": summary, "content": content}}
    statuses = ["400", "401", "403", *(["404"] if missing else []), "405", "421"]
    for status in [*statuses, *(["503"] if ledger else [])]:
        responses[status] = {"$ref": f"#/components/responses/{status}"}
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": list(parameters),
            "responses": responses,
        }
    }


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _repeated(name: str, description: str, items: Json, most: int) -> Json:
    schema = {"type": "array", "items": items, "maxItems": most, "uniqueItems": True}
    return {**_query(name, description, schema), "style": "form", "explode": True}


def _whole(least: int, most: int, default: int | None = None) -> Json:
    schema: Json = {"type": "integer", "minimum": least, "maximum": most}
    return schema if default is None else {**schema, "default": default}


_DIALOGS: Final = [
    _query(
        "search",
        "Looked for in names, ids, labels, notes and origins, in any case.",
        {"type": "string", "maxLength": LONGEST_SEARCH},
    ),
    _repeated(
        "condition", "One of these.", {"type": "string", "enum": [str(c) for c in Condition]}, len(Condition)
    ),
    _repeated(
        "label",
        "`key=value`, or `key` alone; all of them.",
        {"type": "string", "maxLength": LONGEST_LABEL},
        MOST_LABELS,
    ),
    _query(
        "sort",
        "`condition` is the worst first.",
        {"type": "string", "enum": [str(s) for s in DialogSort], "default": str(DialogSort.CONDITION)},
    ),
    _query("order", "`desc` turns it round.", {"type": "string", "enum": ["asc", "desc"], "default": "asc"}),
    _query("page", "From 1.", _whole(1, MOST_PAGES, 1)),
    _query("size", "Dialogs on a page.", _whole(1, LARGEST_PAGE, 50)),
]
_HISTORY: Final = [
    _query("dialog", "Its name or id.", {"type": "string", "maxLength": LONGEST_NAME}),
    _repeated(
        "result",
        "One of these; then approvals and retries are left out.",
        {"type": "string", "enum": [str(r) for r in Result]},
        len(Result),
    ),
    _query("since", "Sent then or later (RFC 3339).", {"type": "string", "format": "date-time"}),
    _query("until", "Sent earlier (RFC 3339).", {"type": "string", "format": "date-time"}),
]
_PAGING: Final = [
    _query("before", "The `next` of the page before.", _whole(1, LARGEST_NUMBER)),
    _query("size", "Calls on a page; requests stand among them.", _whole(1, LARGEST_PAGE, 50)),
]
_TEXTS: Final = _query("texts", "Show message texts.", {"type": "boolean", "default": False})
_SINCE: Final = _query(
    "since", "The `change` that is known; without it nothing is waited for.", _whole(0, LARGEST_NUMBER)
)
_KEY: Final = {
    "name": "key",
    "in": "path",
    "required": True,
    "description": "The name or id of a dialog.",
    "schema": {"type": "string", "pattern": f"^{KEY.pattern}$", "maxLength": LONGEST_NAME},
}
_RESPONSES: Final = {
    status: {"description": description, "content": {PROBLEM_TYPE: {"schema": ref("Problem")}}}
    for status, description in {
        "400": "A parameter is wrong; `parameter` names it.",
        "401": "The token is missing, or another one.",
        "403": "The daemon listens on more than loopback and has no token.",
        "404": "There is no such dialog.",
        "405": "Only GET and HEAD are answered.",
        "421": "The daemon listens on loopback and was asked for by another name.",
        "503": "The ledger can't be read, or as many are at it as may be at once.",
    }.items()
}
