"""The JSON API under `/api/v1`: read-only, and described by `/api/v1/openapi.json`."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from typing import Any, Final, ParamSpec, Protocol

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
"""Seconds that a client waits for a change, and we for a client: less than proxies wait for an answer."""

Given = ParamSpec("Given")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Encode(Protocol):
    def __call__(self, entries: Iterator[Told], *, texts: bool) -> Iterator[bytes]: ...


def api_routes(reading: Reading, threads: Executor) -> list[web.RouteDef]:
    """Give the routes of the API; its answers are made on `threads`, for some are long."""
    api = _Api(reading, threads)
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
    def __init__(self, reading: Reading, threads: Executor) -> None:
        self._reading = reading
        self._threads = threads

    async def overview(self, request: web.Request) -> web.Response:
        Parameters(request.query, ())
        change = self._reading.change
        return await self._document(overview_document, await self._reading.overview(), change)

    async def dialogs(self, request: web.Request) -> web.Response:
        query = dialog_query(Parameters(request.query, DIALOG_FILTERS))
        change = self._reading.change
        return await self._document(dialogs_document, await self._reading.dialogs(query), change)

    async def dialog(self, request: web.Request) -> web.Response:
        texts = Parameters(request.query, ("texts",)).flag("texts")
        change = self._reading.change
        key = request.match_info["key"]
        detail = await self._reading.dialog(key) if KEY.fullmatch(key) else None
        if detail is None:
            raise no_dialog()
        dialog = detail.report.dialog
        history = await self._reading.history(HistoryQuery(dialog=dialog.value if dialog else key))
        return await self._document(detail_document, detail, history, change, texts=texts)

    async def history(self, request: web.Request) -> web.Response:
        given = Parameters(request.query, (*HISTORY_FILTERS, "before", "size", "texts"))
        query, texts = history_query(given), given.flag("texts")
        change = self._reading.change
        page = await self._reading.history(query)
        return await self._document(history_page_document, page, change, texts=texts)

    async def history_json(self, request: web.Request) -> web.StreamResponse:
        return await self._export(request, as_json, "application/json")

    async def history_csv(self, request: web.Request) -> web.StreamResponse:
        return await self._export(request, as_csv, "text/csv")

    async def problems(self, request: web.Request) -> web.Response:
        Parameters(request.query, ())
        change = self._reading.change
        return await self._document(problems_document, await self._reading.problems(), change)

    async def changes(self, request: web.Request) -> web.Response:
        since = Parameters(request.query, ("since",)).number("since", 0, LARGEST_NUMBER)
        if since is None:
            return _json(changes_document(self._reading.change))
        return _json(changes_document(await self._reading.changed_since(since, LONGEST_WAIT)))

    async def openapi(self, request: web.Request) -> web.Response:
        Parameters(request.query, ())
        return await self._document(openapi)

    async def _document(
        self, make: Callable[Given, dict[str, Any]], *values: Given.args, **more: Given.kwargs
    ) -> web.Response:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: _json(make(*values, **more)))

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
                await _write(answer, piece)
        return answer


async def _write(answer: web.StreamResponse, piece: bytes) -> None:
    """Write a piece. Raises ConnectionResetError where nobody takes it, for others wait for their turn."""
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            await answer.write(piece)
    except TimeoutError:
        raise ConnectionResetError from None


def _json(document: dict[str, Any]) -> web.Response:
    """Give a JSON document in ASCII: file names that are not UTF-8 stand in it as lone surrogates."""
    return web.Response(text=json.dumps(document), content_type="application/json")
