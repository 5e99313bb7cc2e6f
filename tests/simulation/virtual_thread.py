"""A thread that is none: its work is done on the loop, at a virtual time, one piece after the other."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

from reconciler.ledger.errors import LedgerError
from tests.chat_api.virtual_time import VirtualLoop

P = ParamSpec("P")
T = TypeVar("T")


class SimulatedLoop(VirtualLoop):
    """Virtual time, and no other thread that could make two runs differ."""

    call_soon_threadsafe = asyncio.SelectorEventLoop.call_soon

    def __init__(self) -> None:
        super().__init__()
        self.unheard: list[str] = []
        self.set_exception_handler(self._hear)

    def _hear(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Keep what nobody took note of. A process that is killed takes note of nothing."""
        if not isinstance(context.get("exception"), LedgerError):
            self.unheard.append(f"{context['message']}: {context.get('exception')!r}")


class VirtualThread(Executor):
    """Each piece of work takes `seconds()`. `ends` is asked before and after it whether the process is gone.

    What a dead process had begun is never answered, whether or not it was done.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: Callable[[], float], ends: Callable[[], bool]
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._ends = ends
        self._free_at = 0.0

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        self._free_at = max(self._free_at, self._loop.time()) + self._seconds()

        def do() -> None:
            if self._ends() or not done.set_running_or_notify_cancel():
                return
            try:
                result = work(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  # whoever waits gets it, as from any thread
                done.set_exception(error)
                return
            if not self._ends():
                done.set_result(result)

        self._loop.call_at(self._free_at, do)
        return done
