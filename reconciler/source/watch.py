"""Tells that something under the roots may have changed, and never what: look again.

Events are hints, at most with the places where to look. They can be lost where the system's queue
overflows, so whoever waits for them scans now and then in any case; and the watch itself is made
anew every minute.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Final, Literal

from reconciler.source.deadline import Deadline
from reconciler.source.inotify import Inotify, SilentFileSystemError, explain
from reconciler.source.places import ANYWHERE, NOWHERE, Places
from reconciler.source.polling import Polling
from reconciler.source.tree import roots_of

Mode = Literal["inotify", "poll"]

_RENEWAL: Final = 60.0
"""Seconds after which the watch is made anew: what an overflowing queue lost is found then."""

_FIRST_PAUSE: Final = 1.0
_LONGEST_JOIN: Final = 2.0


class Watch:
    """A watch on files and folders, from a thread of its own that lives until `aclose`.

    `auto` uses inotify where the file system tells of every change, else polling. Where inotify
    fails, and be it asked for, polling takes over and inotify is tried again after 1 s, 2 s, 4 s,
    ... up to a minute. Nothing that happens to the files is an error to the caller.
    """

    def __init__(self, roots: Sequence[Path], *, mode: Literal["auto"] | Mode = "auto") -> None:
        self._roots = roots_of(roots)
        self._asked = mode
        self._mode: Mode = "poll" if mode == "poll" else "inotify"
        self._reason: str | None = None
        self._errors = 0
        self._last_error: str | None = None
        self._hint = asyncio.Event()
        self._where = NOWHERE
        self._stop = Event()
        self._thread: Thread | None = None
        self._pause = _FIRST_PAUSE
        self._retry_at = 0.0

    @property
    def mode(self) -> Mode:
        """Give the way that changes are seen now."""
        return self._mode

    @property
    def reason(self) -> str | None:
        """Say why polling is in force though it was not asked for."""
        return self._reason

    @property
    def errors(self) -> int:
        """Count how often inotify failed."""
        return self._errors

    @property
    def last_error(self) -> str | None:
        """Give the words of the last failure."""
        return self._last_error

    async def changed(self, timeout: float) -> Places | None:  # noqa: ASYNC109  # its end is an answer, not an error
        """Wait until something may have changed, and give where; None after `timeout` seconds without.

        The first call begins the watch and then answers at once: what happened before is found by
        looking. A burst of changes is one.
        """
        if self._thread is None:
            self._start()
        try:
            async with asyncio.timeout(timeout):
                await self._hint.wait()
        except TimeoutError:
            return None
        self._hint.clear()
        where, self._where = self._where, NOWHERE
        return where

    async def aclose(self) -> None:
        """End the watch and its thread."""
        await asyncio.to_thread(self._end)

    def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def _end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            # A thread that hangs in a dead network file system does not hold up the process.
            self._thread.join(_LONGEST_JOIN)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._watch()
            except Exception as error:  # noqa: BLE001  # whatever it is, changes must go on being seen
                self._fail(error)
                if self._mode == "poll":
                    self._stop.wait(_FIRST_PAUSE)

    def _watch(self) -> None:
        """Watch until this watch is of no more use; what happened before it began is told too."""
        watch, deadline = self._open()
        with closing(watch):
            self._tell(ANYWHERE)
            while where := watch.wait(deadline):
                self._tell(where)
        if watch.mode == "inotify" and deadline.is_set():
            self._pause = _FIRST_PAUSE

    def _open(self) -> tuple[Inotify | Polling, Deadline]:
        now = time.monotonic()
        if self._asked != "poll" and now >= self._retry_at:
            try:
                watch = Inotify(self._roots, anywhere=self._asked == "inotify")
            except SilentFileSystemError as error:
                self._reason = str(error)
                self._retry_at = now + _RENEWAL
            except (OSError, RuntimeError, UnicodeError) as error:
                self._fail(error)
            else:
                self._mode, self._reason = watch.mode, None
                return watch, Deadline(self._stop, now + _RENEWAL)
        self._mode = "poll"
        retry_at = math.inf if self._asked == "poll" else self._retry_at
        return Polling(self._roots), Deadline(self._stop, retry_at)

    def _fail(self, error: Exception) -> None:
        self._errors += 1
        self._last_error = self._reason = explain(error)
        self._retry_at = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _RENEWAL)

    def _tell(self, where: Places) -> None:
        try:
            self._loop.call_soon_threadsafe(self._hear, where)
        except RuntimeError:  # the loop is closed: nobody waits any more
            self._stop.set()

    def _hear(self, where: Places) -> None:
        self._where |= where
        self._hint.set()
