"""Finds the manifest files under the roots: names only, no contents.

Under a folder, what counts are files named `*.yaml` and `*.yml` that are not hidden, in folders
that are not hidden. A root itself may have any name. Symlinks are followed where they stay inside
the roots, to hidden places too: this is what a mounted ConfigMap is made of.
"""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

from reconciler.core.problem import Origin, Problem
from reconciler.source.git_folder import checkout_under_way, enclosing, git_folder
from reconciler.source.links import Destination, Links, is_folder, may_read
from reconciler.source.regular_file import NOT_REGULAR, Unusable
from reconciler.source.showable import is_showable, shown

SUFFIXES: Final = (".yaml", ".yml")
MAX_FILES: Final = 50_000
MAX_DEPTH: Final = 32
_ENTRIES_PER_FILE: Final = 10
"""How many names of any kind may be looked at, for each manifest file that may be found."""


class Root(NamedTuple):
    """A file or folder to look in: as it was typed, and made absolute with its symlinks kept."""

    typed: str
    absolute: str


class FoundFile(NamedTuple):
    """A manifest file: as its reader knows it, and where it really lies."""

    path: str
    real: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What lies under the roots.

    `folders` are the real folders that were listed; `names` are those on whose meaning the rest
    depends: every step of a root's path and every symlink; `links` are the symlinks with their
    targets. `tops` are the real folders that hold the roots, or would if they existed. `torn` tells
    that something vanished during the walk: walk again. The rest is as in `Scan`.
    """

    files: tuple[FoundFile, ...]
    folders: frozenset[str]
    names: frozenset[str]
    links: Mapping[str, str]
    tops: frozenset[str]
    git_folders: tuple[str, ...]
    problems: tuple[Problem, ...]
    missing: tuple[str, ...]
    empty: tuple[str, ...]
    complete: bool
    seen: bool
    torn: bool
    busy: str | None


def roots_of(paths: Sequence[Path]) -> tuple[Root, ...]:
    """Give the roots for paths as a user typed them, relative to the present folder."""
    here = Path.cwd()
    return tuple(Root(typed=str(path), absolute=str(here / path)) for path in paths)


def walk(roots: Sequence[Root], max_files: int = MAX_FILES) -> Tree:
    """Find the manifest files under the roots."""
    return _Walk(max_files).run(roots)


class _Folder(NamedTuple):
    path: str
    real: str
    depth: int

    def at(self, name: str) -> tuple[str, str]:
        path = name if self.path == "." else f"{self.path.rstrip('/')}/{name}"
        return path, path if self.path == self.real else f"{self.real.rstrip('/')}/{name}"


class _Link(NamedTuple):
    path: str
    folder: _Folder
    name: str


@dataclass(slots=True, eq=False, repr=False)
class _Walk:
    """One walk: every symlink is read once, every real file and folder is visited once."""

    max_files: int
    links: Links = field(default_factory=Links)
    inside: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    pending: list[_Link] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    tops: set[str] = field(default_factory=set)
    git_folders: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    entries: int = 0
    full: bool = False
    complete: bool = True
    torn: bool = False

    def run(self, roots: Sequence[Root]) -> Tree:
        found = [(root, real) for root in roots if (real := self._find_root(root)) is not None]
        self.inside = [real for _, real in found]
        busy = checkout_under_way(tuple(self.git_folders))
        for root, real in found:
            self._take(root.typed, real, depth=0, named=True)
        # Links come last, so that a file is known by its own path where it has one under the roots.
        while self.pending and not self.full:
            links, self.pending = sorted(self.pending), []
            for link in links:
                self._follow(link)
        files = sorted((path, real) for real, path in self.files.items())
        return Tree(
            files=tuple(map(FoundFile._make, files)),
            folders=frozenset(self.folders),
            names=frozenset(self.names),
            links=self.links.seen(),
            tops=frozenset(self.tops),
            git_folders=tuple(self.git_folders),
            problems=tuple(sorted(self.problems)),
            missing=tuple(self.missing),
            empty=tuple(root.typed for root, real in found if self._is_empty(real)),
            complete=self.complete and not self.missing and not self.torn,
            seen=self.complete and not self.torn,
            torn=self.torn,
            busy=busy,
        )

    def _find_root(self, root: Root) -> str | None:
        if not is_showable(root.absolute):
            self._give_up(root.typed, _UNSHOWABLE_NAME)
            return None
        destination = self.links.follow(root.absolute)
        self.names.update(destination.names)
        real = destination.real
        nearest = real or destination.names[-1]
        top = nearest if is_folder(nearest) else str(Path(nearest).parent)
        self.tops.add(top)
        if real is None or not may_read(real):
            self.missing.append(root.typed)
            return None
        self._add_git_folder(enclosing(top, self.links))
        return real

    def _add_git_folder(self, folder: str | None) -> None:
        if folder is not None and folder not in self.git_folders:
            self.git_folders.append(folder)

    def _take(self, path: str, real: str, *, depth: int, named: bool) -> None:
        """Take in what lies at a real path; `named` where its name makes it a manifest file."""
        try:
            mode = os.lstat(real).st_mode
        except OSError:
            self.torn = True
            return
        if stat.S_ISDIR(mode):
            self._walk(_Folder(path, real, depth))
        elif named and stat.S_ISREG(mode):
            self._add_file(path, real)
        elif named:
            self._refuse(path, NOT_REGULAR)

    def _walk(self, top: _Folder) -> None:
        waiting = [top]
        while waiting and not self.full:
            folder = waiting.pop()
            if folder.real in self.folders:
                continue
            if folder.depth > MAX_DEPTH:
                self._refuse(folder.path, _TOO_DEEP)
                continue
            self.folders.add(folder.real)
            try:
                waiting.extend(self._list(folder))
            except (FileNotFoundError, NotADirectoryError):
                self.torn = True
            except OSError as error:
                self._give_up(folder.path, _unlistable(error))

    def _list(self, folder: _Folder) -> Iterator[_Folder]:
        """Take in the entries of a folder, and give the folders among them, the first one last."""
        most = self.max_files * _ENTRIES_PER_FILE - self.entries
        with os.scandir(folder.real) as entries:
            listed = sorted(islice(entries, most + 1), key=attrgetter("name"))
        self.entries += len(listed)
        if len(listed) > most:
            self._overflow(folder.path)
        folders: list[_Folder] = []
        for entry in listed:
            if entry.name.startswith("."):
                if entry.name == ".git":
                    self._add_git_folder(git_folder(folder.real, self.links))
                continue
            sub = self._sort_entry(folder, entry)
            if sub is not None:
                folders.append(sub)
            if self.full:
                break
        return reversed(folders)

    def _sort_entry(self, folder: _Folder, entry: os.DirEntry[str]) -> _Folder | None:
        path, real = folder.at(entry.name)
        named = entry.name.endswith(SUFFIXES)
        is_file = entry.is_file(follow_symlinks=False)
        is_folder = not is_file and entry.is_dir(follow_symlinks=False)
        if (named or is_folder) and not is_showable(entry.name):
            self._refuse(path, _UNSHOWABLE_NAME)
        elif is_file:
            if named:
                self._add_file(path, real)
        elif is_folder:
            return _Folder(path, real, folder.depth + 1)
        elif entry.is_symlink():
            self.pending.append(_Link(path, folder, entry.name))
        elif named:
            self._refuse(path, NOT_REGULAR)
        return None

    def _follow(self, link: _Link) -> None:
        named = link.name.endswith(SUFFIXES)
        destination = self.links.follow(link.name, link.folder.real)
        real = destination.real
        if real is not None and self._is_inside(real):
            self.names.update(destination.names)
            self._take(link.path, real, depth=link.folder.depth + 1, named=named)
            return
        self.names.update(name for name in destination.names if self._is_inside(name))
        if real is None and named:
            self._refuse(link.path, _leads_nowhere(destination))
        elif real is not None and (named or is_folder(real)):
            self._refuse(link.path, _LEADS_OUT)

    def _is_inside(self, real: str) -> bool:
        return any(real == root or real.startswith(f"{root.rstrip('/')}/") for root in self.inside)

    def _is_empty(self, real: str) -> bool:
        prefix = f"{real.rstrip('/')}/"
        return not any(file == real or file.startswith(prefix) for file in self.files)

    def _add_file(self, path: str, real: str) -> None:
        if real in self.files:
            return
        if len(self.files) >= self.max_files:
            self._overflow(path)
            return
        self.files[real] = path

    def _refuse(self, path: str, why: Unusable) -> None:
        self.problems.append(Problem(Origin(shown(path), 1, 1), why.what, why.todo))

    def _give_up(self, path: str, why: Unusable) -> None:
        self._refuse(path, why)
        self.complete = False

    def _overflow(self, path: str) -> None:
        most = f"{self.max_files:,} manifest files or {self.max_files * _ENTRIES_PER_FILE:,} names"
        self._give_up(path, Unusable(f"here the search ended, after {most}", "name a smaller folder"))
        self.full = True


_UNSHOWABLE_NAME: Final = Unusable(
    "has control characters or bytes other than UTF-8 in its name", "rename it"
)
_TOO_DEEP: Final = Unusable(f"is more than {MAX_DEPTH} folders deep", "move it up, or name it as a root")
_LEADS_OUT: Final = Unusable(
    "is a symlink that leads out of the folder to watch", "copy the file in, or name its folder as a root"
)


def _leads_nowhere(destination: Destination) -> Unusable:
    return Unusable(f"is a symlink that leads nowhere: {destination.reason}", "correct or remove it")


def _unlistable(error: OSError) -> Unusable:
    words = error.strerror or "input/output error"
    return Unusable(f"can't be listed: {words}", "let the user that runs the reconciler read it")
