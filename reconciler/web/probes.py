"""`/metrics`, `/healthz` and `/readyz`: for monitoring and orchestrators, open to whoever reaches them."""

import time
from collections.abc import Callable
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from reconciler.daemon.health import Health

PROBES: Final = frozenset({"/metrics", "/healthz", "/readyz"})

_LONGEST_BEAT: Final = 30.0
"""Seconds without a beat after which the loop counts as dead; it beats every 2."""


def probe_routes(registry: CollectorRegistry, health: Callable[[], Health]) -> list[web.RouteDef]:
    """Give the routes of metrics and probes."""

    async def metrics(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    async def alive(_: web.Request) -> web.Response:
        silent = time.monotonic() - health().beat
        return _probe(f"the loop has not moved for {silent:.0f} s" if silent > _LONGEST_BEAT else None)

    async def ready(_: web.Request) -> web.Response:
        return _probe(unready(health()))

    return [web.get("/metrics", metrics), web.get("/healthz", alive), web.get("/readyz", ready)]


def unready(health: Health) -> str | None:
    """Give why the daemon is of no use now; None where it is."""
    if health.hindrance is not None:
        return health.hindrance
    return None if health.first_pass_done else "the first pass has not finished"


def _probe(trouble: str | None) -> web.Response:
    return web.Response(text=f"{trouble or 'ok'}\n", status=503 if trouble else 200)
