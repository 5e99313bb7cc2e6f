"""The chat service that the program talks to: a sandbox on a thread of its own, open to a look inside."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread
from typing import Final, NamedTuple, TypeVar

from reconciler.sandbox.chat import Message
from reconciler.sandbox.faults import FaultRule
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.request_log import LogEntry, RequestLog
from reconciler.sandbox.sandbox import Sandbox
from reconciler.sandbox.server import running_sandbox
from tests.program.waiting import LONGEST

T = TypeVar("T")

_BEAT: Final = 0.02
"""Seconds from one beat of a sandbox's loop to the next."""

_LATE: Final = 0.01
"""Seconds by which a beat is late where the loop had no processor for a while."""


class Stall(NamedTuple):
    """A time, on the monotonic clock, in which a sandbox may have had no processor."""

    begin: float
    end: float


class LiveSandbox:
    """A running sandbox. Every look inside is taken on its own event loop, between two requests."""

    def __init__(self, sandbox: Sandbox, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
        self._sandbox = sandbox
        self._loop = loop
        self._stop = stop
        self.stalls: list[Stall] = []
        self.url = sandbox.url

    async def beat(self) -> None:
        """Take note of when its loop had no processor: what came then is logged as of the end."""
        last = self._loop.time()
        while True:
            await asyncio.sleep(_BEAT)
            now = self._loop.time()
            if now - last > _BEAT + _LATE:
                # One right after another is the same: what came in the first may be seen after both.
                goes_on = self.stalls and self.stalls[-1].end == last
                begin = self.stalls.pop().begin if goes_on else last
                self.stalls.append(Stall(begin, now))
            last = now

    def look(self, at: Callable[[Sandbox], T]) -> T:
        """Give what a function sees inside, or let it change something there."""

        async def inside() -> T:
            return at(self._sandbox)

        return asyncio.run_coroutine_threadsafe(inside(), self._loop).result(LONGEST)

    def puts(self, since: int = 0) -> tuple[LogEntry, ...]:
        """Give every PUT that is over, in the order of their ends; those after entry `since`."""
        return self.look(lambda sandbox: sandbox.log.puts(since))

    def arrived(self) -> int:
        """Count the requests that came so far."""
        return self.look(lambda sandbox: sandbox.log.arrived)

    def message(self, message: str) -> Message:
        """Give one message as the chat has it."""
        return self.look(lambda sandbox: sandbox.chat.messages[message])

    def let_fail(self, *rules: FaultRule) -> None:
        """Put fault rules in force."""
        self.look(lambda sandbox: sandbox.faults.add(*rules))

    def let_succeed(self) -> None:
        """Take all fault rules back."""
        self.look(lambda sandbox: sandbox.faults.clear())

    def sees(self, condition: Callable[[RequestLog], bool], what: str) -> None:
        """Wait until the log fulfils a condition; fail with `what` was waited for."""

        async def inside() -> bool:
            log = self._sandbox.log
            return await log.wait_until(lambda: condition(log), LONGEST)

        seen = asyncio.run_coroutine_threadsafe(inside(), self._loop).result(2 * LONGEST)
        assert seen, f"the service never saw {what}; it saw {self.puts()}"

    def sees_puts(self, count: int) -> tuple[LogEntry, ...]:
        """Wait until there are `count` PUTs that are over; give all there are."""
        self.sees(lambda log: len(log.puts()) >= count, f"{count} PUTs")
        return self.puts()

    def sees_text(self, text: str) -> LogEntry:
        """Wait for the PUT of a text; give it."""
        self.sees(
            lambda log: any(put.fields.get("message") == text for put in log.puts()), "a text that was saved"
        )
        return next(put for put in self.puts() if put.fields.get("message") == text)

    def end(self) -> None:
        """Let its thread end."""
        self._loop.call_soon_threadsafe(self._stop.set)


@contextmanager
def live_sandbox(options: SandboxOptions) -> Iterator[LiveSandbox]:
    """Run a sandbox for as long as the block lasts."""
    started: Future[LiveSandbox] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        try:
            async with running_sandbox(options) as sandbox:
                live = LiveSandbox(sandbox, asyncio.get_running_loop(), stop)
                beating = asyncio.create_task(live.beat())
                started.set_result(live)
                await stop.wait()
                beating.cancel()
        except Exception as error:  # noqa: BLE001  # whoever waits for the start gets it
            if not started.done():
                started.set_exception(error)

    thread = Thread(target=lambda: asyncio.run(serve()), name="sandbox")
    thread.start()
    sandbox = started.result(LONGEST)
    try:
        yield sandbox
    finally:
        sandbox.end()
        thread.join(LONGEST)
