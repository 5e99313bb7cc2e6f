"""Whether Git is changing the files just now."""

import os
import stat
import time
from pathlib import Path
from typing import Final

from reconciler.source.links import Links, is_folder

LOCK: Final = "index.lock"
"""Git holds this file in its folder while it writes to the working tree."""

_STALE: Final = 60.0
"""Seconds. An older lock was left by a crash, or an editor is open on a commit message."""

_LONGEST_POINTER: Final = 4096 + len("gitdir: \n")


def enclosing(folder: str, links: Links) -> str | None:
    """Give Git's own folder of the working tree that the real `folder` lies in."""
    while True:
        found = git_folder(folder, links)
        if found is not None or folder == "/":
            return found
        folder = str(Path(folder).parent)


def git_folder(folder: str, links: Links) -> str | None:
    """Give Git's own folder of the working tree whose top is the real `folder`.

    It is `.git` itself, or where the file `.git` of a worktree or submodule points to. Source:
    gitrepository-layout(5).
    """
    real = links.follow(".git", folder).real
    if real is None:
        return None
    if is_folder(real):
        return real
    pointer = _read_pointer(real)
    target = links.follow(pointer, folder).real if pointer else None
    return target if target is not None and is_folder(target) else None


def checkout_under_way(folders: tuple[str, ...]) -> str | None:
    """Say which of Git's own folders is locked, if one is."""
    for folder in folders:
        lock = f"{folder}/{LOCK}"
        try:
            age = time.time() - os.lstat(lock).st_mtime
        except OSError:
            continue
        if abs(age) < _STALE:
            return f"{lock} exists, so Git is changing the files"
    return None


def _read_pointer(path: str) -> str | None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        regular = stat.S_ISREG(os.fstat(file).st_mode)
        content = os.read(file, _LONGEST_POINTER) if regular else b""
    except OSError:
        return None
    finally:
        os.close(file)
    key, _, target = os.fsdecode(content).partition(": ")
    return target.rstrip("\n") if key == "gitdir" else None
