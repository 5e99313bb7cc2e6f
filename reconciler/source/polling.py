"""Sees changes by looking again and again: on any file system, at the price of a stat for each file."""

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from reconciler.source.deadline import Deadline
from reconciler.source.git_folder import checkout_under_way
from reconciler.source.places import ANYWHERE, Places
from reconciler.source.regular_file import Signature, Unsteady, Unusable, examine
from reconciler.source.tree import Root, Tree, walk

_PAUSE: Final = 0.1
_QUIET: Final = 0.025
_LONGEST_BURST: Final = 0.1

_PAUSE_PER_WORK: Final = 9
"""A look that takes 1 s of a core is followed by 9 s of pause: a tenth of a core at most."""


class Polling:
    """A watch on the roots, wherever they lie."""

    mode: Final = "poll"

    def __init__(self, roots: Sequence[Root]) -> None:
        self._roots = roots
        self._pause = _PAUSE
        self._seen = self._look()

    def wait(self, deadline: Deadline) -> Places | None:
        """Block until something changed, anywhere, and then nothing for a moment; None at the deadline."""
        while not self._changed():
            if deadline.wait(self._pause):
                return None
        burst_ends = time.monotonic() + _LONGEST_BURST
        while time.monotonic() < burst_ends and not deadline.wait(_QUIET) and self._changed():
            pass
        return ANYWHERE

    def close(self) -> None:
        """Do nothing: between two looks nothing is held."""

    def _changed(self) -> bool:
        last, self._seen = self._seen, self._look()
        return last != self._seen

    def _look(self) -> "_Look":
        wall, core = time.monotonic(), time.thread_time()
        tree = walk(self._roots)
        files = tuple(examine(file.real) for file in tree.files)
        look = _Look(tree, files, checkout_under_way(tree.git_folders))
        # On a network file system most of the time is spent waiting: do that half of the time at most.
        self._pause = max(_PAUSE, _PAUSE_PER_WORK * (time.thread_time() - core), time.monotonic() - wall)
        return look


class _Look(NamedTuple):
    tree: Tree
    files: tuple[Signature | Unusable | Unsteady, ...]
    busy: str | None
