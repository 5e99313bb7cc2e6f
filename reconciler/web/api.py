"""The JSON API under `/api/v1`: read-only, and described by `/api/v1/openapi.json`."""

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, Protocol

from aiohttp import web

from reconciler.ledger.history import Told
from reconciler.web.documents import (
    changes_document,
    detail_document,
    dialogs_document,
    history_page_document,
    overview_document,
    problems_document,
)
from reconciler.web.export import as_csv, as_json
from reconciler.web.model import HistoryQuery
from reconciler.web.openapi import openapi
from reconciler.web.parameters import Parameters
from reconciler.web.queries import (
    DIALOG_FILTERS,
    HISTORY_FILTERS,
    KEY,
    LARGEST_NUMBER,
    dialog_query,
    history_query,
    no_dialog,
)
from reconciler.web.reading import Reading

LONGEST_WAIT: Final = 25.0
"""Seconds that a client waits for a change: less than proxies wait for an answer."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Encode(Protocol):
    def __call__(self, entries: Iterator[Told], *, texts: bool) -> Iterator[bytes]: ...


def api_routes(reading: Reading) -> list[web.RouteDef]:
    """Give the routes of the API."""
    api = _Api(reading)
    paths: dict[str, Handler] = {
        "overview": api.overview,
        "dialogs": api.dialogs,
        "dialogs/{key}": api.dialog,
        "history": api.history,
        "history.json": api.history_json,
        "history.csv": api.history_csv,
        "problems": api.problems,
        "changes": api.changes,
        "openapi.json": api.openapi,
    }
    return [web.get(f"/api/v1/{path}", handler) for path, handler in paths.items()]


class _Api:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def overview(self, request: web.Request) -> web.Response:
        Parameters(request.query, ())
        change = self._reading.change
        return _document(overview_document(await self._reading.overview(), change))

    async def dialogs(self, request: web.Request) -> web.Response:
        query = dialog_query(Parameters(request.query, DIALOG_FILTERS))
        change = self._reading.change
        return _document(dialogs_document(await self._reading.dialogs(query), change))

    async def dialog(self, request: web.Request) -> web.Response:
        texts = Parameters(request.query, ("texts",)).flag("texts")
        change = self._reading.change
        key = request.match_info["key"]
        detail = await self._reading.dialog(key) if KEY.fullmatch(key) else None
        if detail is None:
            raise no_dialog()
        dialog = detail.report.dialog
        history = await self._reading.history(HistoryQuery(dialog=dialog.value if dialog else key))
        return _document(detail_document(detail, history, change, texts=texts))

    async def history(self, request: web.Request) -> web.Response:
        given = Parameters(request.query, (*HISTORY_FILTERS, "before", "size", "texts"))
        query, texts = history_query(given), given.flag("texts")
        change = self._reading.change
        return _document(history_page_document(await self._reading.history(query), change, texts=texts))

    async def history_json(self, request: web.Request) -> web.StreamResponse:
        return await self._export(request, as_json, "application/json")

    async def history_csv(self, request: web.Request) -> web.StreamResponse:
        return await self._export(request, as_csv, "text/csv")

    async def problems(self, request: web.Request) -> web.Response:
        Parameters(request.query, ())
        change = self._reading.change
        return _document(problems_document(await self._reading.problems(), change))

    async def changes(self, request: web.Request) -> web.Response:
        since = Parameters(request.query, ("since",)).number("since", 0, LARGEST_NUMBER)
        if since is None:
            return _document(changes_document(self._reading.change))
        return _document(changes_document(await self._reading.changed_since(since, LONGEST_WAIT)))

    async def openapi(self, request: web.Request) -> web.Response:
        Parameters(request.query, ())
        return _document(openapi())

    async def _export(self, request: web.Request, encode: _Encode, media_type: str) -> web.StreamResponse:
        given = Parameters(request.query, (*HISTORY_FILTERS, "texts"))
        query, texts = history_query(given, paged=False), given.flag("texts")
        name = request.path.rpartition("/")[2]
        answer = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{name}"'})
        answer.content_type, answer.charset = media_type, "utf-8"
        async with self._reading.export(query, lambda rows: encode(rows, texts=texts)) as pieces:
            async for piece in pieces:
                if not answer.prepared:
                    await answer.prepare(request)
                    if request.method == "HEAD":
                        break
                await answer.write(piece)
        return answer


def _document(document: dict[str, Any]) -> web.Response:
    """Give a JSON document in ASCII: file names that are not UTF-8 stand in it as lone surrogates."""
    return web.Response(text=json.dumps(document), content_type="application/json")
