"""Sees changes by inotify, through watchfiles' own watcher.

Folders are watched one by one and never with what lies below: watchfiles would follow symlinks
out of the roots, and would go deaf when a folder is replaced. So what is watched is listed here,
and whoever holds this opens another one whenever the list has become outdated.
"""

import errno
import os
import stat
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from watchfiles._rust_notify import RustNotify

from reconciler.source.deadline import Deadline
from reconciler.source.file_system import mounts, silent_file_system
from reconciler.source.places import ANYWHERE, MOST_PLACES, Places, places
from reconciler.source.tree import Root, walk
from reconciler.source.watch_points import WatchPoints, watch_points

_STEP: Final = 20
"""Milliseconds between two looks at what inotify has told; a change is seen in the second one.

Half as many take twice as much of a core where nothing happens.
"""

_QUIET: Final = 10
"""Milliseconds without a change after which a burst of them is over."""

_LONGEST_BURST: Final = 0.1
_ATTEMPTS: Final = 10


class SilentFileSystemError(Exception):
    """The roots lie on a file system that does not tell of every change."""


class Inotify:
    """A watch on the roots as they lie now.

    `anywhere` watches also where not every change is told of; else SilentFileSystemError is raised
    there. Raises OSError, RuntimeError or UnicodeError where the system can't watch the folders:
    the limit on watches is reached, for one.
    """

    mode: Final = "inotify"

    def __init__(self, roots: Sequence[Root], *, anywhere: bool) -> None:
        self._roots = roots
        for _ in range(_ATTEMPTS):
            self._points = self._look(anywhere=anywhere)
            try:
                self._notify = _notify(self._points)
            except FileNotFoundError:
                continue
            # What was made after the look and before the watch would be missed for ever.
            if self._look(anywhere=anywhere) == self._points:
                self._doubtful = False
                return
            self._notify.close()
        raise OSError(errno.EAGAIN, "the folders to watch kept changing")

    def wait(self, deadline: Deadline) -> Places | None:
        """Block until something changed and then nothing for a moment; give where.

        None where this watch is of no more use: it is outdated, or the deadline is past. A burst that
        does not come to an end may be anywhere: who looks at places alone could take each part of it
        for the whole.
        """
        if self._doubtful and watch_points(walk(self._roots)) != self._points:
            return None
        changes: set[str] = set()
        while not changes:
            seen = self._notify.watch(0, _STEP, 0, deadline)
            if isinstance(seen, str):
                return None
            changes = self._concerning(seen)
        burst_ends = time.monotonic() + _LONGEST_BURST
        while more := self._more(deadline):
            changes |= more
            if time.monotonic() >= burst_ends:
                break
        if any(map(self._points.turns_on, changes)):
            return None  # a folder made anew can have the inode of the old one: no look tells them apart
        self._doubtful = not _are_files(changes)
        return ANYWHERE if more or self._doubtful else places(changes)

    def close(self) -> None:
        """Stop watching."""
        self._notify.close()

    def _look(self, *, anywhere: bool) -> WatchPoints:
        tree = walk(self._roots)
        silent = None if anywhere else silent_file_system(tree.folders | tree.tops, mounts())
        if silent is not None:
            msg = f"a file system of type {silent} does not tell of every change"
            raise SilentFileSystemError(msg)
        return watch_points(tree)

    def _more(self, deadline: Deadline) -> set[str]:
        """Give what changes before there is quiet; nothing where there is."""
        seen = self._notify.watch(0, _QUIET, 1, deadline)  # it gives up in the first step that is empty
        return set() if isinstance(seen, str) else self._concerning(seen)

    def _concerning(self, seen: set[tuple[int, str]]) -> set[str]:
        return {path for _, path in seen if self._points.concerns(path)}


def _are_files(changes: AbstractSet[str]) -> bool:
    """Tell whether all that changed are a few files: what they are or were makes no watch point.

    What lies there no more was a file too: a folder or symlink would turn the watch points.
    """
    return len(changes) <= MOST_PLACES and all(map(_is_file_or_gone, changes))


def _is_file_or_gone(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return True


def explain(error: Exception) -> str:
    """Say for people why inotify failed."""
    words = str(error).partition(" (Error {")[0]  # what follows is for watchfiles' developers
    if "watch limit" in words or "Too many open files" in words:
        return f"{words}; raise fs.inotify.max_user_watches or fs.inotify.max_user_instances"
    return words


def _notify(points: WatchPoints) -> RustNotify:
    notify = RustNotify(
        list(points.watched),
        debug=False,
        force_polling=False,
        poll_delay_ms=0,
        recursive=False,
        ignore_permission_denied=False,  # it would ignore the limit on watches too
    )
    if "PollWatcher" in repr(notify):  # what watchfiles falls back to where inotify is not there
        notify.close()
        raise OSError(errno.ENOSYS, "the system has no inotify")
    return notify
