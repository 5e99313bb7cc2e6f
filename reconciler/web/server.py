"""The daemon's HTTP server: `/metrics`, `/healthz`, `/readyz`; GET and HEAD only."""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from reconciler.core.failure import Failure
from reconciler.daemon.health import Health
from reconciler.reconcile.bug import bug_words

_LONGEST_BEAT: Final = 30.0
"""Seconds without a beat after which the loop counts as dead; it beats every 5."""

_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class ListenError(Failure):
    """The address can't be listened on."""


@asynccontextmanager
async def serve(
    host: str, port: int, *, registry: CollectorRegistry, health: Callable[[], Health]
) -> AsyncIterator[str]:
    """Serve until the block is left; give the URL. Port 0 takes a free port. Raises ListenError."""

    async def metrics(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type, **_HEADERS})

    async def alive(_: web.Request) -> web.Response:
        silent = time.monotonic() - health().beat
        return _probe(f"the loop has not moved for {silent:.0f} s" if silent > _LONGEST_BEAT else None)

    async def ready(_: web.Request) -> web.Response:
        return _probe(unready(health()))

    application = web.Application()
    application.router.add_get("/metrics", metrics)
    application.router.add_get("/healthz", alive)
    application.router.add_get("/readyz", ready)
    runner = web.AppRunner(application, access_log=None, logger=_request_log(), shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            msg = f"can't listen on {host}:{port}: {error.strerror}; set RECONCILER_LISTEN to a free address"
            raise ListenError(msg) from None
        name, bound, *_ = runner.addresses[0]
        yield f"http://{f'[{name}]' if ':' in name else name}:{bound}"
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


def unready(health: Health) -> str | None:
    """Give why the daemon is of no use now; None where it is."""
    if health.hindrance is not None:
        return health.hindrance
    return None if health.first_pass_done else "the first pass has not finished"


def _probe(trouble: str | None) -> web.Response:
    return web.Response(text=f"{trouble or 'ok'}\n", status=503 if trouble else 200, headers=_HEADERS)
