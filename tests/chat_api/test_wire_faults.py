"""Each way in which a wire breaks: what is known of the call, at what cost, and that the next one works.

A call was *not sent*, or what it did is *unknown*, or there is a *definite* answer.
"""

import asyncio
import gc
import gzip
import itertools
import json
import random
import socket
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

from reconciler.chat_api.client import ChatApi
from reconciler.core.outcome import Answer, Answered, Unanswered
from tests.chat_api.actions import update
from tests.chat_api.unruly import Connected, listening, serve_one, serving, unruly_service
from tests.chat_api.wire import (
    KEY,
    SUCCESS,
    RawService,
    Received,
    Script,
    always,
    open_api,
    raw_service,
    response,
)

OK: Final = Answered(status=200)
MEGABYTE: Final = 1_000_000


class Known(Enum):
    """What is known of a call."""

    NOT_SENT = auto()
    UNKNOWN = auto()
    DEFINITE = auto()


def known(answer: Answer) -> Known:
    match answer:
        case Unanswered(sent=False):
            return Known.NOT_SENT
        case Unanswered():
            return Known.UNKNOWN
        case Answered():
            return Known.DEFINITE


def text_of(request: Received) -> str:
    text: str = json.loads(request.body)["message"]
    return text


async def works(api: ChatApi) -> None:
    """Check that a client still works, on all of its connections."""
    async with asyncio.timeout(30):
        answers = await asyncio.gather(*(api.send(update("works")) for _ in range(20)))
    assert answers == [OK] * 20


async def has_received(service: RawService, requests: int) -> None:
    """Wait until a service has so many requests."""
    async with asyncio.timeout(30):
        while len(service.received) < requests:  # noqa: ASYNC110  # both sides take turns on this one loop
            await asyncio.sleep(0)


@contextmanager
def frugal(megabytes: float) -> Iterator[None]:
    """Check that no more memory is taken at any moment; what the service takes counts too."""
    gc.collect()
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < megabytes * MEGABYTE


async def test_a_service_that_is_away_was_sent_nothing_and_is_called_again_when_it_is_back() -> None:
    texts: list[str] = []
    with socket.socket() as away:
        away.bind(("127.0.0.1", 0))
        async with open_api(f"http://127.0.0.1:{away.getsockname()[1]}") as api:
            assert [known(await api.send(update("Hello"))) for _ in range(20)] == [Known.NOT_SENT] * 20
            async with listening(serving(texts), sock=away):
                await works(api)
    assert texts == ["works"] * 20


