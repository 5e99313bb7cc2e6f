"""The routes of the status page: what a browser asks for is read, and shown."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from http import HTTPStatus
from typing import Final

from aiohttp import web

from reconciler.ledger.errors import LedgerError
from reconciler.web.model import DialogQuery, HistoryPage, HistoryQuery
from reconciler.web.pages.assets import ASSETS
from reconciler.web.pages.dialog import DialogView, render_dialog
from reconciler.web.pages.dialogs import render_dialogs
from reconciler.web.pages.form import Form
from reconciler.web.pages.frame import Frame, frame_of
from reconciler.web.pages.history import render_history
from reconciler.web.pages.overview import ENTRIES, FEW, WAITING, render_overview
from reconciler.web.pages.problems import render_problems
from reconciler.web.pages.trouble import render_trouble
from reconciler.web.parameters import Parameters
from reconciler.web.queries import (
    DIALOG_FILTERS,
    HISTORY_FILTERS,
    KEY,
    MOST_PAGES,
    dialog_query,
    history_query,
    no_dialog,
)
from reconciler.web.reading import Reading
from reconciler.web.trouble import Trouble

_KEPT: Final = "private, max-age=31536000, immutable"
"""A static file has another address once its content is another, so nobody need ask for it again."""

_OPEN: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
"""Only who may see pages gets these; who gets another one may not see how anything stands."""

_LAST: Final = 5

Handler = Callable[[web.Request], Awaitable[web.Response]]


class Pages:
    """Makes the pages, on `threads`: the event loop goes on meanwhile."""

    def __init__(self, reading: Reading, threads: Executor) -> None:
        self._reading = reading
        self._threads = threads

    def routes(self) -> list[web.RouteDef]:
        """Give the routes of the pages and of what they load."""
        handlers: dict[str, Handler] = {
            "/": self._overview,
            "/dialogs": self._dialogs,
            "/dialogs/{key}": self._dialog,
            "/history": self._history,
            "/problems": self._problems,
            "/static/{name}": _static,
        }
        return [web.get(path, handler) for path, handler in handlers.items()]

    async def show(self, request: web.Request, trouble: Trouble) -> web.Response:
        """Give the page that tells what is wrong; how everything stands only to those who may see it."""
        del request
        frame = await self._frame() if trouble.status in _OPEN else Frame(at=self._reading.now())
        page = await self._page(render_trouble, frame, trouble)
        page.set_status(trouble.status)
        page.headers.update(trouble.headers)
        return page

    async def _overview(self, request: web.Request) -> web.Response:
        Parameters(Form(request.query), ())
        change = self._reading.change
        overview = await self._reading.overview()
        waiting = await self._reading.dialogs(DialogQuery(conditions=WAITING, size=FEW))
        history: HistoryPage | LedgerError
        try:
            history = await self._reading.history(HistoryQuery(size=ENTRIES))
        except LedgerError as error:
            history = error  # the page tells of it: that is when people open it
        return await self._page(render_overview, frame_of(overview, change), overview, waiting, history)

    async def _dialogs(self, request: web.Request) -> web.Response:
        query = dialog_query(Parameters(Form(request.query), DIALOG_FILTERS))
        frame = await self._frame()
        return await self._page(render_dialogs, frame, await self._reading.dialogs(query))

    async def _dialog(self, request: web.Request) -> web.Response:
        given = Parameters(Form(request.query), ("texts", "unapplied", "page"))
        view = DialogView(
            texts=given.flag("texts"),
            unapplied=given.flag("unapplied"),
            page=given.number("page", 1, MOST_PAGES) or 1,
        )
        key = request.match_info["key"]
        frame = await self._frame()
        detail = await self._reading.dialog(key) if KEY.fullmatch(key) else None
        if detail is None:
            raise no_dialog()
        dialog = detail.report.dialog
        history = await self._reading.history(HistoryQuery(dialog=str(dialog or key), size=_LAST))
        return await self._page(render_dialog, frame, detail, history.entries, view)

    async def _history(self, request: web.Request) -> web.Response:
        given = Parameters(Form(request.query), (*HISTORY_FILTERS, "before", "size", "texts"))
        query, texts = history_query(given), given.flag("texts")
        frame = await self._frame()
        return await self._page(render_history, frame, await self._reading.history(query), texts=texts)

    async def _problems(self, request: web.Request) -> web.Response:
        Parameters(Form(request.query), ())
        frame = await self._frame()
        return await self._page(render_problems, frame, await self._reading.problems())

    async def _frame(self) -> Frame:
        """Give what stands around a page; what it shows is read after this, so it is no older."""
        change = self._reading.change
        return frame_of(await self._reading.overview(), change)

    async def _page(self, make: Callable[..., str], *values: object, **more: object) -> web.Response:
        work = partial(make, *values, **more)
        text = await asyncio.get_running_loop().run_in_executor(self._threads, work)
        return web.Response(text=text, content_type="text/html")


async def _static(request: web.Request) -> web.Response:
    asset = ASSETS.get(request.match_info["name"])
    if asset is None:
        raise web.HTTPNotFound
    kept = {"Cache-Control": _KEPT} if request.query_string == f"v={asset.version}" else {}
    return web.Response(body=asset.content, content_type=asset.media_type, charset="utf-8", headers=kept)
