"""An event loop whose clock jumps: an hour of waiting takes no time, and a stall is a number."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

_TICK: Final = 1e-9

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """Moves its clock on where the loop would wait."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if timeout is None and not ready:
            msg = "everything waits for nothing"
            raise RuntimeError(msg)
        if timeout:
            self.now += max(timeout, _TICK)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only where everything waits, or where `stall` says so."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def stall(self, seconds: float) -> None:
        """Block, as a callback that computes for so long does."""
        self._jumping.now += seconds


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run on a new virtual loop, from time 0."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def virtual_loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop
