"""The wire between the reconciler and the service, and a record of all that went over it."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Final, NoReturn

import aiohttp
import httpx
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from reconciler.chat_api.transport import AnswerLost
from reconciler.sandbox.answer import HTML, XML, Answer
from reconciler.sandbox.request import chat_request
from tests.simulation.declared import DELIVERED, READ, Put
from tests.simulation.offline_sandbox import Service
from tests.simulation.weather import Fate, Way, Weather

_JITTER: Final = 0.004
"""Seconds by which calls may move against each other on their way: the rate is kept in spite of it."""

_ASKED: Final = aiohttp.RequestInfo(
    URL("http://chat.example"), "PUT", CIMultiDictProxy(CIMultiDict()), URL("http://chat.example")
)


@dataclass(slots=True, kw_only=True)
class WireCall:
    """One request as it left. `at` is in virtual seconds, `wall` what the caller's clock said.

    `action` is the number of the intent that stood in the ledger by then. `status` and the rest are of
    the answer as far as it came back whole, and None where none did.
    """

    number: int
    life: int
    at: float
    wall: datetime
    method: str
    path: str
    user: int | None
    fields: Mapping[str, object]
    token: str | None
    action: int | None = None
    fate: Fate | None = None
    status: int | None = None
    request_id: str | None = None
    retry_after: float | None = None
    page: bool = False
    answered_at: float | None = None

    @property
    def put(self) -> Put:
        """Give what a PUT asks for, from its path and its body alone."""
        name = self.path.removeprefix("/chat/Message").removesuffix(".json").removeprefix("/")
        text = self.fields.get("message")
        return Put(
            dialog=str(self.fields["chat_dialog_id"]),
            message=name or None,
            actor=self.user or 0,
            text=None if text is None else str(text),
            marks=frozenset(mark for mark in (READ, DELIVERED) if mark in self.fields),
        )

    def summary(self) -> tuple[object, ...]:
        """Give what two runs of a seed must agree on; nonces, signatures and tokens are nobody's business."""
        texts = [
            self.fields[name]
            for name in ("chat_dialog_id", "message", READ, DELIVERED)
            if name in self.fields
        ]
        when = (self.life, self.at, self.wall)
        return (*when, self.method, self.path, self.user, *texts, self.action, self.status)


@dataclass(kw_only=True)
class Network:
    """All calls of all lives. `way` is how many seconds a request travels, `answering` gives how many
    the answer takes."""

    service: Service
    dice: Random
    clock: Callable[[], datetime]
    find_intent: Callable[[Put], int | None]
    way: float
    answering: Callable[[], float]
    weather: Weather = field(default_factory=Weather)
    calls: list[WireCall] = field(default_factory=list)
    at_service: set[asyncio.Task[tuple[Answer, str]]] = field(default_factory=set)
    busy: set[tuple[int, object]] = field(default_factory=set)
    overlaps: list[int] = field(default_factory=list)
    """Calls that left while another of the same process for the same dialog was under way."""

    def leaves(self, life: int, request: httpx.Request, user: int | None) -> WireCall:
        """Take note of a request that is sent now."""
        path = request.extensions["target"].decode()
        asked = chat_request(request.method, path, request.headers, request.read())
        call = WireCall(
            number=len(self.calls),
            life=life,
            at=asyncio.get_running_loop().time(),
            wall=self.clock(),
            method=request.method,
            path=path,
            user=user,
            fields=asked.fields,
            token=request.headers.get("QB-Token"),
            fate=self.weather.draw(self.dice),
        )
        if call.method == "PUT":
            call.action = self.find_intent(call.put)
        self.calls.append(call)
        return call

    def carry(self, request: httpx.Request, fate: Fate) -> asyncio.Task[tuple[Answer, str]]:
        """Bring a request to the service; it gets there whatever becomes of its sender."""
        way = self.way + _JITTER * self.dice.random()
        task = asyncio.create_task(self._at_service(request, fate, way))
        self.at_service.add(task)
        task.add_done_callback(self.at_service.discard)
        return task

    async def _at_service(self, request: httpx.Request, fate: Fate, way: float) -> tuple[Answer, str]:
        await asyncio.sleep(way)
        now = asyncio.get_running_loop().time()
        return self.service.answer(
            request.method,
            request.extensions["target"].decode(),
            request.headers,
            request.content,
            now=now,
            fate=fate,
        )


class Transport(httpx.AsyncBaseTransport):
    """The network as one process sees it, for as long as it lives."""

    def __init__(self, network: Network, life: int, ends: Callable[[], bool], user: int) -> None:
        self._network = network
        self._life = life
        self._ends = ends
        self._user = user

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._ends():
            await _never()
        named = request.headers.get("On-Behalf-Of")
        call = self._network.leaves(self._life, request, self._user if named is None else int(named))
        busy = self._network.busy
        dialog = call.fields.get("chat_dialog_id", call.path)
        if (self._life, dialog) in busy:
            self._network.overlaps.append(call.number)
        busy.add((self._life, dialog))
        try:
            return await self._carried(request, call)
        finally:
            busy.discard((self._life, dialog))

    async def _carried(self, request: httpx.Request, call: WireCall) -> httpx.Response:
        assert call.fate is not None
        match call.fate.way:
            case Way.REFUSED:
                await asyncio.sleep(2 * self._network.way)
                _refuse()
            case Way.CONNECT_TIMEOUT:
                await asyncio.sleep(request.extensions["timeout"]["connect"])
                raise httpx.TimeoutException(message="") from aiohttp.ConnectionTimeoutError()
            case _:
                pass
        carried = self._network.carry(request, call.fate)
        await asyncio.wait({carried})
        if self._ends():
            await _never()
        await asyncio.sleep(self._network.answering())
        match call.fate.way:
            case Way.RESET:
                raise AnswerLost
            case Way.GARBAGE:
                raise aiohttp.ClientResponseError(_ASKED, ())
            case Way.NO_ANSWER_IN_TIME:
                await _never()
            case _:
                pass
        answer, number = carried.result()
        headers = {"Content-Type": answer.content_type, **answer.headers, "X-Request-Id": number}
        return httpx.Response(answer.status, headers=headers, stream=_Body(answer, number, call, self._ends))


class _Body(httpx.AsyncByteStream):
    """An answer's body; the answer came back once it was read to its end."""

    def __init__(self, answer: Answer, number: str, call: WireCall, ends: Callable[[], bool]) -> None:
        self._answer = answer
        self._number = number
        self._call = call
        self._ends = ends

    async def __aiter__(self) -> AsyncIterator[bytes]:
        call, answer = self._call, self._answer
        assert call.fate is not None
        if call.fate.way is Way.CUT:
            yield answer.body[:3]
            raise httpx.ReadError(message="")
        while call.fate.way is Way.DRIP:
            yield b" "
            await asyncio.sleep(0.5)
        if self._ends():
            await _never()
        call.answered_at = asyncio.get_running_loop().time()
        call.page = answer.content_type in {HTML, XML}
        call.retry_after = float(answer.headers.get("Retry-After", "0"))
        call.status = answer.status
        call.request_id = self._number
        yield answer.body


async def _never() -> NoReturn:
    while True:
        await asyncio.get_running_loop().create_future()


def _refuse() -> NoReturn:
    key = ConnectionKey(
        host="chat.example",
        port=443,
        is_ssl=True,
        ssl=True,
        proxy=None,
        proxy_auth=None,
        proxy_headers_hash=None,
    )
    reason = OSError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    raise httpx.ConnectError(message="") from aiohttp.ClientConnectorError(key, reason)
