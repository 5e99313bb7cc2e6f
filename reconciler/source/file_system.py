"""Which file systems tell of every change made to them.

inotify knows what happens on this machine. What another machine, a host or a user-space file
system changes, it is not told of; there, only looking again helps.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

_LOCAL: Final = frozenset(
    {
        *("bcachefs", "btrfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "iso9660", "jfs", "nilfs2"),
        *(
            "ntfs3",
            "overlay",
            "ramfs",
            "reiserfs",
            "rootfs",
            "squashfs",
            "tmpfs",
            "ubifs",
            "vfat",
            "xfs",
            "zfs",
        ),
    }
)
"""Any other type is looked at again and again: that is right everywhere, only dearer."""

_MOUNTS: Final = Path("/proc/self/mountinfo")

_OCTAL: Final = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A folder where a file system is mounted, and the file system's type."""

    folder: str
    type: str

    def holds(self, path: str) -> bool:
        """Tell whether a real path lies at or under this mount."""
        return path == self.folder or path.startswith(f"{self.folder.rstrip('/')}/")


def mounts() -> tuple[Mount, ...]:
    """Give what is mounted in the order of mounting; nothing where the system does not tell."""
    try:
        return parse_mounts(_MOUNTS.read_text(errors="surrogateescape"))
    except OSError:
        return ()


def parse_mounts(text: str) -> tuple[Mount, ...]:
    """Read the format of proc_pid_mountinfo(5)."""
    found = []
    for line in text.splitlines():
        place, _, kind = line.partition(" - ")
        folder = _OCTAL.sub(lambda match: chr(int(match[1], 8)), place.split(" ")[4])
        found.append(Mount(folder, kind.split(" ")[0]))
    return tuple(found)


def silent_file_system(folders: Iterable[str], mounted: tuple[Mount, ...]) -> str | None:
    """Give the type of a file system under one of the real `folders` that may change unnoticed."""
    # The deepest mount counts, and of those at one place the last: it covers the others.
    deepest_first = sorted(mounted, key=lambda mount: len(mount.folder))[::-1]
    for folder in folders:
        kind = next((mount.type for mount in deepest_first if mount.holds(folder)), "unknown")
        if kind not in _LOCAL:
            return kind
    return None