async def reset_unread(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hang up without reading: what was written comes back as a reset."""
    writer.transport.abort()


async def reset_after_a_byte(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)
    writer.transport.abort()


async def close_after_the_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


@pytest.mark.parametrize("first", [reset_unread, reset_after_a_byte, close_after_the_head])
async def test_a_reset_before_the_whole_request_was_read_repeats_nothing(first: Connected) -> None:
    async with unruly_service(first) as service, open_api(service.url) as api:
        answer = await api.send(update("Hello"))
        match known(answer):
            case Known.DEFINITE:  # it hung up before anything was written, and another connection was made
                assert (answer, service.texts) == (OK, ["Hello"])
            case Known.NOT_SENT | Known.UNKNOWN:
                assert service.texts == []
        await works(api)
        assert Counter(service.texts)["Hello"] <= 1


async def test_a_reset_after_the_request_was_read_leaves_the_call_unknown_and_repeats_nothing() -> None:
    async def read_and_reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve_one(reader, writer, service.texts)  # the service did it, and its answer got lost
        writer.transport.abort()

    async with unruly_service(read_and_reset) as service, open_api(service.url) as api:
        answer = await api.send(update("Hello"))
        assert known(answer) is Known.UNKNOWN or answer == OK
        await works(api)
        assert Counter(service.texts)["Hello"] == 1


async def test_an_idle_connection_that_is_closed_just_as_a_call_leaves_never_doubles_the_call() -> None:
    dice = random.Random(2026)  # noqa: S311  # moments that can be replayed, not a secret
    received: Counter[str] = Counter()

    async def answer_and_close(request: Received) -> None:
        received[text_of(request)] += 1
        await request.answer(SUCCESS)
        for _ in range(dice.randrange(8)):
            await asyncio.sleep(0)
        if dice.random() < 0.5:
            request.reset()
        else:
            request.close()

    found: Counter[Known] = Counter()
    async with raw_service(answer_and_close) as service, open_api(service.url) as api:
        for number in range(500):
            for _ in range(dice.randrange(8)):
                await asyncio.sleep(0)
            answer = await api.send(update(f"call {number}"))
            found[known(answer)] += 1
            match known(answer):
                case Known.DEFINITE:
                    assert (answer, received[f"call {number}"]) == (OK, 1)
                case Known.NOT_SENT:
                    assert received[f"call {number}"] == 0
                case Known.UNKNOWN:
                    assert received[f"call {number}"] <= 1
    assert max(received.values()) == 1
    assert found[Known.DEFINITE] > 100
    assert found[Known.UNKNOWN] + found[Known.NOT_SENT] > 0, "some calls met the close"


async def test_a_call_on_a_kept_connection_that_is_closed_unread_is_not_made_again() -> None:
    async def serve_one_and_hang_up_on_the_next(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await serve_one(reader, writer, service.texts)
        await reader.readexactly(1)
        writer.transport.abort()

    async with unruly_service(serve_one_and_hang_up_on_the_next) as service, open_api(service.url) as api:
        assert await api.send(update("first")) == OK
        assert known(await api.send(update("second"))) is Known.UNKNOWN
        assert service.texts == ["first"], "only a person or the ledger may decide on a repeat"
        await works(api)
        assert "second" not in service.texts


def broken(*parts: bytes) -> Script:
    """Answer with these bytes, and hang up."""

    async def script(request: Received) -> None:
        await request.answer(*parts)
        request.close()

    return script


def endless(start: bytes, piece: bytes) -> Script:
    async def script(request: Received) -> None:
        await request.answer(start)
        while not request.writer.is_closing():
            await request.answer(piece)

    return script


BOMB: Final = gzip.compress(bytes(60 * MEGABYTE), compresslevel=1)
DEFLATED: Final = zlib.compress(bytes(60 * MEGABYTE), level=1)
STATUS: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = STATUS + b"Transfer-Encoding: chunked\r\n\r\n"

BREAKS: Final = {
    "a short head": (broken(STATUS), Known.UNKNOWN),
    "a short body": (broken(STATUS + b'Content-Length: 1000\r\n\r\n{"errors":'), Known.UNKNOWN),
    "a short chunk": (broken(CHUNKED + b"ff\r\n{"), Known.UNKNOWN),
    "no last chunk": (broken(CHUNKED + b"2\r\n{}\r\n"), Known.UNKNOWN),
    "a chunk of no size": (broken(CHUNKED + b"canary\r\n{}\r\n"), Known.UNKNOWN),
    "nothing": (broken(b""), Known.UNKNOWN),
    "garbage": (broken(bytes(range(256)) * 8), Known.UNKNOWN),
    "another protocol": (broken(b"220 mail.example ESMTP\r\n"), Known.UNKNOWN),
    "a TLS record": (broken(b"\x16\x03\x01\x00\xff\x01\x00\x00\xfb\x03\x03\r\n\r\n"), Known.UNKNOWN),
    "HTTP/2": (broken(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\0\xff\xff\r\n\r\n"), Known.UNKNOWN),
    "two lengths": (
        broken(STATUS + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}abc"),
        Known.UNKNOWN,
    ),
    "a negative length": (broken(STATUS + b"Content-Length: -1\r\n\r\n"), Known.UNKNOWN),
    "a header that never ends": (endless(STATUS + b"X: ", b"x" * 65_536), Known.UNKNOWN),
    "headers that never end": (endless(STATUS, b"X: y\r\n" * 10_000), Known.UNKNOWN),
    "a status line that never ends": (endless(b"HTTP/1.1 200 ", b"x" * 65_536), Known.UNKNOWN),
    "a body that never ends": (
        endless(STATUS + b"Content-Length: 1000000000000\r\n\r\n", b"busy " * 10_000),
        Known.DEFINITE,
    ),
    "chunks that never end": (endless(CHUNKED, b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n"), Known.DEFINITE),
    "a gzip bomb": (broken(response(200, BOMB, "Content-Encoding: gzip")), Known.DEFINITE),
    "a gzip bomb as an error": (broken(response(422, BOMB, "Content-Encoding: gzip")), Known.DEFINITE),
    "a deflate bomb": (broken(response(500, DEFLATED, "Content-Encoding: deflate")), Known.DEFINITE),
    "a chunked gzip bomb": (
        broken(
            STATUS + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
            f"{len(BOMB):x}\r\n".encode() + BOMB + b"\r\n0\r\n\r\n",
        ),
        Known.DEFINITE,
    ),
    "a bomb for the transfer": (
        broken(STATUS + b"Transfer-Encoding: gzip, chunked\r\n\r\n", BOMB[:60_000]),
        Known.UNKNOWN,
    ),
}


@pytest.mark.parametrize(("script", "what"), BREAKS.values(), ids=BREAKS)
@pytest.mark.parametrize("kept", [False, True], ids=["on a new connection", "on a kept one"])
async def test_a_broken_answer_costs_one_call_and_little_memory_and_the_next_call_works(
    script: Script, what: Known, *, kept: bool
) -> None:
    async def breaks_once(request: Received) -> None:
        if text_of(request) == "breaks":
            await script(request)
        else:
            await request.answer(SUCCESS)

    async with raw_service(breaks_once) as service, open_api(service.url) as api:
        if kept:
            assert await api.send(update("before")) == OK
        with frugal(megabytes=6):
            async with asyncio.timeout(30):
                answer = await api.send(update("breaks"))
        assert known(answer) is what
        assert [text_of(request) for request in service.received].count("breaks") == 1
        await works(api)


def dripping(answer: bytes) -> Script:
    async def script(request: Received) -> None:
        for byte in itertools.cycle(answer):
            if request.writer.is_closing():
                return
            await request.answer(bytes([byte]))
            await asyncio.sleep(0.01)  # the service's pace

    return script


@pytest.mark.parametrize(
    "script",
    [
        dripping(b"HTTP/1.1 100 Continue\r\n\r\n"),
        dripping(STATUS + b"X: y\r\n" * 1000),
        dripping(STATUS + b"Content-Length: 100000\r\n\r\n" + b"x" * 1000),
        dripping(CHUNKED + b"1\r\nx\r\n" * 1000),
        dripping(b"HTTP/1.1 401 No\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000),
    ],
    ids=["another interim answer", "a header", "a body", "a chunk", "an error"],
)
async def test_an_answer_that_drips_byte_by_byte_ends_at_the_deadline_of_the_whole_call(
    script: Script,
) -> None:
    async def drip_once(request: Received) -> None:
        await (script(request) if text_of(request) == "drips" else request.answer(SUCCESS))

    async with raw_service(drip_once) as service, open_api(service.url, timeout=0.5) as api:
        begin = monotonic()
        assert known(await api.send(update("drips"))) is Known.UNKNOWN
        assert 0.4 < monotonic() - begin < 5
        assert len(service.received) == 1
    async with raw_service(drip_once) as service, open_api(service.url, timeout=5, connections=2) as api:
        dripped = [asyncio.create_task(api.send(update("drips"))) for _ in range(2)]
        await has_received(service, 2)
        for call in dripped:
            call.cancel()
        await asyncio.gather(*dripped, return_exceptions=True)
        await works(api)


LOCATIONS: Final = [
    "{elsewhere}/chat/Message/53aabe15e4b077ddd43e7fd3.json",
    "//{host}/chat/Message.json",
    "{here}/chat/Message.json",
    "/chat/Message.json",
    "",
]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308])
async def test_no_redirect_leads_a_credential_elsewhere(status: int) -> None:
    async with raw_service(always(SUCCESS)) as elsewhere:
        places = iter(LOCATIONS)

        async def redirect(request: Received) -> None:
            place = next(places).format(
                elsewhere=elsewhere.url, host=elsewhere.url.removeprefix("http://"), here=service.url
            )
            refresh = f"Refresh: 0; url={elsewhere.url}"
            await request.answer(response(status, b"", f"Location: {place}", refresh))

        async with raw_service(redirect) as service, open_api(service.url) as api:
            for number in range(len(LOCATIONS)):
                assert await api.send(update(f"{number}")) == Answered(status=status)
            assert [text_of(request) for request in service.received] == ["0", "1", "2", "3", "4"]
    assert (elsewhere.connections, elsewhere.received) == (0, [])


ERRORS: Final = [
    (b'{"errors": ["No", "Never"]}', "No; Never", False),
    (b'{"errors": {"base": ["No"]}}', "No", False),
    (b'{"errors": {"message": ["No"], "read": ["must be 1"]}}', "message: No; read: must be 1", False),
    (b'{"errors": {"chat_dialog_id": "is required"}}', "chat_dialog_id: is required", False),
    (b'{"code": null, "message": "No"}', "No", False),
    (b"", "", False),
    (b"<html><head><title>Gone away</title></head><body>x</body></html>", "Gone away", True),
    (b'<?xml version="1.0"?><errors><error>No</error></errors>', "an XML page", True),
    (b'{"errors": ["N', '{"errors": ["N', False),
    (b"upstream connect error", "upstream connect error", False),
    (bytes(range(128, 256)), "a body that is not text", True),
]
STATUSES: Final = [400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 502, 503, 504, 520]


@pytest.mark.parametrize("status", STATUSES)
async def test_each_status_with_each_documented_error_is_a_definite_answer(status: int) -> None:
    async def refuse(request: Received) -> None:
        body, _, _ = ERRORS[int(text_of(request))]
        await request.answer(response(status, body))

    async with raw_service(refuse) as service, open_api(service.url) as api:
        answers = [await api.send(update(str(number))) for number in range(len(ERRORS))]
        assert (service.connections, len(service.received)) == (1, len(ERRORS))
    assert answers == [Answered(status=status, words=words, page=page) for _, words, page in ERRORS]


async def test_each_status_there_is_is_taken_as_it_is() -> None:
    statuses = [status.value for status in HTTPStatus if status >= HTTPStatus.OK]

    async def answer(request: Received) -> None:
        await request.answer(response(int(text_of(request))))

    async with raw_service(answer) as service, open_api(service.url) as api:
        answers = [await api.send(update(str(status))) for status in statuses]
    assert answers == [Answered(status=status) for status in statuses]
    assert len(service.received) == len(statuses)


async def test_200_calls_cancelled_in_flight_leave_no_trace_and_100_puts_succeed() -> None:
    async def hold_or_answer(request: Received) -> None:
        match int(text_of(request)) % 4:
            case 0:
                await asyncio.Event().wait()
            case 1:
                await request.answer(STATUS)
            case 2:
                await request.answer(STATUS + b"Content-Length: 100\r\n\r\n{")
            case _:
                await request.answer(SUCCESS)

    open_files = open_sockets()
    async with raw_service(hold_or_answer) as service, open_api(service.url, connections=8) as api:
        for batch in range(25):
            calls = [asyncio.create_task(api.send(update(str(4 * n + batch % 3)))) for n in range(8)]
            await has_received(service, 8 * (batch + 1))
            for call in calls:
                call.cancel()
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in ended)
        assert len(service.received) == 200, "all of them were under way"
        async with asyncio.timeout(30):
            answers = await asyncio.gather(*(api.send(update("3")) for _ in range(100)))
        assert answers == [OK] * 100
        assert len(service.received) == 300
    async with asyncio.timeout(30):
        # A transport closes its socket in a later turn of the loop.
        while open_sockets() > open_files:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0)


async def test_calls_cancelled_while_they_connect_or_wait_for_a_connection_harm_no_later_one() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)  # noqa: FBT003  # the standard library's signature
            filler.connect_ex(address)
        async with open_api(f"http://127.0.0.1:{address[1]}", connections=2) as api:
            calls = [asyncio.create_task(api.send(update("Hello"))) for _ in range(50)]
            for _ in range(20):
                await asyncio.sleep(0)
            for call in calls:
                call.cancel()
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in ended)
            for filler in fillers:
                filler.close()
            texts: list[str] = []
            async with listening(serving(texts), sock=full):
                await works(api)
    assert texts == ["works"] * 20


def open_sockets() -> int:
    """Count the sockets of this process."""
    gc.collect()
    return sum(1 for _ in socket_links())


def socket_links() -> Iterator[str]:
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:"):
            yield target


async def test_the_credential_is_sent_to_the_service_alone_whatever_it_answers() -> None:
    async with raw_service(always(SUCCESS)) as elsewhere:
        answers = [
            response(401, b"", f'WWW-Authenticate: Basic realm="{elsewhere.url}"'),
            response(407, b"", "Proxy-Authenticate: Basic"),
            response(421, b"", f"Alt-Svc: h2={elsewhere.url}"),
            response(426, b"", "Upgrade: h2c", "Connection: close"),
            response(503, b"", f"Link: <{elsewhere.url}>; rel=preload", "Retry-After: 0"),
        ]
        script = iter(answers)

        async def answer(request: Received) -> None:
            await request.answer(next(script))

        async with raw_service(answer) as service, open_api(service.url) as api:
            for _ in answers:
                await api.send(update("Hello"))
        assert [each.headers()["authorization"] for each in service.received] == [f"ApiKey {KEY}"] * 5
    assert elsewhere.connections == 0
