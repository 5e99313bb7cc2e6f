"""A chat service of raw bytes: each test writes what comes back, or fails to."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reconciler.chat_api.client import ChatApi, ChatApiOptions
from reconciler.chat_api.credentials import ApiKey
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.secret_file import Notice
from reconciler.chat_api.url import ApiUrl

CERTIFICATES: Final = Path(__file__).parent / "certificates"
"""An authority and a server certificate for `localhost`, made with openssl for a hundred years."""

KEY: Final = "canary-28irlNAGasWDSupO9Vw0BBMZ"
SUCCESS: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came, and the connection to answer on."""

    head: bytes
    body: bytes
    connection: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}

    async def answer(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
        await self.writer.drain()

    def reset(self) -> None:
        """Break the connection hard, as a crashing server does."""
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()


Script = Callable[[Received], Awaitable[None]]


@dataclass(slots=True)
class RawService:
    """What the service saw so far."""

    url: str = ""
    connections: int = 0
    received: list[Received] = field(default_factory=list)


@asynccontextmanager
async def raw_service(script: Script, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawService]:
    """Serve `script` once a request, on a loopback port that is free."""
    service = RawService()
    tasks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        service.connections += 1
        number = service.connections
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                body = await reader.readexactly(length)
                request = Received(head=head, body=body, connection=number, reader=reader, writer=writer)
                service.received.append(request)
                await script(request)
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    service.url = f"http://127.0.0.1:{port}" if tls is None else f"https://localhost:{port}"
    try:
        yield service
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def always(*parts: bytes) -> Script:
    async def script(request: Received) -> None:
        await request.answer(*parts)

    return script


def response(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@asynccontextmanager
async def open_api(
    url: str,
    *,
    writes: bool = True,
    limiter: Limiter | None = None,
    clock: Callable[[], float] = time.time,
    notice: Notice = lambda _level, _words: None,
    **options: Any,
) -> AsyncIterator[ChatApi]:
    """Open a client with these options, and an API key where they name no credential."""
    chosen = {"credential": ApiKey(Secret(KEY)), **options}
    api = await ChatApi.open(
        ChatApiOptions(url=ApiUrl.parse(url), **chosen),
        writes=writes,
        limiter=limiter,
        clock=clock,
        notice=notice,
    )
    try:
        yield api
    finally:
        await api.aclose()
