"""The connections to the chat service: httpx's transport interface over aiohttp's pool.

Why not httpx's own pool: it costs several times the CPU, and a cancelled call can poison it. Why not
httpx-aiohttp between the two: what it translates costs as much again as the call.
Why no `httpx.AsyncClient`: calls go straight to the transport, so nothing can follow a redirect
with the credential, keep cookies, or take a proxy or a password from the environment.

One call is at most one request. aiohttp repeats a PUT by itself when a connection breaks, also
one that the service had already acted on, and that cannot be turned off (aiohttp #10790). It
would escape the rate limit and the ledger, so a break becomes an error that it does not repeat,
unless nothing had been written yet.
"""

import base64
import logging
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import httpx
from aiohttp.connector import Connection
from yarl import URL

from reconciler.chat_api.errors import ProxyError, TrustError, WriteRefused
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.url import ApiUrl, ProxyUrl

_KEEP_ALIVE: Final = 4.0
"""Seconds. Below the five after which common servers close, so that a call rarely meets a close."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


class AnswerLost(aiohttp.ClientError):
    """The connection broke after the request was written: what it did is unknown."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends what httpx describes through an aiohttp session.

    A request with the extension `target`, which httpx documents, goes to that path at `origin`: an
    address that is made anew for each call costs more than all else about it. `timeout` is the other
    extension that is kept, as far as it is of connecting.
    """

    def __init__(self, session: aiohttp.ClientSession, origin: URL, proxy: "Proxy | None" = None) -> None:
        self._session = session
        self._origin = origin
        self._proxy = {} if proxy is None else proxy.for_aiohttp()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request once; give the response once its headers are there. Raises TransportError."""
        timeout = request.extensions.get("timeout", {})
        try:
            response = await self._session.request(
                request.method,
                address(request, self._origin),
                headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
                data=request.read() or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    connect=timeout.get("pool"), sock_connect=timeout.get("connect")
                ),
                **self._proxy,
            )
        except aiohttp.ClientError as error:
            msg = "no answer"
            raise httpx.TransportError(msg) from error
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    """What comes after a response's headers, as it came over the wire."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content = self._response.content
        try:
            while not content.at_eof():
                yield await content.readany()
        except aiohttp.ClientError as error:
            msg = "the answer broke off"
            raise httpx.ReadError(msg) from error

    async def aclose(self) -> None:
        """Let go of the connection; it is closed where there is more to read."""
        self._response.release()


def address(request: httpx.Request, origin: URL) -> URL:
    """Give where a request goes."""
    target = request.extensions.get("target")
    if target is None:
        return URL(str(request.url), encoded=True)
    return origin.with_path(target.decode(), encoded=True)


class ReadOnlyTransport(httpx.AsyncBaseTransport):
    """Refuses to write, whoever asks: a plan cannot change anything, not even through a bug.

    `login` is the one address that may be posted to, where there is one: a login changes no chat.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, origin: URL, login: str | None) -> None:
        self._inner = inner
        self._origin = origin
        self._login = None if login is None else URL(login, encoded=True)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a GET, a HEAD or the login. Raises WriteRefused for anything else."""
        logs_in = request.method == "POST" and address(request, self._origin) == self._login
        if request.method not in _SAFE_METHODS and not logs_in:
            raise WriteRefused
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy that is asked for a tunnel (CONNECT) to the service. `auth` is `USER:PASSWORD`.

    Raises ProxyError where `auth` is anything else.
    """

    url: ProxyUrl
    auth: Secret | None = None
    setting: str = "RECONCILER_PROXY_AUTH"

    def __post_init__(self) -> None:
        """Refuse what has no password."""
        if self.auth is not None and ":" not in self.auth.reveal():
            raise ProxyError(setting=self.setting, what="has no colon", todo="write it like USER:PASSWORD")

    def for_aiohttp(self) -> dict[str, Any]:
        """Give it as aiohttp takes it with each request."""
        if self.auth is None:
            return {"proxy": self.url.base}
        basic = base64.b64encode(self.auth.reveal().encode()).decode()
        return {"proxy": self.url.base, "proxy_headers": {"Proxy-Authorization": f"Basic {basic}"}}


def open_transport(
    url: ApiUrl,
    *,
    connections: int,
    trust: ssl.SSLContext,
    writes: bool,
    login: str | None = None,
    proxy: Proxy | None = None,
) -> httpx.AsyncBaseTransport:
    """Open a pool of up to `connections` to the service, inside a running event loop.

    Without `writes` only reads get through, and posts to the address `login`. `trust` is of the
    service and of an https proxy alike.
    """
    _quieten()
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=_KEEP_ALIVE, ssl=trust),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        request_class=_Request,
        middlewares=(_one_request,),
    )
    origin = URL(url.base, encoded=True).origin()
    transport = AiohttpTransport(session, origin, proxy)
    return transport if writes else ReadOnlyTransport(transport, origin, login)


def trusted(ca_file: Path | None, *, secure: bool, setting: str = "RECONCILER_CA_FILE") -> ssl.SSLContext:
    """Give whom to trust: the public authorities, or those of `ca_file` and no others.

    Without `secure` nobody is trusted, as plain HTTP asks nobody. Raises TrustError.
    """
    if not secure:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is None:
        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except ssl.SSLError:
        what, todo = "names a file without a certificate", "name a file of certificates in PEM form"
    except (OSError, ValueError):
        what, todo = "names a file that cannot be read", "name a readable file of certificates"
    raise TrustError(setting=setting, what=what, todo=todo)


class _Request(aiohttp.ClientRequest):
    """Knows whether it was written, and is not written to a connection that is no longer clean.

    A service may answer without being asked, often with a 408 while the connection is idle.
    aiohttp would take that for the answer to the next call (aiohttp #13656).
    """

    written = False

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Write the request. Raises ServerDisconnectedError where nothing was written."""
        if conn.protocol is None or conn.protocol.should_close:
            raise aiohttp.ServerDisconnectedError
        self.written = True
        return await super().send(conn)


async def _one_request(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Make a break after the request was written an error that aiohttp does not repeat."""
    assert isinstance(request, _Request)
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.written:
            raise AnswerLost from error
        raise


def _quieten() -> None:
    """Keep addresses and headers out of logs that somebody set to DEBUG."""
    for name in ("httpx", "httpcore", "aiohttp"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
