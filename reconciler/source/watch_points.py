"""What to watch so that no change under the roots is missed, and which events tell of one."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.source.git_folder import LOCK
from reconciler.source.links import is_folder, may_read
from reconciler.source.tree import SUFFIXES, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPoints:
    """The folders to watch, none of them with what lies below it.

    `watched` gives each its device and inode: a folder that was made anew is another one. It has
    the folders with manifests, those that hold the steps of the roots' paths and the symlinks,
    and Git's own. `names` are the entries that matter wherever they lie.
    """

    watched: Mapping[str, tuple[int, int]]
    listed: frozenset[str]
    names: frozenset[str]

    def turns_on(self, path: str) -> bool:
        """Tell whether an event at `path` may have made the watch points themselves outdated."""
        return path in self.names or path in self.watched

    def concerns(self, path: str) -> bool:
        """Tell whether an event at `path` may have changed what a scan would find."""
        if self.turns_on(path):
            return True
        folder, _, name = path.rpartition("/")
        if (folder or "/") not in self.listed or name.startswith("."):
            return False
        return name.endswith(SUFFIXES) or is_folder(path)


def watch_points(tree: Tree) -> WatchPoints:
    """Give the watch points for what was found under the roots."""
    parents = {str(Path(name).parent) for name in tree.names}
    watched: dict[str, tuple[int, int]] = {}
    for folder in sorted(tree.folders.union(parents, tree.git_folders)):
        try:
            status = os.lstat(folder)
        except OSError:
            continue  # it has just vanished, which its parent tells of
        if may_read(folder):
            watched[folder] = (status.st_dev, status.st_ino)
    locks = {f"{folder}/{LOCK}" for folder in tree.git_folders}
    return WatchPoints(watched=watched, listed=tree.folders, names=tree.names | locks)
