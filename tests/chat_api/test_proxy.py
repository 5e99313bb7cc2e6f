"""A proxy leads to the service where a setting names one, and learns nothing of what is sent."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from reconciler.chat_api.errors import ProxyError
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.transport import Proxy
from reconciler.chat_api.url import ProxyUrl
from reconciler.core.outcome import Answered, Unanswered
from tests.chat_api.actions import update
from tests.chat_api.wire import CERTIFICATES, KEY, SUCCESS, always, open_api, raw_service

AUTHORITY = CERTIFICATES / "proxied.pem"
"""A certificate of `chat.example` and 127.0.0.1, signed by itself for a hundred years."""

SERVICE = "https://chat.example:8443"
AUTH = "ann:canary:p&w"


@dataclass(slots=True)
class TunnelProxy:
    """What a proxy saw: the heads of the tunnels that it was asked for, and whatever ran through them."""

    url: str = ""
    heads: list[bytes] = field(default_factory=list)
    through: bytearray = field(default_factory=bytearray)


@asynccontextmanager
async def tunnel_proxy(
    leads_to: str, *, answer: bytes = b"HTTP/1.1 200 Connected\r\n\r\n", tls: ssl.SSLContext | None = None
) -> AsyncIterator[TunnelProxy]:
    """Run a proxy that leads every tunnel to one address."""
    proxy, tasks = TunnelProxy(), set[asyncio.Task[None]]()
    address = urlsplit(leads_to)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            proxy.through += chunk
            writer.write(chunk)
        writer.close()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        writers = [writer]
        try:
            proxy.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            if b" 200 " in answer:
                there, back = await asyncio.open_connection(address.hostname, address.port)
                writers.append(back)
                await asyncio.gather(pump(reader, back), pump(there, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            for each in writers:
                each.close()
            tasks.discard(task)

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    proxy.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@pytest.fixture
def server_tls() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(AUTHORITY, CERTIFICATES / "proxied.key")
    return context


def named(url: str, auth: str | None = None) -> Proxy:
    return Proxy(url=ProxyUrl.parse(url), auth=None if auth is None else Secret(auth))


@pytest.mark.parametrize("auth", [None, AUTH])
@pytest.mark.parametrize("encrypted", [False, True], ids=["an http proxy", "an https proxy"])
async def test_calls_go_through_a_tunnel_that_shows_the_proxy_nothing(
    auth: str | None, server_tls: ssl.SSLContext, *, encrypted: bool
) -> None:
    async with (
        raw_service(always(SUCCESS), tls=server_tls) as service,
        tunnel_proxy(service.url, tls=server_tls if encrypted else None) as proxy,
        open_api(SERVICE, ca_file=AUTHORITY, proxy=named(proxy.url, auth)) as api,
    ):
        assert [await api.send(update("Hello")) for _ in range(3)] == [Answered(status=200)] * 3
    [head] = proxy.heads
    assert head.startswith(b"CONNECT chat.example:8443 HTTP/1.1\r\n")
    given = b"Proxy-Authorization: Basic " + base64.b64encode(AUTH.encode())
    assert (given in head) == (auth is not None)
    assert KEY.encode() not in head + proxy.through
    assert {request.headers()["authorization"] for request in service.received} == {f"ApiKey {KEY}"}
    assert "proxy-authorization" not in service.received[0].headers()


async def test_nothing_on_this_machine_is_asked_of_a_proxy(server_tls: ssl.SSLContext) -> None:
    async with (
        raw_service(always(SUCCESS)) as plain,
        raw_service(always(SUCCESS), tls=server_tls) as secure,
        tunnel_proxy(plain.url) as proxy,
    ):
        async with open_api(plain.url, proxy=named(proxy.url)) as api:
            assert await api.send(update("Hello")) == Answered(status=200)
        async with open_api(secure.url, ca_file=AUTHORITY, proxy=named(proxy.url)) as api:
            answer = await api.send(update("Hello"))
        assert isinstance(answer, Unanswered)
        assert "certificate is not valid for 'localhost'" in answer.words
    assert proxy.heads == []


@pytest.mark.parametrize("status", [403, 407, 502])
async def test_a_proxy_that_refuses_was_sent_nothing_of_the_call(status: int) -> None:
    answer = f"HTTP/1.1 {status} {AUTH}\r\nContent-Length: 0\r\n\r\n".encode()
    async with (
        tunnel_proxy("", answer=answer) as proxy,
        open_api(SERVICE, proxy=named(proxy.url, AUTH)) as api,
    ):
        said = await api.send(update("Hello"))
    assert said == Unanswered(words=f"the proxy gave no way through: {status}", sent=False)
    assert KEY.encode() not in proxy.heads[0]


async def test_a_proxy_that_is_not_there_is_named_as_the_reason() -> None:
    async with tunnel_proxy("") as proxy:
        pass
    async with open_api(SERVICE, proxy=named(proxy.url)) as api:
        answer = await api.send(update("Hello"))
    assert answer == Unanswered(words="no connection to the proxy: Connection refused", sent=False)


@pytest.mark.parametrize("answer", [b"", b"canary is not HTTP\r\n\r\n", b"HTTP/1.1 200"])
async def test_a_proxy_that_talks_nonsense_is_no_answer(answer: bytes) -> None:
    async with (
        tunnel_proxy("", answer=answer) as proxy,
        open_api(SERVICE, proxy=named(proxy.url, AUTH), timeout=5) as api,
    ):
        said = await api.send(update("Hello"))
    assert isinstance(said, Unanswered)
    assert "canary" not in said.words


async def test_a_proxy_cannot_pass_itself_off_as_the_service(server_tls: ssl.SSLContext) -> None:
    async with (
        raw_service(always(SUCCESS), tls=server_tls) as service,
        tunnel_proxy(service.url) as proxy,
        open_api("https://other.example", ca_file=AUTHORITY, proxy=named(proxy.url)) as api,
    ):
        answer = await api.send(update("Hello"))
    assert isinstance(answer, Unanswered)
    assert "certificate is not valid for 'other.example'" in answer.words
    assert service.received == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        ("proxy:3128", "is not a web address"),
        ("socks5://proxy:1080", "is not a web address"),
        ("http://canary:canary@proxy:3128", "user name or a password"),
        ("http://canary@proxy:3128", "user name or a password"),
        ("http://proxy:3128/path", "has a path"),
        ("http://proxy:3128?canary", "query"),
        ("http://proxy:99999", "cannot be read"),
        ("http://proxy:0", "port"),
        ("http://pro xy:3128", "space"),
    ],
)
def test_an_address_that_is_no_proxy_s_is_refused_without_showing_it(text: str, what: str) -> None:
    with pytest.raises(ProxyError, match=what) as caught:
        ProxyUrl.parse(text)
    assert str(caught.value).startswith("RECONCILER_PROXY: ")
    assert "canary" not in str(caught.value)


def test_what_opens_a_proxy_has_a_password_and_hides() -> None:
    with pytest.raises(ProxyError, match="has no colon") as caught:
        named("http://proxy:3128", "canary")
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(named("http://proxy:3128", AUTH))
