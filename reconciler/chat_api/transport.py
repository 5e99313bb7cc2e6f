"""The connections to the chat service: httpx's transport interface over aiohttp's pool.

Why not httpx's own pool: it costs several times the CPU, and a cancelled call can poison it.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import httpx
from aiohttp.connector import Connection
from httpx_aiohttp import AiohttpTransport

from reconciler.chat_api.errors import ProxyError, TrustError, WriteRefused
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.url import ProxyUrl

_KEEP_ALIVE: Final = 4.0
"""Seconds. Below the five after which common servers close, so that a call rarely meets a close."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


class AnswerLost(aiohttp.ClientError):
    """The connection broke after the request was written: what it did is unknown."""


class ReadOnlyTransport(httpx.AsyncBaseTransport):
    """Refuses to write, whoever asks: a plan cannot change anything, not even through a bug.

    `login` is the one address that may be posted to, where there is one: a login changes no chat.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, login: str | None) -> None:
        self._inner = inner
        self._login = None if login is None else httpx.URL(login)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a GET, a HEAD or the login. Raises WriteRefused for anything else."""
        logs_in = request.method == "POST" and request.url == self._login
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

    def for_httpx(self) -> httpx.Proxy:
        """Give it as httpx takes it."""
        if self.auth is None:
            return httpx.Proxy(self.url.base)
        basic = base64.b64encode(self.auth.reveal().encode()).decode()
        return httpx.Proxy(self.url.base, headers={"Proxy-Authorization": f"Basic {basic}"})


def open_transport(
    *,
    connections: int,
    trust: ssl.SSLContext,
    writes: bool,
    login: str | None = None,
    proxy: Proxy | None = None,
) -> httpx.AsyncBaseTransport:
    """Open a pool of up to `connections`, inside a running event loop.

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
    transport = AiohttpTransport(
        client=session, verify=trust, trust_env=False, proxy=None if proxy is None else proxy.for_httpx()
    )
    return transport if writes else ReadOnlyTransport(transport, login)


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
    """Make a break after the request was written an error that aiohttp does not repeat.

    The reason phrase is dropped: one that is not UTF-8 makes httpx-aiohttp fail and lose the
    connection, until none is left. Nothing reads it.
    """
    assert isinstance(request, _Request)
    try:
        response = await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.written:
            raise AnswerLost from error
        raise
    response.reason = None
    return response


def _quieten() -> None:
    """Keep addresses and headers out of logs that somebody set to DEBUG."""
    for name in ("httpx", "httpcore", "aiohttp"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
