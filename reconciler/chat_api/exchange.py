"""One request, one reply, within one deadline. No retry, no redirect, no rate limit."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from reconciler import __version__
from reconciler.chat_api.failure import NETWORK_ERRORS, unanswered
from reconciler.chat_api.url import ApiUrl
from reconciler.core.outcome import Unanswered

_LARGEST_BODY: Final = 64 * 1024
"""Bytes. Success has no body or a small one and errors have a line; the rest is somebody else's page."""

_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"reconciler/{__version__}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, up to the cap. `headers` are looked up by lower-case names.

    Of several headers of one name it has the last, and of `retry-after` all, with commas between them.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Exchange:
    """Makes requests to one service. `timeout` is of one whole exchange, in seconds.

    A third of `timeout` may pass until there is a connection.
    """

    def __init__(self, url: ApiUrl, transport: httpx.AsyncBaseTransport, timeout: float) -> None:
        self._url = url
        self._service = httpx.URL(url.base)
        self._transport = transport
        self._timeout = timeout
        self._timeouts = {"connect": timeout / 3, "pool": timeout / 3}

    async def make(
        self, method: str, path: str, *, headers: Mapping[str, str], content: bytes
    ) -> Reply | Unanswered:
        """Send a request once and give what came back. No network trouble is raised.

        Raises WriteRefused where the transport lets only reads through; nothing was sent then.
        """
        request = httpx.Request(
            method,
            self._service,
            headers={**_HEADERS, **headers},
            stream=httpx.ByteStream(content),  # as `content`, it would be looked at once more
            extensions={"timeout": self._timeouts, "target": self._url.target(path)},
        )
        try:
            async with asyncio.timeout(self._timeout):
                return await self._reply(request)
        except TimeoutError:
            return Unanswered(words=f"no whole answer within {self._timeout:g} s", sent=True)

    async def _reply(self, request: httpx.Request) -> Reply | Unanswered:
        try:
            response = await self._transport.handle_async_request(request)
        except NETWORK_ERRORS as error:
            return unanswered(error)
        try:
            body = await _read(response)
        except NETWORK_ERRORS:
            return Unanswered(words="the answer broke off", sent=True)
        finally:
            await response.aclose()
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw
        }
        if "retry-after" in headers:
            headers["retry-after"] = response.headers["retry-after"]  # all there are (RFC 9110, 5.3)
        return Reply(status=response.status_code, headers=headers, body=body)


async def _read(response: httpx.Response) -> bytes:
    """Read the body as it came over the wire, up to the cap; closing drops what is left."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    body = bytearray()
    async for chunk in response.stream:
        body += chunk
        if len(body) >= _LARGEST_BODY:
            break
    return bytes(body[:_LARGEST_BODY])
