"""The sandbox on a socket: takes requests off the wire, lets faults happen, logs, answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from aiohttp import web

from reconciler.sandbox.access import Caller
from reconciler.sandbox.answer import NOT_FOUND, TOO_FAST, TOO_LARGE, Answer
from reconciler.sandbox.broken_answer import break_connection
from reconciler.sandbox.control import PREFIX, control
from reconciler.sandbox.endpoints import message_ids
from reconciler.sandbox.fault_answer import fault_answer
from reconciler.sandbox.faults import Broken, Drawn, Drop, GzipBomb, Redirect, Status, Subject
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.request import ChatRequest, chat_request
from reconciler.sandbox.request_log import Exchange
from reconciler.sandbox.sandbox import Sandbox

_LARGEST_SEED: Final = 64 * 1024 * 1024
_BACKLOG: Final = 1024
_SHUTDOWN_SECONDS: Final = 0.1
"""How long a request that a fault holds up may keep a sandbox from stopping."""

_PASSWORD: Final = "user[password]"  # noqa: S105  # the name of a field


@asynccontextmanager
async def running_sandbox(options: SandboxOptions | None = None) -> AsyncIterator[Sandbox]:
    """Run a sandbox on this event loop for as long as the context lasts.

    Raises SandboxInputError where the seed contradicts itself, OSError where the port is taken.
    """
    options = options or SandboxOptions()
    sandbox = Sandbox(options)
    server = web.Server(_Handler(sandbox), access_log=None, keepalive_timeout=options.keepalive)
    runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port, backlog=_BACKLOG).start()
        host, port = runner.addresses[0][:2]
        sandbox.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        yield sandbox
    finally:
        await runner.cleanup()


async def serve(options: SandboxOptions, *, on_ready: Callable[[Sandbox], None]) -> None:
    """Run a sandbox until this task is cancelled; `on_ready` is called once it listens.

    Raises SandboxInputError and OSError as `running_sandbox` does.
    """
    async with running_sandbox(options) as sandbox:
        on_ready(sandbox)
        await asyncio.Event().wait()


class _Handler:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request. Its log entry is there before its answer is."""
        if request.path.startswith(PREFIX):
            body = await request.clone(client_max_size=_LARGEST_SEED).read()
            return _response(await control(self._sandbox, request.method, request.path, request.query, body))
        path, _, query = request.raw_path.partition("?")
        exchange = self._sandbox.log.arrive(
            at=self._sandbox.options.clock(),
            monotonic=time.monotonic(),
            method=request.method,
            path=path,
            query=query,
        )
        try:
            ending = await self._end(request, exchange)
            exchange.status = ending.status if isinstance(ending, Answer) else None
        finally:
            self._sandbox.log.finish(exchange, time.monotonic())
        if isinstance(ending, Answer):
            return _response(ending, exchange.request_id)
        if request.transport is not None:
            await break_connection(ending, request.transport)
        return web.Response()  # goes nowhere: the connection is closed

    async def _end(self, request: web.BaseRequest, exchange: Exchange) -> Answer | Broken:
        """Give how a request ends, and put what is known of it into `exchange`."""
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return TOO_LARGE
        except (web.RequestPayloadError, ConnectionError):
            return Drop()  # the caller went away in the middle of its request
        asked = chat_request(exchange.method, request.raw_path, request.headers, body)
        exchange.fields = {name: each for name, each in asked.fields.items() if name != _PASSWORD}
        caller = self._sandbox.access.identify(request.headers)
        exchange.user = caller.user if isinstance(caller, Caller) else None
        if not self._sandbox.admits(exchange.monotonic):
            return self._too_fast()
        drawn = self._sandbox.faults.draw(_subject(exchange))
        exchange.faults = drawn.names
        return await self._carry_out(asked, caller, drawn, exchange)

    async def _carry_out(
        self, asked: ChatRequest, caller: Caller | Answer, drawn: Drawn, exchange: Exchange
    ) -> Answer | Broken:
        await _wait(drawn.wait_before)
        answer = NOT_FOUND
        if drawn.applied:
            answer = self._sandbox.endpoints.answer(asked, caller)
            exchange.applied = answer.status < HTTPStatus.MULTIPLE_CHOICES
        await _wait(drawn.wait_after)
        match drawn.fault:
            case None:
                return answer
            case Status() | Redirect() | GzipBomb() as fault:
                return fault_answer(fault)
            case fault:
                return fault

    def _too_fast(self) -> Answer:
        limit = self._sandbox.rate_limit
        wait = limit.retry_after if limit else None
        return TOO_FAST if wait is None else replace(TOO_FAST, headers={"Retry-After": f"{wait:g}"})


def _subject(exchange: Exchange) -> Subject:
    dialog = exchange.fields.get("chat_dialog_id")
    return Subject(
        method=exchange.method,
        path=exchange.path,
        messages=message_ids(exchange.path),
        dialog=dialog if isinstance(dialog, str) else None,
        user=exchange.user,
    )


async def _wait(seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)


def _response(answer: Answer, request_id: str | None = None) -> web.Response:
    headers = {"Content-Type": answer.content_type, **answer.headers}
    if request_id is not None:
        headers["X-Request-Id"] = request_id
    return web.Response(status=answer.status, body=answer.body, headers=headers)
