"""Which file system a directory is on: the shared memory of SQLite's write-ahead log needs a local one.

Source: https://sqlite.org/wal.html, "does not work over a network filesystem"; proc_pid_mountinfo(5).
"""

import re
from pathlib import Path
from typing import Final

MOUNTINFO: Final = Path("/proc/self/mountinfo")

_NETWORK: Final = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "fuse.ceph",
        "fuse.gcsfuse",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "gfs2",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "smb3",
        "smbfs",
    }
)
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def network_file_system(directory: Path, mountinfo: Path) -> str | None:
    """Give the type of the network file system that `directory` is on; None where it is local or unknown."""
    try:
        lines = mountinfo.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None  # not Linux
    found = _file_system(directory.resolve(), lines)
    return found if found in _NETWORK else None


def _file_system(directory: Path, lines: list[str]) -> str | None:
    """Take the deepest mount point above the directory; of several mounts there, the last."""
    deepest, found = -1, None
    for line in lines:
        place, _, source = line.partition(" - ")
        mount_point = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), place.split(" ")[4]))
        if directory.is_relative_to(mount_point) and len(mount_point.parts) >= deepest:
            deepest, found = len(mount_point.parts), source.split(" ")[0]
    return found
