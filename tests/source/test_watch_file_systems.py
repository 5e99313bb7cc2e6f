"""Polling is chosen by the type of the file system that the files lie on."""

import pytest

from reconciler.source.file_system import Mount, mounts, parse_mounts, silent_file_system

_MOUNTED = parse_mounts(
    r"""27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
28 27 0:25 / /data rw,nosuid shared:7 master:1 - nfs4 server:/export rw,vers=4.2
29 28 0:26 / /data/local rw - xfs /dev/vdb rw
30 27 0:27 / /with\040space rw - fuse.sshfs host: rw
31 27 0:28 / /covered rw - 9p share rw
32 27 0:29 / /covered rw - tmpfs none rw
33 27 0:30 / /share rw - virtiofs share rw
34 27 0:31 / /new rw - somethingfs none rw
"""
)


@pytest.mark.parametrize(
    ("folders", "silent"),
    [
        (["/"], None),
        (["/home/manifests"], None),
        (["/data"], "nfs4"),
        (["/data/manifests"], "nfs4"),
        (["/database"], None),
        (["/data/local"], None),
        (["/data/local/manifests"], None),
        (["/home", "/data/local", "/data/manifests"], "nfs4"),
        (["/with space/manifests"], "fuse.sshfs"),
        (["/covered/manifests"], None),
        (["/share"], "virtiofs"),
        (["/new"], "somethingfs"),
        ([], None),
    ],
)
def test_the_deepest_and_last_mount_decides(folders: list[str], silent: str | None) -> None:
    assert silent_file_system(folders, _MOUNTED) == silent


def test_what_the_system_does_not_tell_of_is_not_trusted() -> None:
    assert silent_file_system(["/home"], ()) == "unknown"


def test_the_mounts_of_this_machine_are_read() -> None:
    assert Mount("/proc", "proc") in mounts()
    assert any(mount.folder == "/" for mount in mounts())
