"""Which file system a directory is on."""

from pathlib import Path

import pytest

from reconciler.ledger.mounts import network_file_system

MOUNTS = r"""
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:20 / /proc rw,nosuid - proc proc rw
30 22 0:40 / /mnt/nfs rw,relatime shared:5 master:2 - nfs4 host:/export rw,vers=4.2
31 30 254:1 / /mnt/nfs/local rw - xfs /dev/vdb rw
32 22 0:41 / /mnt/with\040space rw - cifs //host/share rw
33 22 0:42 / /mnt/twice rw - nfs host:/a rw
34 22 0:43 / /mnt/twice rw - tmpfs tmpfs rw
35 22 0:44 / /mnt/home rw - fuse.sshfs me@host:/ rw
36 22 0:45 / /mnt/fuse rw - fuse.ext2 /dev/vdc rw
""".lstrip()


@pytest.mark.parametrize(
    ("directory", "found"),
    [
        ("/var/lib/reconciler", None),
        ("/mnt/nfs", "nfs4"),
        ("/mnt/nfs/deeper/still", "nfs4"),
        ("/mnt/nfs/local", None),
        ("/mnt/nfsx", None),
        ("/mnt/with space/x", "cifs"),
        ("/mnt/twice", None),
        ("/mnt/home/me", "fuse.sshfs"),
        ("/mnt/fuse", None),
    ],
)
def test_the_deepest_and_last_mount_decides(tmp_path: Path, directory: str, found: str | None) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(MOUNTS)
    assert network_file_system(Path(directory), mountinfo) == found


def test_a_link_to_a_network_file_system_is_followed(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to(tmp_path / "far")
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(f"30 22 0:40 / {tmp_path}/far rw - nfs host:/ rw\n")
    assert network_file_system(tmp_path / "near", mountinfo) == "nfs"


def test_where_mounts_are_unknown_nothing_is_refused(tmp_path: Path) -> None:
    assert network_file_system(tmp_path, tmp_path / "no such file") is None


def test_this_machine_can_be_asked(tmp_path: Path) -> None:
    network_file_system(tmp_path, Path("/proc/self/mountinfo"))
