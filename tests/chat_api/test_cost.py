"""What a call costs: CPU time of the thread that calls, the service being another thread."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future

import pytest
from aiohttp import web

from reconciler.core.message import Mark
from reconciler.core.outcome import Answered
from tests.chat_api.actions import update
from tests.chat_api.wire import open_api

CALLS = 500
CONNECTIONS = 16
ACTION = update("Opening hours: 9-17", marks=[Mark.READ])


@pytest.fixture
def url() -> Iterator[str]:
    """Run a tiny service in a thread and an event loop of its own."""
    ready: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def put(request: web.Request) -> web.Response:
        await request.read()
        return web.Response()

    async def serve() -> None:
        app = web.Application()
        app.router.add_put("/chat/Message/{id}.json", put)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        stop = asyncio.Event()
        ready.set_result((f"http://127.0.0.1:{runner.addresses[0][1]}", asyncio.get_running_loop(), stop))
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    where, loop, stop = ready.result(timeout=30)
    yield where
    loop.call_soon_threadsafe(stop.set)
    thread.join()


async def cpu_milliseconds(call: Callable[[], Awaitable[object]]) -> float:
    """Give the CPU time of one call, made side by side on every connection."""
    await asyncio.gather(*(call() for _ in range(CONNECTIONS)))
    left = iter(range(CALLS))

    async def work() -> None:
        for _ in left:
            await call()

    before = time.thread_time()
    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return (time.thread_time() - before) / CALLS * 1000


async def test_a_put_costs_less_than_a_millisecond_of_cpu(
    url: str, record_property: Callable[[str, object], None]
) -> None:
    async def call() -> None:
        assert await api.send(ACTION) == Answered(status=200)

    async with open_api(url, connections=CONNECTIONS) as api:
        cost = await cpu_milliseconds(call)
    record_property("cpu_ms", cost)
    assert cost < 1
