"""Which files under the roots are manifests, and which can't be used and why."""

import hashlib
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.source.directory import Directory, Scan

_NOBODY = 65534


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def paths(scan: Scan, below: Path) -> list[str]:
    return [str(Path(file.path).relative_to(below)) for file in scan.files]


def problems(scan: Scan, below: Path) -> list[str]:
    return [str(problem).removeprefix(f"{below}/") for problem in scan.problems]


def test_yaml_files_are_found_in_all_folders_and_sorted(tmp_path: Path) -> None:
    for name in ("z.yaml", "a/b/c.yml", "a/b.yaml", "README.md", "a/x.yaml.bak", "a/y.json", "a.YAML"):
        write(tmp_path / name)
    scan = Directory([tmp_path]).scan()
    assert paths(scan, tmp_path) == ["a/b.yaml", "a/b/c.yml", "z.yaml"]
    assert (scan.problems, scan.missing, scan.empty, scan.complete, scan.busy) == ((), (), (), True, None)


def test_hidden_files_and_folders_are_skipped(tmp_path: Path) -> None:
    for name in (".x.yaml", ".git/x.yaml", "a/.cache/x.yaml", "a/.#x.yaml", "a/x.yaml"):
        write(tmp_path / name)
    assert paths(Directory([tmp_path]).scan(), tmp_path) == ["a/x.yaml"]


def test_a_root_is_taken_as_named_even_if_hidden(tmp_path: Path) -> None:
    write(tmp_path / ".manifests/x.yaml")
    write(tmp_path / ".one.txt")
    scan = Directory([tmp_path / ".manifests", tmp_path / ".one.txt"]).scan()
    assert paths(scan, tmp_path) == [".manifests/x.yaml", ".one.txt"]


def test_a_folder_may_be_called_like_a_manifest(tmp_path: Path) -> None:
    write(tmp_path / "team.yaml/x.yaml")
    assert paths(Directory([tmp_path]).scan(), tmp_path) == ["team.yaml/x.yaml"]


@pytest.mark.parametrize(
    ("root", "path"),
    [
        ("manifests", "manifests/a/x.yaml"),
        ("./manifests/", "manifests/a/x.yaml"),
        (".", "manifests/a/x.yaml"),
        ("manifests/a/x.yaml", "manifests/a/x.yaml"),
        ("manifests/../manifests/a", "manifests/../manifests/a/x.yaml"),
    ],
)
def test_a_file_is_shown_as_typed_and_located_absolutely(
    root: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "manifests/a/x.yaml", "hello")
    monkeypatch.chdir(tmp_path)
    (file,) = Directory([Path(root)]).scan().files
    assert (file.path, file.location) == (path, f"{tmp_path}/manifests/a/x.yaml")
    assert file.content == hashlib.sha256(b"hello").digest()


def test_a_file_that_two_roots_reach_is_found_once(tmp_path: Path) -> None:
    file = write(tmp_path / "a/b/x.yaml")
    write(tmp_path / "a/y.yaml")
    scan = Directory([file, file.parent, tmp_path / "a", tmp_path / "a"]).scan()
    assert paths(scan, tmp_path) == ["a/b/x.yaml", "a/y.yaml"]
    assert scan.empty == ()


def test_roots_that_are_missing_or_empty_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty/deep").mkdir(parents=True)
    write(tmp_path / "file")
    write(tmp_path / "full/x.yaml")
    directory = Directory([tmp_path / name for name in ("none", "empty", "full", "file/none")])
    scan = directory.scan()
    assert scan.missing == (f"{tmp_path}/none", f"{tmp_path}/file/none")
    assert scan.empty == (f"{tmp_path}/empty",)
    assert paths(scan, tmp_path) == ["full/x.yaml"]
    assert not scan.complete


def test_an_empty_root_alone_makes_a_complete_scan_of_nothing(tmp_path: Path) -> None:
    scan = Directory([tmp_path]).scan()
    assert (scan.files, scan.empty, scan.complete) == ((), (str(tmp_path),), True)


def test_what_is_not_a_regular_file_is_a_problem_and_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.yaml")
    (tmp_path / "link.yaml").symlink_to("fifo.yaml")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.yaml"))
        scan = Directory([tmp_path, tmp_path / "fifo.yaml", Path("/dev/null")]).scan()
    not_regular = "is not a regular file; replace it by one, or remove it"
    assert set(problems(scan, tmp_path)) == {
        f"fifo.yaml:1:1: {not_regular}",
        f"link.yaml:1:1: {not_regular}",
        f"socket.yaml:1:1: {not_regular}",
        f"/dev/null:1:1: {not_regular}",
    }
    assert scan.complete


