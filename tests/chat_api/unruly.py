"""A chat service whose first connection is not served as it should be; the others are."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.chat_api.wire import SUCCESS

Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Unruly:
    """What a service saw whose first connection is not served as it should be."""

    url: str = ""
    connections: int = 0
    texts: list[str] = field(default_factory=list)


@asynccontextmanager
async def unruly_service(first: Connected) -> AsyncIterator[Unruly]:
    """Do `first` with the first connection, and serve the others well."""
    service = Unruly()

    well = serving(service.texts)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        service.connections += 1
        if service.connections > 1:
            await well(reader, writer)
            return
        try:
            await first(reader, writer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    with socket.socket() as here:
        here.bind(("127.0.0.1", 0))
        service.url = f"http://127.0.0.1:{here.getsockname()[1]}"
        async with listening(connected, sock=here):
            yield service


@asynccontextmanager
async def listening(connected: Connected, *, sock: socket.socket) -> AsyncIterator[None]:
    """Take connections on a socket that is bound; hang up on all of them at the end."""
    writers: list[asyncio.StreamWriter] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await connected(reader, writer)

    server = await asyncio.start_server(take, sock=sock)
    try:
        yield
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


def serving(texts: list[str]) -> Connected:
    """Give what serves a connection well, and keeps the texts that came."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await serve_one(reader, writer, texts)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    return serve


async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, texts: list[str]) -> None:
    """Take one text, and confirm it."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    texts.append(json.loads(await reader.readexactly(length))["message"])
    writer.write(SUCCESS)
