"""What every request passes: may it be seen, and what is told where there is no answer."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from reconciler.web.probes import PROBES
from reconciler.web.security import Access, check_access
from reconciler.web.trouble import BUG, Trouble, as_problem, as_text, trouble_of

API: Final = "/api/"
"""What lies below is for programs: they get problem documents."""

_READING: Final = frozenset({"GET", "HEAD"})


async def _plainly(request: web.Request, trouble: Trouble) -> web.StreamResponse:
    del request
    return as_text(trouble)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is served beside metrics and probes, and to whom.

    The paths in `open_to_all` hold nothing to hide: error pages load them too, for whomever those are.
    `show` makes a page of what went wrong; where it fails, a line of text tells it. `end` is called
    when the server ends, before it waits for the requests under way.
    """

    access: Access = field(default_factory=Access)
    routes: Sequence[web.AbstractRouteDef] = ()
    open_to_all: AbstractSet[str] = frozenset()
    show: Callable[[web.Request, Trouble], Awaitable[web.StreamResponse]] = _plainly
    end: Callable[[], None] = lambda: None


class Gate:
    """Lets through what may be seen, and makes an answer of whatever goes wrong.

    `bound` is to be the addresses that are listened on, once they are known.
    """

    def __init__(self, site: Site, log: logging.Logger) -> None:
        self._site = site
        self._log = log
        self.bound: Sequence[tuple[str, int]] = ()

    def middleware(self) -> Middleware:
        """Give it in the form that the HTTP server wants."""

        @web.middleware
        async def passed(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._pass(request, handler)

        return passed

    async def _pass(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._check(request)
            return await handler(request)
        except ConnectionError:
            raise  # nobody is there any more to be told
        except Exception as error:
            trouble = trouble_of(error)
            if request.writer.output_size:
                raise  # a part of an answer is out: that it breaks off is all that can still be told
            if trouble is None:
                self._log.exception("a request failed")
            return await self._tell(request, trouble or BUG)

    def _check(self, request: web.Request) -> None:
        if request.method not in _READING:
            raise web.HTTPMethodNotAllowed(request.method, _READING)
        if request.path not in PROBES and request.path not in self._site.open_to_all:
            check_access(request, self._site.access, self.bound)

    async def _tell(self, request: web.Request, trouble: Trouble) -> web.StreamResponse:
        if request.path.startswith(API):
            return as_problem(trouble)
        if request.path in PROBES:
            return as_text(trouble)
        try:
            return await self._site.show(request, trouble)
        except Exception:  # noqa: BLE001  # a page that tells of trouble must not be another one
            self._log.exception("a page failed")
            return as_text(trouble)
