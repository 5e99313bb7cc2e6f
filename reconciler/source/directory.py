"""Where manifests come from: files and folders on disk, read when asked and hashed where they changed."""

import hashlib
import os
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

from reconciler.core.problem import Origin, Problem
from reconciler.source.git_folder import checkout_under_way
from reconciler.source.links import still_lead
from reconciler.source.regular_file import (
    LARGEST_FILE,
    FileContent,
    Signature,
    Unsteady,
    Unusable,
    examine,
    read_file,
)
from reconciler.source.standing import stands, stands_at
from reconciler.source.tree import MAX_FILES, FoundFile, Tree, roots_of, walk

_ATTEMPTS: Final = 5
"""How often a scan starts afresh because files vanished under it, before it says so."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestFile:
    """A file that holds manifests.

    `path` is how its reader knows it: the root as typed, and the way from there. `location` is the
    same made absolute, links not followed: it stays when a link is swapped. `content` is the
    SHA-256 of the bytes. `changed_at` is when it got that content, as far as looking at it tells.
    """

    path: str
    location: str
    content: bytes
    changed_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What lay under the roots at one moment.

    `here` is the folder that paths are seen from where they are not absolute; it need not exist
    any more. `files` are sorted by path and `problems` tell of files that can't be used. `missing`
    are the roots, as typed, that don't exist or can't be read now; `empty` those that hold no
    usable file.

    `complete` is False where something under the roots was not seen: a root is missing, a folder
    can't be listed, there are too many files, or files kept vanishing. Only in a complete scan
    does the absence of a file mean that it is gone. The files that are there are good to use in
    either case. `seen` leaves missing roots aside: what is there was all seen. `busy` says why
    this scan should not be acted on at all.
    """

    here: str
    files: tuple[ManifestFile, ...]
    problems: tuple[Problem, ...] = ()
    missing: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    complete: bool = True
    seen: bool = True
    busy: str | None = None


def location_of(path: str, here: str) -> str:
    """Give the location of a path as a reader knows it, seen from the folder `here`."""
    return os.path.normpath(os.path.join(here, path))  # noqa: PTH118  # a Path keeps each name for ever


def lies_under(location: str, root: str) -> bool:
    """Tell whether a location is that of a root, or lies in it."""
    return location == root or location.startswith(f"{root.rstrip('/')}/")


