"""How far a pass is, as one line at the foot of a terminal; where there is no terminal, nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

from rich.console import Console, RenderableType
from rich.control import Control
from rich.progress_bar import ProgressBar
from rich.segment import ControlType, Segments
from rich.table import Table
from rich.text import Text

from reconciler.core.call import Call
from reconciler.render.pace import Flow, Pace, pace_words

_EVERY: Final = 0.1
"""Seconds between two looks at how far the pass is."""

_SHORTEST_BAR: Final = 10

_CLEAR: Final = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))


class ProgressLine:
    """Shows calls that take longer than `shortest` seconds, from the first to the last of them.

    It is told of each call, and of the flow once there is one. Whatever else goes to the terminal
    meanwhile is printed `aside`.
    """

    def __init__(self, console: Console, *, shortest: float = 0.0) -> None:
        self._console = console
        self._shortest = shortest
        self._flow: Flow | None = None
        self._pace: Pace | None = None
        self._total = 0
        self._shown = False

    def flows(self, flow: Flow) -> None:
        """Take note of what to look at."""
        self._flow = flow

    def called(self, call: Call) -> None:
        """Count one call."""
        del call
        now = time.monotonic()
        self._pace = self._pace or Pace(now)
        self._pace.answered(now)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Show how far it is, as long as the block lasts."""
        looking = asyncio.create_task(self._keep_looking())
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            self._clear()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the line off the terminal while something else is printed."""
        shown = self._shown
        self._clear()
        try:
            yield
        finally:
            if shown and self._flow is not None and self._pace is not None:
                self._draw(self._flow, self._pace)

    async def _keep_looking(self) -> None:
        while self._console.is_interactive and self._console.file.isatty():
            self._look()
            await asyncio.sleep(_EVERY)

    def _look(self) -> None:
        flow, now = self._flow, time.monotonic()
        left = flow.left() if flow is not None else 0
        if flow is None or not left:
            self._clear()
            self._pace = None
            return
        self._pace = self._pace or Pace(now)
        self._total = self._pace.done + left
        limit = flow.limit()
        if self._shown or limit is None or left / limit >= self._shortest:
            self._draw(flow, self._pace)

    def _draw(self, flow: Flow, pace: Pace) -> None:
        left = max(0, self._total - pace.done)
        words = pace_words(pace, left, time.monotonic(), limit=flow.limit(), ceiling=flow.ceiling)
        options = self._console.options.update(width=self._console.width - 1)
        line = _line(pace.done, self._total, words, options.max_width)
        with self._console:  # one write, so that nothing comes in between
            self._console.control(_CLEAR)
            self._console.print(Segments(self._console.render_lines(line, options, pad=False)[0]), end="")
        self._shown = True

    def _clear(self) -> None:
        if self._shown:
            self._console.control(_CLEAR)
            self._shown = False


def _line(done: int, total: int, words: str, width: int) -> RenderableType:
    """Give the line; where the terminal is narrow, its figures alone."""
    counted = f"{done:,}/{total:,}"
    if len(f"sending {counted} {words} ") + _SHORTEST_BAR > width:
        return Text(f"{counted} {words}", no_wrap=True, overflow="ellipsis")
    line = Table.grid(padding=(0, 1), expand=True)
    for share in (None, 1, None, None):
        line.add_column(ratio=share, no_wrap=True)
    line.add_row("sending", ProgressBar(total, done), counted, words)
    return line