def test_a_file_is_refused_from_one_byte_over_the_limit(tmp_path: Path) -> None:
    write(tmp_path / "fits.yaml", "x" * 1000)
    write(tmp_path / "over.yaml", "x" * 1001)
    scan = Directory([tmp_path], max_bytes=1000).scan()
    assert paths(scan, tmp_path) == ["fits.yaml"]
    assert problems(scan, tmp_path) == [
        "over.yaml:1:1: has more than 1,000 bytes; split it into several files"
    ]


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(2**40)
    assert problems(Directory([tmp_path]).scan(), tmp_path) == [
        "huge.yaml:1:1: has more than 16,777,216 bytes; split it into several files"
    ]


def test_a_file_that_does_not_tell_its_size_is_read_up_to_the_limit() -> None:
    endless = Path("/proc/self/maps")
    assert endless.stat().st_size == 0
    (problem,) = Directory([endless], max_bytes=100).scan().problems
    assert str(problem) == "/proc/self/maps:1:1: has more than 100 bytes; split it into several files"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"bad\xff.yaml", r"bad\udcff.yaml"),
        (b"line\nbreak.yml", r"line\nbreak.yml"),
        (b"folder\x1b[31m/x.yaml", r"folder\x1b[31m"),
    ],
)
def test_a_name_that_cannot_be_shown_is_a_problem(name: bytes, shown: str, tmp_path: Path) -> None:
    write(tmp_path / os.fsdecode(name))
    write(tmp_path / "żółć 🙂.yaml")
    scan = Directory([tmp_path]).scan()
    assert paths(scan, tmp_path) == ["żółć 🙂.yaml"]
    assert problems(scan, tmp_path) == [
        f"{shown}:1:1: has control characters or bytes other than UTF-8 in its name; rename it"
    ]


def test_a_root_with_a_name_that_cannot_be_shown_is_a_problem(tmp_path: Path) -> None:
    root = write(tmp_path / os.fsdecode(b"\xff/x.yaml")).parent
    scan = Directory([root]).scan()
    assert len(scan.problems) == 1
    assert not scan.complete


def test_folders_too_deep_are_a_problem(tmp_path: Path) -> None:
    deepest = tmp_path.joinpath(*["d"] * 32)
    write(deepest / "x.yaml")
    write(deepest / "d/y.yaml")
    scan = Directory([tmp_path]).scan()
    assert [Path(file.path).name for file in scan.files] == ["x.yaml"]
    assert [problem.what for problem in scan.problems] == ["is more than 32 folders deep"]


@pytest.mark.parametrize("name", ["{}.yaml", "{}.txt", "folder{}/"])
def test_the_search_ends_at_a_limit_and_says_so(name: str, tmp_path: Path) -> None:
    for number in range(60):
        path = tmp_path / "m" / name.format(f"{number:02}")
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            write(path)
    scan = Directory([tmp_path / "m"], max_files=5).scan()
    assert len(scan.files) <= 5
    assert not scan.complete
    (problem,) = scan.problems
    assert problem.what == "here the search ended, after 5 manifest files or 50 names"


@contextmanager
def unprivileged() -> Iterator[Path]:
    """Act as a user who may not read everything, in a folder open to all."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        try:
            if user == 0:
                os.seteuid(_NOBODY)
            yield Path(folder)
        finally:
            os.seteuid(user)


def test_what_may_not_be_read_is_told() -> None:
    with unprivileged() as folder:
        write(folder / "m/good.yaml")
        write(folder / "m/secret.yaml").chmod(0)
        closed = write(folder / "m/closed/x.yaml").parent
        closed.chmod(0)
        directory = Directory([folder / "m", closed])
        scan = directory.scan()
        closed.chmod(0o700)
        (folder / "m/secret.yaml").chmod(0o600)
        again = directory.scan()
    todo = "let the user that runs the reconciler read it"
    assert paths(scan, folder) == ["m/good.yaml"]
    assert problems(scan, folder) == [
        f"m/closed:1:1: can't be listed: Permission denied; {todo}",
        f"m/secret.yaml:1:1: can't be read: Permission denied; {todo}, or remove it",
    ]
    assert scan.missing == (str(closed),)
    assert not scan.complete
    assert paths(again, folder) == ["m/closed/x.yaml", "m/good.yaml", "m/secret.yaml"]
    assert again.complete
