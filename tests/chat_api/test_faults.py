"""Whatever breaks on the wire becomes an answer, and no call is made twice."""

import asyncio
import gzip
import socket
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from reconciler.core.outcome import Answered, Unanswered
from tests.chat_api.actions import update
from tests.chat_api.wire import SUCCESS, Received, Script, always, open_api, raw_service, response

LOST = Unanswered(words="the connection was lost before an answer came", sent=True)
BROKE_OFF = Unanswered(words="the answer broke off", sent=True)
NOT_HTTP = Unanswered(words="what came back is not HTTP", sent=True)
LATE = Unanswered(words="no whole answer within 0.6 s", sent=True)


async def some_turns() -> None:
    """Let the event loop read what loopback sockets already hold."""
    for _ in range(10):
        await asyncio.sleep(0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_refused_connection_sent_nothing() -> None:
    async with open_api(f"http://127.0.0.1:{free_port()}") as api:
        assert await api.send(update("Hello")) == Unanswered(
            words="no connection: Connection refused", sent=False
        )


async def test_an_unknown_host_sent_nothing() -> None:
    async with open_api("https://nowhere.invalid") as api:
        answer = await api.send(update("Hello"))
    assert answer == Unanswered(words="the host name of RECONCILER_API_URL could not be resolved", sent=False)


async def test_a_host_that_never_takes_the_connection_sent_nothing() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        with socket.create_connection(address), socket.socket() as second:
            second.setblocking(False)  # noqa: FBT003  # the standard library's signature
            second.connect_ex(address)
            async with open_api(f"http://127.0.0.1:{address[1]}", timeout=0.9) as api:
                answer = await api.send(update("Hello"))
    assert answer == Unanswered(words="no connection in time", sent=False)


async def reset(request: Received) -> None:
    request.reset()


async def close(request: Received) -> None:
    request.close()


async def short_head(request: Received) -> None:
    await request.answer(b"HTTP/1.1 200 OK\r\nContent-Le")
    request.close()


async def short_body(request: Received) -> None:
    await request.answer(b'HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n{"errors":')
    request.close()


async def short_chunk(request: Received) -> None:
    await request.answer(b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{")
    request.close()


async def reset_in_body(request: Received) -> None:
    await request.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    request.reset()


async def garbage(request: Received) -> None:
    await request.answer(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


async def garbage_header(request: Received) -> None:
    await request.answer(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n")


async def endless_header(request: Received) -> None:
    await request.answer(b"HTTP/1.1 200 OK\r\nX: ")
    while not request.writer.is_closing():
        await request.answer(b"x" * 65_536)


async def endless_headers(request: Received) -> None:
    await request.answer(b"HTTP/1.1 200 OK\r\n")
    while not request.writer.is_closing():
        await request.answer(b"X: y\r\n" * 10_000)


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        (reset, LOST),
        (close, LOST),
        (short_head, LOST),
        (short_body, BROKE_OFF),
        (short_chunk, BROKE_OFF),
        (reset_in_body, BROKE_OFF),
        (garbage, NOT_HTTP),
        (garbage_header, NOT_HTTP),
        (endless_header, NOT_HTTP),
        (endless_headers, NOT_HTTP),
    ],
)
@pytest.mark.parametrize("reused", [False, True], ids=["on a new connection", "on a kept connection"])
async def test_a_broken_answer_is_no_answer_and_the_call_is_made_once(
    script: Callable[[Received], Awaitable[None]], answer: Unanswered, *, reused: bool
) -> None:
    async def well_then_broken(request: Received) -> None:
        if len(service.received) <= reused:
            await request.answer(SUCCESS)
        else:
            await script(request)

    async with raw_service(well_then_broken) as service, open_api(service.url) as api:
        if reused:
            await api.send(update("before"))
        assert await api.send(update("Hello")) == answer
        assert len(service.received) == 1 + reused
        assert {request.connection for request in service.received} == {1}


async def forever(request: Received) -> None:
    await request.reader.read()


async def drip_body(request: Received) -> None:
    await request.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not request.writer.is_closing():
        await request.answer(b"x")
        await asyncio.sleep(0.01)  # the service's pace


async def drip_head(request: Received) -> None:
    while not request.writer.is_closing():
        await request.answer(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(0.01)  # the service's pace


@pytest.mark.parametrize("script", [forever, drip_body, drip_head])
async def test_an_answer_that_never_ends_ends_at_the_deadline(
    script: Callable[[Received], Awaitable[None]],
) -> None:
    async with raw_service(script) as service, open_api(service.url, timeout=0.6) as api:
        async with asyncio.timeout(10):
            assert await api.send(update("Hello")) == LATE
    assert len(service.received) == 1


async def test_a_connection_that_the_service_closed_while_idle_is_not_used() -> None:
    closed = asyncio.Event()

    async def answer_and_close(request: Received) -> None:
        await request.answer(SUCCESS)
        request.close()
        await request.writer.wait_closed()
        closed.set()

    async with raw_service(answer_and_close) as service, open_api(service.url) as api:
        for _ in range(3):
            closed.clear()
            assert await api.send(update("Hello")) == Answered(status=200)
            await closed.wait()
            await some_turns()
    assert (len(service.received), service.connections) == (3, 3)


async def test_an_answer_to_no_question_is_not_taken_for_the_next_one() -> None:
    idle, said = asyncio.Event(), asyncio.Event()

    async def answer_twice(request: Received) -> None:
        await request.answer(response(404, b"", f"X-Request-Id: {request.connection}"))
        if request.connection == 1:
            await idle.wait()
            await request.answer(response(200, b"", "X-Request-Id: unasked"))
            said.set()

    async with raw_service(answer_twice) as service, open_api(service.url) as api:
        assert await api.send(update("Hello")) == Answered(status=404, request_id="1")
        idle.set()
        await said.wait()
        await some_turns()
        assert await api.send(update("Hello")) == Answered(status=404, request_id="2")
    assert len(service.received) == 2


async def test_where_no_connection_is_clean_nothing_is_sent() -> None:
    both, idle, said = asyncio.Barrier(2), asyncio.Event(), asyncio.Barrier(3)

    async def answer_twice(request: Received) -> None:
        if request.connection <= 2:
            await both.wait()
        await request.answer(SUCCESS)
        if request.connection <= 2:
            await idle.wait()
            await request.answer(SUCCESS)
            await said.wait()

    async with raw_service(answer_twice) as service, open_api(service.url) as api:
        await asyncio.gather(api.send(update("Hello")), api.send(update("Hello")))
        idle.set()
        await said.wait()
        await some_turns()
        assert await api.send(update("Hello")) == Unanswered(
            words="no usable connection: closed by the other side, or talking before it was asked", sent=False
        )
        assert len(service.received) == 2
        assert await api.send(update("Hello")) == Answered(status=200)
    assert service.connections == 3


async def test_a_huge_body_is_read_no_further_than_needed() -> None:
    async def flood(request: Received) -> None:
        await request.answer(b"HTTP/1.1 503 Busy\r\nContent-Length: 1000000000\r\n\r\n")
        while not request.writer.is_closing():
            await request.answer(b"busy " * 10_000)

    async with raw_service(flood) as service, open_api(service.url) as api:
        answer = await api.send(update("Hello"))
    assert isinstance(answer, Answered)
    assert (answer.status, answer.words[:9], len(answer.words)) == (503, "busy busy", 200)


async def test_a_gzip_bomb_stays_packed() -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    packed = response(500, bomb, "Content-Encoding: gzip", "Content-Type: text/plain")
    async with raw_service(always(packed)) as service, open_api(service.url) as api:
        assert await api.send(update("Hello")) == Answered(
            status=500, words="a body that is not text", page=True
        )


async def test_a_reason_phrase_in_another_alphabet_costs_no_connection() -> None:
    busy = b"HTTP/1.1 503 Indisponible, d\xe9sol\xe9\r\nContent-Length: 0\r\n\r\n"
    async with raw_service(always(busy)) as service, open_api(service.url, connections=2) as api:
        answers = [await api.send(update("Hello")) for _ in range(5)]
    assert answers == [Answered(status=503)] * 5
    assert service.connections == 1


ANSWERS = [
    SUCCESS,
    response(404, b'{"errors":["x"]}', "X-Request-Id: 7", "Retry-After: 3", "Set-Cookie: a=b", "Date: x"),
    response(200, b"\x1f\x8bxx", "Content-Encoding: gzip, br", "Content-Type: text/html; charset=\xff"),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.0 500 Bl\xe9\r\nConnection: close\r\n\r\nbody",
    b"HTTP/1.1 301 Moved\r\nLocation: http://[::\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 101 Other\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nabc",
]
SPLINTERS = [b"\r\n", b":", b"\0", b"\xff\xfe", b"9" * 20, b"-1", b" ", b"HTTP/2 ", b"Content-Length: 5\r\n"]
SPLINTERS += [b"Transfer-Encoding: gzip\r\n", b"Set-Cookie: \x00=\xff;;=\r\n", b"Content-Encoding: x\r\n"]


def mutilated(answer: bytes, random: Random) -> bytes:
    for _ in range(random.randint(0, 4)):
        start = random.randint(0, len(answer))
        end = min(len(answer), start + random.choice([0, 0, 1, 8]))
        answer = answer[:start] + random.choice([b"", random.randbytes(2), *SPLINTERS]) + answer[end:]
    return answer


async def test_no_bytes_that_come_back_raise_or_cost_a_connection() -> None:
    random = Random(2026)  # noqa: S311  # repeatable mutilation, not a secret

    async def mutilate(request: Received) -> None:
        await request.answer(mutilated(random.choice(ANSWERS), random))
        request.close()

    script: Script = mutilate

    async def answer(request: Received) -> None:
        await script(request)

    async with raw_service(answer) as service, open_api(service.url, connections=4) as api:
        async with asyncio.timeout(60):
            for _ in range(500):
                assert isinstance(await api.send(update("Hello")), Answered | Unanswered)
            script = always(SUCCESS)
            answers = await asyncio.gather(*(api.send(update("Hello")) for _ in range(20)))
    assert answers == [Answered(status=200)] * 20


async def test_a_cancelled_call_harms_no_later_one() -> None:
    held = asyncio.Event()

    async def hold(request: Received) -> None:
        await held.wait()
        await request.answer(SUCCESS)

    async with raw_service(hold) as service, open_api(service.url, connections=8) as api:
        for spins in range(200):
            call = asyncio.create_task(api.send(update("Hello")))
            for _ in range(spins % 40):
                await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        held.set()
        async with asyncio.timeout(30):
            answers = await asyncio.gather(*(api.send(update("Hello")) for _ in range(100)))
    assert answers == [Answered(status=200)] * 100


async def test_more_calls_than_connections_wait_for_their_turn() -> None:
    async with raw_service(always(SUCCESS)) as service, open_api(service.url, connections=2) as api:
        answers = await asyncio.gather(*(api.send(update("Hello")) for _ in range(50)))
    assert answers == [Answered(status=200)] * 50
    assert service.connections <= 2
