"""Looking at files that may be half written."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from reconciler.source.directory import Scan

_QUIET: Final = 0.03
"""Seconds between two scans that must agree before a change is acted on: it may be half written."""

_RESTLESS: Final = 30
"""Scans after which a tree that never comes to rest is acted on all the same."""


async def settled_scan(
    scan: Callable[[], Awaitable[Scan]], shows_news: Callable[[Scan], bool], stop: asyncio.Event
) -> Scan:
    """Scan; where that shows news, scan until two scans agree, or until `stop`."""
    last = await scan()
    for _ in range(_RESTLESS):
        if stop.is_set() or not shows_news(last):
            break
        await asyncio.sleep(_QUIET)
        before, last = last, await scan()
        if before == last:
            break
    return last
