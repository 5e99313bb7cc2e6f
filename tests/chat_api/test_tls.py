"""Nothing is sent before the service has proven who it is."""

import asyncio
import ssl
from pathlib import Path

import pytest

from reconciler.chat_api.errors import TrustError
from reconciler.core.outcome import Answered, Unanswered
from tests.chat_api.actions import update
from tests.chat_api.wire import CERTIFICATES, SUCCESS, always, open_api, raw_service

AUTHORITY = CERTIFICATES / "ca.pem"


@pytest.fixture
def server_tls() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
    return context


async def test_a_service_of_a_private_authority_is_trusted_where_a_setting_says_so(
    server_tls: ssl.SSLContext,
) -> None:
    async with (
        raw_service(always(SUCCESS), tls=server_tls) as service,
        open_api(service.url, ca_file=AUTHORITY) as api,
    ):
        assert [await api.send(update("Hello")) for _ in range(2)] == [Answered(status=200)] * 2
    assert service.connections == 1


@pytest.mark.parametrize(
    ("host", "ca_file", "reason"),
    [
        ("localhost", None, "unable to get local issuer certificate"),
        ("127.0.0.1", AUTHORITY, "IP address mismatch, certificate is not valid for '127.0.0.1'."),
    ],
)
async def test_a_service_that_cannot_prove_itself_is_sent_nothing(
    host: str, ca_file: Path | None, reason: str, server_tls: ssl.SSLContext
) -> None:
    async with (
        raw_service(always(SUCCESS), tls=server_tls) as service,
        open_api(service.url.replace("localhost", host), ca_file=ca_file) as api,
    ):
        answer = await api.send(update("Hello"))
    assert answer == Unanswered(words=f"TLS: certificate refused: {reason}", sent=False)
    assert service.received == []


async def test_a_service_without_tls_is_sent_nothing() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(SUCCESS)
        writer.close()

    async with (
        await asyncio.start_server(talk, "127.0.0.1", 0) as server,
        open_api(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}") as api,
    ):
        answer = await api.send(update("Hello"))
    assert answer == Unanswered(words="TLS: no secure connection could be agreed on", sent=False)


async def test_a_service_that_hangs_up_on_tls_is_sent_nothing() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with (
        await asyncio.start_server(hang_up, "127.0.0.1", 0) as server,
        open_api(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}") as api,
    ):
        answer = await api.send(update("Hello"))
    assert answer == Unanswered(words="no connection: Connection reset by peer", sent=False)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "names a file that cannot be read"),
        ("", "names a file without a certificate"),
        ("canary", "names a file without a certificate"),
    ],
)
async def test_a_file_of_authorities_that_is_none_is_explained(
    content: str | None, what: str, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(TrustError, match=what) as caught:
        async with open_api("https://api.example", ca_file=path):
            pass
    assert str(caught.value).startswith("RECONCILER_CA_FILE: ")
    assert "canary" not in str(caught.value)
