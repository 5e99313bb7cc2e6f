"""Symlinks are followed where they stay inside the roots."""

import shutil
from pathlib import Path

import pytest

from reconciler.source.directory import Directory, Scan


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def link(path: Path, target: str | Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return path


def paths(scan: Scan, below: Path) -> list[str]:
    return [str(Path(file.path).relative_to(below)) for file in scan.files]


def problems(scan: Scan, below: Path) -> list[str]:
    return [str(problem).removeprefix(f"{below}/") for problem in scan.problems]


def test_a_config_map_is_read_through_its_links(tmp_path: Path) -> None:
    write(tmp_path / "..2026_11_22/x.yaml")
    write(tmp_path / "..2026_11_22/team/y.yaml")
    link(tmp_path / "..data", "..2026_11_22")
    link(tmp_path / "x.yaml", "..data/x.yaml")
    link(tmp_path / "team", "..data/team")
    scan = Directory([tmp_path]).scan()
    assert paths(scan, tmp_path) == ["team/y.yaml", "x.yaml"]
    assert (scan.problems, scan.complete) == ((), True)


@pytest.mark.parametrize("root", ["current", "current/sub", "current/sub/x.yaml", "again"])
def test_a_root_may_be_a_link_or_lie_behind_one(root: str, tmp_path: Path) -> None:
    write(tmp_path / "worktrees/abc/sub/x.yaml")
    link(tmp_path / "current", "worktrees/abc")
    link(tmp_path / "again", tmp_path / "worktrees/../current")
    scan = Directory([tmp_path / root]).scan()
    (file,) = scan.files
    assert file.location == file.path
    assert file.path.startswith(str(tmp_path / root))
    assert scan.complete


def test_a_file_keeps_its_place_when_the_link_to_its_folder_is_swapped(tmp_path: Path) -> None:
    write(tmp_path / "1/x.yaml", "one")
    write(tmp_path / "2/x.yaml", "two")
    current = link(tmp_path / "current", "1")
    directory = Directory([current])
    (before,) = directory.scan().files
    current.unlink()
    current.symlink_to("2")
    shutil.rmtree(tmp_path / "1")
    (after,) = directory.scan().files
    assert (before.path, before.location) == (after.path, after.location)
    assert before.content != after.content
    assert directory.read(after) == b"two"


@pytest.mark.parametrize("target", ["../outside/x.yaml", "/etc/hostname"])
def test_a_link_that_leads_out_is_refused(target: str, tmp_path: Path) -> None:
    write(tmp_path / "outside/x.yaml")
    link(tmp_path / "root/x.yaml", target)
    scan = Directory([tmp_path / "root"]).scan()
    assert scan.files == ()
    (problem,) = problems(scan, tmp_path)
    assert problem == (
        "root/x.yaml:1:1: is a symlink that leads out of the folder to watch;"
        " copy the file in, or name its folder as a root"
    )


def test_a_link_that_leads_out_by_another_link_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "outside/x.yaml")
    link(tmp_path / "root/.way", "../outside")
    link(tmp_path / "root/x.yaml", ".way/x.yaml")
    link(tmp_path / "root/folder", ".way")
    scan = Directory([tmp_path / "root"]).scan()
    assert scan.files == ()
    assert [problem.origin.path for problem in scan.problems] == [
        f"{tmp_path}/root/folder",
        f"{tmp_path}/root/x.yaml",
    ]


def test_a_link_into_another_root_is_inside(tmp_path: Path) -> None:
    write(tmp_path / "shared/.parts/x.yaml")
    link(tmp_path / "team/x.yaml", "../shared/.parts/x.yaml")
    scan = Directory([tmp_path / "team", tmp_path / "shared"]).scan()
    assert paths(scan, tmp_path) == ["team/x.yaml"]
    assert scan.problems == ()


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("nowhere.yaml", "No such file or directory"),
        ("file.txt/x.yaml", "Not a directory"),
        ("x.yaml", "Too many levels of symbolic links"),
    ],
)
def test_a_link_that_leads_nowhere_is_a_problem(target: str, reason: str, tmp_path: Path) -> None:
    write(tmp_path / "file.txt")
    link(tmp_path / "x.yaml", target)
    scan = Directory([tmp_path]).scan()
    assert problems(scan, tmp_path) == [
        f"x.yaml:1:1: is a symlink that leads nowhere: {reason}; correct or remove it"
    ]
    assert scan.complete


def test_links_that_could_not_be_manifests_are_no_problem(tmp_path: Path) -> None:
    write(tmp_path / "m/x.yaml")
    write(tmp_path / "README")
    link(tmp_path / "m/README", "../README")
    link(tmp_path / "m/nowhere", "none")
    link(tmp_path / "m/itself", "itself")
    link(tmp_path / "m/.hidden", "/")
    scan = Directory([tmp_path / "m"]).scan()
    assert (paths(scan, tmp_path), scan.problems) == (["m/x.yaml"], ())


def test_every_file_is_found_once_and_by_its_own_name_where_it_has_one(tmp_path: Path) -> None:
    write(tmp_path / "real/x.yaml")
    write(tmp_path / ".parts/y.yaml")
    link(tmp_path / "a-folder", "real")
    link(tmp_path / "a-file.yaml", "real/x.yaml")
    link(tmp_path / "b.yaml", ".parts/y.yaml")
    link(tmp_path / "a.yaml", "b.yaml")
    assert paths(Directory([tmp_path]).scan(), tmp_path) == ["a.yaml", "real/x.yaml"]


def test_loops_of_links_end(tmp_path: Path) -> None:
    write(tmp_path / "a/x.yaml")
    link(tmp_path / "a/up", "..")
    link(tmp_path / "a/here", ".")
    link(tmp_path / "to-b", "to-a")
    link(tmp_path / "to-a", "to-b")
    scan = Directory([tmp_path]).scan()
    assert (paths(scan, tmp_path), scan.problems) == (["a/x.yaml"], ())


def test_folders_reached_by_links_only_nest_no_deeper_than_others(tmp_path: Path) -> None:
    for number in range(40):
        link(tmp_path / f".hidden/{number}/next", f"../{number + 1}")
    write(tmp_path / ".hidden/40/x.yaml")
    link(tmp_path / "start", ".hidden/0")
    scan = Directory([tmp_path]).scan()
    assert scan.files == ()
    assert [problem.what for problem in scan.problems] == ["is more than 32 folders deep"]