def changed(modified: int, *, looked_at: int | None, now: int) -> datetime:
    """Give when a file got the content that it is seen to have `now`; all times are in ns since 1970.

    That is when it was `modified`, where that lies between the look before, which began at
    `looked_at`, and this one. Else nobody knows, and it is now: files are moved into place with the
    times that they had elsewhere, and what is found by the first look may have been there for years.
    """
    known = looked_at is not None and looked_at <= modified <= now
    return _EPOCH + timedelta(microseconds=(modified if known else now) // 1000)


class Directory:
    """The files under some roots.

    Every call does blocking I/O. One scan at a time; `read` may be called from any thread. `clock`
    gives the time in ns since 1970, which times of files are compared with.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        max_bytes: int = LARGEST_FILE,
        max_files: int = MAX_FILES,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._roots = roots_of(roots)
        self._clock = clock
        self._looked_at: int | None = None
        self._here = str(Path.cwd())  # once: it may be gone later
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._hashed: dict[str, _Hashed] = {}
        self._real: dict[str, str] = {}
        self._last: _Last | None = None

    def scan(self) -> Scan:
        """Find the files and hash those that may have changed since the look before."""
        for _ in range(_ATTEMPTS):
            tree, scan = self._attempt()
            if not tree.torn:
                break
        saw_all = scan.complete and scan.busy is None and scan.files and not scan.empty
        self._last = _Last(tree, scan) if saw_all else None
        return scan

    def look(self, places: Iterable[str]) -> Scan | None:
        """Give what a scan would find if only the `places` changed since the look before; None: scan.

        Places are absolute, without symlinks. Only a file that the last scan found at its own place can
        be looked at alone. A scan is needed for whatever else may have happened there (something new or
        gone, no regular file, a root, a symlink), where Git is at work or a symlink leads elsewhere, and
        where the last scan did not see all.
        """
        if self._last is None or not stands(self._last.tree):
            return None
        tree, last = self._last
        anew: dict[str, _Hashed] = {}
        for place in places:
            known = self._hashed.get(place)
            if known is None or not stands_at(tree, place):
                return None
            now = self._hash(FoundFile(known.file.path, place))
            if not isinstance(now, _Hashed):
                return None
            anew[place] = now
        if anew and not stands(tree):
            return None
        self._hashed.update(anew)
        self._last = _Last(tree, _with_files(last, [known.file for known in anew.values()]))
        return self._last.scan

    def scanned_for_good(self) -> None:
        """Forget what only another scan needs; of very many files it is most of what is known of them."""
        self._hashed, self._last = {}, None

    def read(self, file: ManifestFile) -> bytes | None:
        """Read a file of the last scan again; None where its bytes are no longer those: scan again."""
        real = self._real.get(file.location)
        found = None if real is None else read_file(real, self._max_bytes)
        if isinstance(found, FileContent) and hashlib.sha256(found.data).digest() == file.content:
            return found.data
        return None

    def _attempt(self) -> tuple[Tree, Scan]:
        """Scan once; the tree is torn where files were being changed meanwhile."""
        began = self._clock()
        tree = walk(self._roots, self._max_files)
        hashed: dict[str, _Hashed] = {}
        problems = list(tree.problems)
        torn = tree.torn
        for found in tree.files:
            known = self._hash(found)
            match known:
                case _Hashed():
                    hashed[found.real] = known
                case Unusable(what=what, todo=todo):
                    problems.append(Problem(Origin(found.path, 1, 1), what, todo))
                case Unsteady():
                    torn = True
        # A version that was swapped out is removed next: what was listed may be a part of it.
        torn = torn or not still_lead(tree.links)
        self._hashed, self._looked_at = hashed, began
        self._real = {known.file.location: real for real, known in hashed.items()}
        tree = replace(tree, torn=torn, complete=tree.complete and not torn, seen=tree.seen and not torn)
        return tree, self._scan(tree, problems)

    def _scan(self, tree: Tree, problems: list[Problem]) -> Scan:
        return Scan(
            here=self._here,
            files=tuple(known.file for known in self._hashed.values()),
            problems=tuple(sorted(problems)),
            missing=tree.missing,
            empty=tree.empty,
            complete=tree.complete,
            seen=tree.seen,
            busy=tree.busy or checkout_under_way(tree.git_folders),
        )

    def _hash(self, found: FoundFile) -> "_Hashed | Unusable | Unsteady":
        signature = examine(found.real)
        if not isinstance(signature, Signature):
            return signature
        known = self._hashed.get(found.real)
        if known is None or known.signature != signature or known.racy:
            return self._hash_anew(found, signature)
        if known.file.path != found.path:
            return known._replace(file=replace(known.file, path=found.path, location=self._location(found)))
        return known

    def _hash_anew(self, found: FoundFile, signature: Signature) -> "_Hashed | Unusable | Unsteady":
        now = self._clock()
        content = read_file(found.real, self._max_bytes)
        if not isinstance(content, FileContent):
            return content
        if content.signature != signature:
            return Unsteady.UNSTEADY
        location, digest = self._location(found), hashlib.sha256(content.data).digest()
        before = self._hashed.get(self._real.get(location, found.real))
        if before is not None and before.file.content == digest:
            changed_at = before.file.changed_at
        else:
            looks = (self._looked_at, before.at if before is not None else None)
            looked_at = max((look for look in looks if look is not None), default=None)
            changed_at = changed(signature.modified, looked_at=looked_at, now=now)
        file = ManifestFile(path=found.path, location=location, content=digest, changed_at=changed_at)
        return _Hashed(signature, signature.racy(now), file, now)

    def _location(self, found: FoundFile) -> str:
        location = location_of(found.path, self._here)
        return found.real if location == found.real else location  # one text for both, of many files


class _Hashed(NamedTuple):
    """A file whose bytes are known, as of the time `at`. `racy`: they may change and the signature stay."""

    signature: Signature
    racy: bool
    file: ManifestFile
    at: int


class _Last(NamedTuple):
    """The last scan, with what was found of its files since, and the tree that it was made of."""

    tree: Tree
    scan: Scan


def _with_files(scan: Scan, files: Iterable[ManifestFile]) -> Scan:
    """Give a scan in which `files` stand in the place of those of their paths."""
    found = list(scan.files)
    for file in files:
        found[bisect_left(found, file.path, key=attrgetter("path"))] = file
    now = tuple(found)
    return scan if now == scan.files else replace(scan, files=now)
