"""Looking at files that may be half written."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from reconciler.source.directory import Scan

_QUIET: Final = 0.03
"""Seconds between two scans that must agree before a change is acted on: it may be half written."""

_RESTLESS: Final = 30
"""Scans after which a tree that never comes to rest is acted on all the same."""


class Todo(Protocol):
    """What a scan asks for."""

    @property
    def news(self) -> bool:
        """Tell whether the files differ from what is known."""
        ...


T = TypeVar("T", bound=Todo)


async def settled_scan(
    scan: Callable[[], Awaitable[Scan]], agenda: Callable[[Scan], T], stop: asyncio.Event
) -> tuple[Scan, T]:
    """Scan; where that shows news, until two scans agree or `stop`. Give the last and what it asks for."""
    last = await scan()
    todo = agenda(last)
    for _ in range(_RESTLESS):
        if stop.is_set() or not todo.news:
            break
        await asyncio.sleep(_QUIET)
        before, last = last, await scan()
        todo = agenda(last)
        if before == last:
            break
    return last, todo
