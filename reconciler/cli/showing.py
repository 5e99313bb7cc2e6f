"""What the daemon shows over HTTP put together: what is read, to whom it is shown, and as what."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

from reconciler.cli.credential import ListenToken, listen_token
from reconciler.log_lines.events import Credential
from reconciler.settings import Settings
from reconciler.web.api import api_routes
from reconciler.web.changes import Changes
from reconciler.web.gate import Site
from reconciler.web.pages.routes import Pages
from reconciler.web.reading import Live, Reading
from reconciler.web.recent import Recent
from reconciler.web.resting_thread import RestingThread
from reconciler.web.security import Access

_LOOK: Final = 1.0
"""Seconds between looks at the token's file, so that a rotation needs no restart."""

_SWITCH: Final = 0.0005
"""Seconds after which a busy thread lets the loop that sends go on; Python's own 5 ms tell on each call."""


@asynccontextmanager
async def showing(
    live: Live, settings: Settings, environ: Mapping[str, str]
) -> AsyncIterator[tuple[Recent, Site]]:
    """Give the observer that is to be told what happens, and the site that shows it.

    Raises a Failure where the token can't be used.
    """
    token = listen_token(settings, environ, _notice)
    changes = Changes()
    recent = Recent(changes)
    looking = asyncio.create_task(_keep_looking(token))
    sys.setswitchinterval(_SWITCH)
    with RestingThread("web") as thread:
        reading = Reading(live, recent, changes, thread)
        pages = Pages(reading, thread)
        try:
            yield (
                recent,
                Site(
                    access=Access(
                        opens=None if token is None else token.opens, behind_proxy=settings.behind_proxy
                    ),
                    routes=[*api_routes(reading, thread), *pages.routes()],
                    show=pages.show,
                    end=changes.end,
                ),
            )
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking


def _notice(level: int, words: str) -> None:
    logging.getLogger("reconciler.credential").log(level, Credential(what=words))


async def _keep_looking(token: ListenToken | None) -> None:
    while token is not None:
        token.look()
        await asyncio.sleep(_LOOK)
