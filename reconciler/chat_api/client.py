"""The client: one action, one HTTP exchange, one answer."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import httpx

from reconciler import __version__
from reconciler.chat_api.credentials import Credential
from reconciler.chat_api.failure import NETWORK_ERRORS, unanswered
from reconciler.chat_api.request import request_for
from reconciler.chat_api.response import read_answer
from reconciler.chat_api.transport import open_transport, trusted
from reconciler.chat_api.url import ApiUrl
from reconciler.core.action import Action, UpdateMessage
from reconciler.core.outcome import Answer, Unanswered

_LARGEST_BODY: Final = 64 * 1024
"""Bytes. Success has no body and errors have a line; the rest is somebody else's page."""

_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": f"reconciler/{__version__}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatApiOptions:
    """Where and as whom to call. `timeout` is of one whole exchange, in seconds.

    A third of `timeout` may pass until there is a connection. `ca_file` replaces the public
    certificate authorities.
    """

    url: ApiUrl
    credential: Credential
    connections: int = 16
    timeout: float = 30.0
    ca_file: Path | None = None


class ChatApi:
    """The chat service. `send` is one exchange: no retry, no redirect, no rate limit."""

    def __init__(self, options: ChatApiOptions, transport: httpx.AsyncBaseTransport) -> None:
        self._options = options
        self._transport = transport
        connecting = options.timeout / 3
        self._extensions = {"timeout": {"connect": connecting, "pool": connecting}}

    @classmethod
    async def open(cls, options: ChatApiOptions, *, writes: bool) -> Self:
        """Open a client; nothing is sent yet. Without `writes` it cannot change anything.

        Raises TrustError where `ca_file` cannot be used.
        """
        transport = open_transport(
            connections=options.connections,
            trust=trusted(options.ca_file, secure=options.url.secure),
            writes=writes,
        )
        return cls(options, transport)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def send(self, action: Action) -> Answer:
        """Make an action's PUT once and give what came back. No network trouble is raised.

        Raises WriteRefused without `writes`, and WrongActor where the credential is a token of
        another user; nothing was sent then.
        """
        request = request_for(action)
        credential = self._options.credential
        wire = httpx.Request(
            request.method,
            self._options.url.join(request.path),
            headers={**_HEADERS, **credential.headers(request.actor)},
            content=request.body(),
            extensions=self._extensions,
        )
        sent = [credential.secret.reveal()]
        if isinstance(action, UpdateMessage) and action.text is not None:
            sent.append(action.text.reveal())
        try:
            async with asyncio.timeout(self._options.timeout):
                return await self._exchange(wire, sent)
        except TimeoutError:
            return Unanswered(words=f"no whole answer within {self._options.timeout:g} s", sent=True)

    async def _exchange(self, wire: httpx.Request, sent: list[str]) -> Answer:
        try:
            response = await self._transport.handle_async_request(wire)
        except NETWORK_ERRORS as error:
            return unanswered(error)
        try:
            body = await _read(response)
        except NETWORK_ERRORS:
            return Unanswered(words="the answer broke off", sent=True)
        finally:
            await response.aclose()
        return read_answer(response.status_code, response.headers, body, sent=sent)


async def _read(response: httpx.Response) -> bytes:
    """Read the body as it came over the wire, up to the cap; closing drops what is left."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    body = bytearray()
    async for chunk in response.stream:
        body += chunk
        if len(body) >= _LARGEST_BODY:
            break
    return bytes(body[:_LARGEST_BODY])
