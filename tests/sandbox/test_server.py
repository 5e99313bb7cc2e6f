"""The sandbox as a server: where it listens, for whom, and how it ends."""

import asyncio
import socket

import aiohttp
import pytest

from reconciler.sandbox.json_object import SandboxInputError
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.sandbox import Sandbox
from reconciler.sandbox.server import running_sandbox, serve

DEADLINE = 30.0


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
async def test_it_listens_on_loopback_and_takes_a_free_port(host: str) -> None:
    async with running_sandbox(SandboxOptions(host=host)) as one, running_sandbox() as other:
        assert one.url != other.url
        async with aiohttp.ClientSession() as http, http.get(f"{one.url}/_sandbox/counters") as response:
            assert response.status == 200


@pytest.mark.skipif(not socket.has_ipv6, reason="the machine has no IPv6")
async def test_it_listens_on_the_other_loopback_too() -> None:
    try:
        async with running_sandbox(SandboxOptions(host="::1")) as sandbox:
            assert sandbox.url.startswith("http://[::1]:")
    except OSError:
        pytest.skip("IPv6 is switched off")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", ""])  # noqa: S104  # refused
def test_it_refuses_to_be_reached_from_elsewhere_by_accident(host: str) -> None:
    with pytest.raises(SandboxInputError, match="is not loopback") as refused:
        SandboxOptions(host=host)
    assert "allow remote access explicitly" in str(refused.value)


async def test_it_can_be_reached_from_elsewhere_where_somebody_asked_for_it() -> None:
    async with running_sandbox(SandboxOptions(host="0.0.0.0", allow_remote=True)) as sandbox:  # noqa: S104  # that is asked for
        assert sandbox.url.startswith("http://0.0.0.0:")


async def test_a_taken_port_is_an_os_error() -> None:
    async with running_sandbox() as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        with pytest.raises(OSError, match="address already in use"):
            async with running_sandbox(SandboxOptions(port=port)):
                pass


async def test_it_serves_until_it_is_cancelled() -> None:
    ready: asyncio.Future[Sandbox] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(SandboxOptions(), on_ready=ready.set_result))
    sandbox = await asyncio.wait_for(ready, DEADLINE)
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{sandbox.url}/_sandbox/state") as response:
            assert await response.json() == {"dialogs": [], "messages": []}
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        with pytest.raises(aiohttp.ClientError):
            await http.get(f"{sandbox.url}/_sandbox/state")


async def test_an_idle_connection_is_closed_after_the_time_that_is_set() -> None:
    async with running_sandbox(SandboxOptions(keepalive=0.05)) as sandbox:
        host, port = sandbox.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /x.json HTTP/1.1\r\nHost: sandbox\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            answer = await reader.read(-1)
        assert answer.startswith(b"HTTP/1.1 401 ")
        writer.close()
