"""The daemon's HTTP server: metrics, probes, and the routes it is given; GET and HEAD only."""

import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from reconciler.core.failure import Failure
from reconciler.reconcile.bug import bug_words
from reconciler.web.gate import Gate, Site
from reconciler.web.security import add_headers

_LONGEST_LINE: Final = 65_536
"""Bytes of an address: room for every parameter at its longest, whatever characters it is of."""


class ListenError(Failure):
    """The address can't be listened on."""


@asynccontextmanager
async def serve(
    host: str, port: int, *, probes: Iterable[web.AbstractRouteDef], site: Site
) -> AsyncIterator[str]:
    """Serve until the block is left; give the URL. Port 0 takes a free port. Raises ListenError."""
    log = _request_log()
    gate = Gate(site, log)

    async def end(_: web.Application) -> None:
        site.end()

    application = web.Application(middlewares=[gate.middleware()])
    application.on_response_prepare.append(add_headers)
    application.on_shutdown.append(end)
    application.router.add_routes([*probes, *site.routes])
    runner = web.AppRunner(
        application, access_log=None, logger=log, shutdown_timeout=1.0, max_line_size=_LONGEST_LINE
    )
    await runner.setup()
    try:
        tcp = web.TCPSite(runner, host, port)
        try:
            await tcp.start()
        except OSError as error:
            msg = f"can't listen on {host}:{port}: {error.strerror}; set RECONCILER_LISTEN to a free address"
            raise ListenError(msg) from None
        gate.bound = [(address[0], address[1]) for address in runner.addresses]
        name, free = gate.bound[0]
        yield f"http://{f'[{name}]' if ':' in name else name}:{free}"
    finally:
        await runner.cleanup()


def _request_log() -> logging.Logger:
    """Give the log of requests that fail. What a sender wrote stands in none of its lines."""
    log = logging.getLogger("reconciler.web")
    log.addFilter(_without_echo)
    return log


def _without_echo(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        return False  # not HTTP: the sender's own trouble, and no reason to fill a disk
    record.msg, record.args = f"a request failed: {bug_words(error) if error else 'unknown reason'}", ()
    record.exc_info = record.exc_text = None
    return True
