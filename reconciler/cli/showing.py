"""What the daemon shows over HTTP put together: what is read, to whom it is shown, and as what."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Executor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Final

from reconciler.cli.credential import ListenToken, listen_token
from reconciler.cli.log import LOG
from reconciler.log_lines.events import Credential, Log
from reconciler.settings import Settings
from reconciler.web.api import api_routes
from reconciler.web.changes import Changes
from reconciler.web.gate import Site
from reconciler.web.model import DialogQuery
from reconciler.web.pages.assets import PATHS
from reconciler.web.pages.routes import Pages
from reconciler.web.reading import Live, Reading
from reconciler.web.recent import Recent
from reconciler.web.resting_thread import RestingThread
from reconciler.web.security import Access
from reconciler.web.status import status_document
from reconciler.web.telling import telling

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
    async with AsyncExitStack() as stack:
        thread = stack.enter_context(RestingThread("web"))
        reading = Reading(live, recent, changes, thread)
        pages = Pages(reading, thread)
        try:
            await stack.enter_async_context(telling(settings.ledger, partial(_status, reading, thread, live)))
        except OSError as error:
            LOG.warning(
                Log(logger="status", what=f"`reconciler status` can't ask: {error.strerror or error}")
            )
        try:
            yield (
                recent,
                Site(
                    access=Access(
                        opens=None if token is None else token.opens, behind_proxy=settings.behind_proxy
                    ),
                    routes=[*api_routes(reading, thread), *pages.routes()],
                    open_to_all=PATHS,
                    show=pages.show,
                    end=reading.end,
                ),
            )
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking


async def _status(reading: Reading, threads: Executor, live: Live) -> bytes:
    """Give what `reconciler status` shows."""
    overview, problems = await reading.overview(), await reading.problems()
    dialogs = await reading.dialogs(DialogQuery(size=sys.maxsize))
    make = partial(status_document, overview, dialogs.dialogs, problems.problems, live.ledger)
    return await asyncio.get_running_loop().run_in_executor(threads, lambda: json.dumps(make()).encode())


def _notice(level: int, words: str) -> None:
    logging.getLogger("reconciler.credential").log(level, Credential(what=words))


async def _keep_looking(token: ListenToken | None) -> None:
    while token is not None:
        token.look()
        await asyncio.sleep(_LOOK)
