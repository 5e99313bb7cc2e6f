"""Reads a file that could be anything: bounded in size, never blocking, never through a symlink."""

import errno
import os
import stat
from enum import Enum
from typing import Final, NamedTuple

LARGEST_FILE: Final = 16 * 1024 * 1024
"""Bytes that a file may have."""

_RACY: Final = 2_000_000_000
"""Nanoseconds. Two writes within one tick of a file system's clock look alike; FAT ticks in 2 s."""

_CHUNK: Final = 1024 * 1024

_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE})


class Signature(NamedTuple):
    """What a stat tells of a file: it differs where the content may. Times are in ns."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    def racy(self, at: int) -> bool:
        """Tell whether a write after the time `at` (ns since 1970) could leave this signature as it is.

        Source: Git's `Documentation/technical/racy-git.txt`.
        """
        return max(self.modified, self.changed) + _RACY > at


class FileContent(NamedTuple):
    """The bytes of a file and the signature that it had before and after they were read."""

    data: bytes
    signature: Signature


class Unusable(NamedTuple):
    """Why a file can't be read, and what to do about it."""

    what: str
    todo: str


class Unsteady(Enum):
    """The file is being replaced, removed or written just now; look again."""

    UNSTEADY = "unsteady"


NOT_REGULAR: Final = Unusable("is not a regular file", "replace it by one, or remove it")


def examine(path: str) -> Signature | Unusable | Unsteady:
    """Give the signature of a regular file; the last part of `path` must not be a symlink."""
    try:
        return _signature(os.lstat(path))
    except OSError as error:
        return _refusal(error)


def read_file(path: str, max_bytes: int) -> FileContent | Unusable | Unsteady:
    """Read a regular file of at most `max_bytes`; the last part of `path` must not be a symlink."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        return _refusal(error)
    try:
        return _read_open(file, max_bytes)
    except OSError as error:
        return _refusal(error)
    finally:
        os.close(file)


def _read_open(file: int, max_bytes: int) -> FileContent | Unusable | Unsteady:
    before = _signature(os.fstat(file))
    if not isinstance(before, Signature):
        return before
    if before.size > max_bytes:
        return _too_large(max_bytes)
    chunks: list[bytes] = []
    left = max_bytes + 1
    while left and (chunk := os.read(file, min(left, _CHUNK))):
        chunks.append(chunk)
        left -= len(chunk)
    if _signature(os.fstat(file)) != before:
        return Unsteady.UNSTEADY
    if not left:  # a file system that can't tell sizes, such as /proc
        return _too_large(max_bytes)
    return FileContent(b"".join(chunks), before)


def _too_large(max_bytes: int) -> Unusable:
    return Unusable(f"has more than {max_bytes:,} bytes", "split it into several files")


def _signature(status: os.stat_result) -> Signature | Unusable:
    if not stat.S_ISREG(status.st_mode):
        return NOT_REGULAR
    return Signature(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _refusal(error: OSError) -> Unusable | Unsteady:
    if error.errno in _GONE:
        return Unsteady.UNSTEADY
    words = error.strerror or "input/output error"
    return Unusable(f"can't be read: {words}", "let the user that runs the reconciler read it, or remove it")
