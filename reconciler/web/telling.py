"""Tells whoever connects to the socket beside the ledger how everything stands; see `asking`.

Who connects asks nothing: all is told at once.
"""

import asyncio
import contextlib
import logging
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from reconciler.ledger.lock import OURS_ALONE
from reconciler.reconcile.bug import bug_words
from reconciler.web.asking import PATIENCE, address_of, socket_of

_LOG: Final = logging.getLogger("reconciler.status")


@asynccontextmanager
async def telling(ledger: Path, tell: Callable[[], Awaitable[bytes]]) -> AsyncIterator[None]:
    """Tell everybody who connects what `tell` gives, until the block is left; the lock must be held.

    Raises OSError where there can't be such a socket.
    """
    path = socket_of(ledger)
    _remove(path)  # of a process that was killed: the lock says that none has it

    asked: set[asyncio.Task[None]] = set()

    def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering = asyncio.create_task(_answer(writer, tell))
        asked.add(answering)
        answering.add_done_callback(asked.discard)

    with socket.socket(socket.AF_UNIX) as listening:
        with address_of(path) as address:
            listening.bind(address)
        path.chmod(OURS_ALONE)  # before it listens: nobody could connect yet
        server = await asyncio.start_unix_server(connected, sock=listening)
        try:
            yield
        finally:
            server.close()
            _remove(path)
            for answering in asked:
                answering.cancel()
            await asyncio.gather(*asked, return_exceptions=True)


async def _answer(writer: asyncio.StreamWriter, tell: Callable[[], Awaitable[bytes]]) -> None:
    try:
        writer.write(await tell())
        async with asyncio.timeout(PATIENCE):
            await writer.drain()
    except (ConnectionError, TimeoutError):
        pass  # nobody takes it any more
    except Exception as error:  # noqa: BLE001  # who asks must not end who is asked
        _LOG.error("nothing could be told: %s", bug_words(error))  # a traceback may quote a manifest
    finally:
        writer.close()


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
