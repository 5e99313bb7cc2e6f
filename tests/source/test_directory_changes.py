"""What is found again after changes: nothing stale, nothing mixed, and nothing read for nothing."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest

from reconciler.source.directory import Directory, ManifestFile, changed
from reconciler.source.regular_file import FileContent, Signature, read_file
from tests.program.waiting import LONGEST

_SECOND = 1_000_000_000


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def bytes_read(act: Callable[[], object]) -> int:
    """Give how many bytes the process reads while it acts, by the kernel's count."""

    def count() -> int:
        with Path("/proc/self/io").open() as counters:
            return int(next(counters).removeprefix("rchar: "))

    own = -(count() - count())
    before = count()
    act()
    return count() - before - own


def test_a_file_that_did_not_change_is_not_read_again() -> None:
    old = Path(os.__file__)  # older than two seconds, unlike any file a test could make
    directory = Directory([old])
    assert bytes_read(directory.scan) >= old.stat().st_size
    assert bytes_read(directory.scan) < old.stat().st_size


def test_a_file_written_just_now_is_read_again(tmp_path: Path) -> None:
    new = write(tmp_path / "x.yaml", "x" * 10_000)
    directory = Directory([new])
    directory.scan()
    assert bytes_read(directory.scan) >= 10_000


@pytest.mark.parametrize(
    ("modified", "changed", "hashed", "racy"),
    [
        (100.0, 100.0, 102.0, False),
        (100.0, 100.0, 101.9, True),
        (50.0, 100.0, 101.9, True),
        (100.0, 50.0, 101.9, True),
        (200.0, 100.0, 110.0, True),
    ],
)
def test_a_signature_is_trusted_two_seconds_after_the_last_write(
    *, modified: float, changed: float, hashed: float, racy: bool
) -> None:
    signature = Signature(1, 2, 3, int(modified * _SECOND), int(changed * _SECOND))
    assert signature.racy(int(hashed * _SECOND)) is racy


def test_every_one_of_many_quick_writes_of_the_same_size_is_found(tmp_path: Path) -> None:
    file = write(tmp_path / "x.yaml", "000")
    directory = Directory([tmp_path])
    found = set()
    for number in range(200):
        before = file.stat()
        file.write_text(f"{number:03}")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        found.add(directory.scan().files)
    assert len(found) == 200


def test_a_file_is_read_as_it_was_scanned_or_not_at_all(tmp_path: Path) -> None:
    file = write(tmp_path / "x.yaml", "one")
    directory = Directory([tmp_path])
    (found,) = directory.scan().files
    assert directory.read(found) == b"one"
    file.write_text("two")
    assert directory.read(found) is None
    (found,) = directory.scan().files
    assert directory.read(found) == b"two"
    file.unlink()
    assert directory.read(found) is None
    assert directory.scan().files == ()
    write(file, "two")
    assert directory.read(found) is None


def test_a_file_that_no_scan_found_is_not_read(tmp_path: Path) -> None:
    file = write(tmp_path / "x.yaml", "one")
    (found,) = Directory([tmp_path]).scan().files
    assert Directory([tmp_path]).read(found) is None
    elsewhere = ManifestFile(path=found.path, location=str(file.parent / "y.yaml"), content=found.content)
    directory = Directory([tmp_path])
    directory.scan()
    assert directory.read(elsewhere) is None


def test_a_file_that_grows_over_the_limit_is_not_read(tmp_path: Path) -> None:
    file = write(tmp_path / "x.yaml", "one")
    directory = Directory([tmp_path], max_bytes=3)
    (found,) = directory.scan().files
    file.write_text("three")
    assert directory.read(found) is None


@contextmanager
def meanwhile(act: Callable[[int], object]) -> Iterator[None]:
    """Act again and again, from another thread."""
    stop = threading.Event()

    def run() -> None:
        number = 0
        while not stop.is_set():
            act(number)
            number += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


_FILES = 20
_COMPLETE = 300
"""Complete scans that are waited for, however often one is disturbed as often as it is made again."""

_VERSIONS = 20
"""Versions that they are to be of, at least."""


def swap(link: Path, folder: Path, number: int, *, keep: bool = False) -> None:
    """Put a new version in place, as kubelet and git-sync do, and remove the old one, or keep it."""
    old = link.resolve()
    for name in range(_FILES):
        write(folder / f"{number}/{name}.yaml", f"{number}")
    new = link.with_name("..new")
    new.symlink_to(folder / f"{number}")
    new.replace(link)
    if old != link and not keep:
        shutil.rmtree(old)


@dataclass(frozen=True)
class Swapped:
    """A root whose files are swapped, all at once, by a link."""

    root: Path
    link: Path
    folder: Path

    def swap(self, number: int, *, keep: bool = False) -> None:
        swap(self.link, self.folder, number, keep=keep)


@pytest.fixture(params=["git-sync", "config map"])
def swapped(request: pytest.FixtureRequest, tmp_path: Path) -> Swapped:
    root = tmp_path / "root"
    if request.param == "git-sync":
        made = Swapped(root, root, tmp_path / "worktrees")
    else:
        made = Swapped(root, root / "..data", root / "..versions")
        root.mkdir()
        for name in range(_FILES):
            (root / f"{name}.yaml").symlink_to(f"..data/{name}.yaml")
    made.swap(1_000_000)
    return made


def test_a_scan_never_mixes_two_versions_that_are_swapped(swapped: Swapped) -> None:
    directory = Directory([swapped.root])
    versions: set[bytes] = set()
    complete, ends = 0, monotonic() + LONGEST
    with meanwhile(swapped.swap):
        while complete < _COMPLETE or len(versions) < _VERSIONS:
            scan = directory.scan()
            contents = {file.content for file in scan.files}
            assert len(contents) <= 1
            if scan.complete:
                complete += 1
                versions |= contents
                assert (len(scan.files), scan.problems) == (_FILES, ())
            assert monotonic() < ends, f"{complete} complete scans, of {len(versions)} versions"
    last = directory.scan()
    assert (len(last.files), last.complete) == (_FILES, True)


@pytest.mark.parametrize(("disturbed", "complete"), [(1, True), (4, True), (5, False)])
def test_a_scan_that_is_disturbed_is_made_again_up_to_four_times(
    swapped: Swapped, disturbed: int, *, complete: bool
) -> None:
    looks = iter(range(1_000_000))
    swaps = iter(range(disturbed))

    def disturb() -> int:
        """Swap what is scanned, each time when a few of its files were read."""
        look = next(looks)
        if look % 5 == 4 and (number := next(swaps, None)) is not None:
            swapped.swap(number)
        return look

    scan = Directory([swapped.root], clock=disturb).scan()
    assert (scan.complete, len(scan.files) == _FILES) == (complete, complete)
    assert len({file.content for file in scan.files}) <= 1
    assert next(swaps, None) is None, "each of them was made"


def test_a_version_that_is_swapped_out_meanwhile_is_not_taken_though_it_is_still_there(
    swapped: Swapped,
) -> None:
    looks = iter(range(1_000_000))

    def disturb() -> int:
        if (look := next(looks)) == 4:
            swapped.swap(2, keep=True)
        return look

    directory = Directory([swapped.root], clock=disturb)
    scan = directory.scan()
    assert scan.complete
    assert {directory.read(file) for file in scan.files} == {b"2"}


def test_a_file_that_never_rests_makes_a_scan_incomplete_and_leaves_the_others_be(tmp_path: Path) -> None:
    restless = write(tmp_path / "restless.yaml", "")
    steady = write(tmp_path / "steady.yaml", "steady")
    directory = Directory([tmp_path])

    def grow(_: int) -> None:
        with restless.open("a") as file:
            file.write("x" * 100_000)
            file.truncate(0)

    with meanwhile(grow):
        for _ in range(100):
            scan = directory.scan()
            assert str(steady) in {found.path for found in scan.files}
            assert scan.complete == (len(scan.files) == 2)
    assert directory.scan().complete


def test_bytes_that_change_while_they_are_read_are_not_taken(tmp_path: Path) -> None:
    count_size, rest = 8, 3 * 1024 * 1024
    path = tmp_path / "x.yaml"
    path.write_bytes(b"0" * (count_size + rest))
    with path.open("r+b", buffering=0) as file:

        def lengthen(number: int) -> None:
            """Add one byte, then count it at the top of the file."""
            file.seek(0, os.SEEK_END)
            file.write(b".")
            file.seek(0)
            file.write(f"{number + 1:08}".encode())

        with meanwhile(lengthen):
            contents = [read_file(str(path), 16 * 1024 * 1024) for _ in range(100)]
    contents.append(read_file(str(path), 16 * 1024 * 1024))
    taken = [content.data for content in contents if isinstance(content, FileContent)]
    counted = [(int(data[:count_size]), len(data) - count_size - rest) for data in taken]
    assert counted
    assert [(count, added) for count, added in counted if added - count not in {0, 1}] == []


class Ticking:
    """A clock that goes on by a second whenever it is asked."""

    def __init__(self) -> None:
        self.now = 1_000 * _SECOND

    def __call__(self) -> int:
        self.now += _SECOND
        return self.now


@pytest.mark.parametrize(
    ("modified", "looked_at", "seconds"),
    [
        (95, 90, 95),
        (90, 90, 90),
        (100, 90, 100),
        (89, 90, 100),
        (101, 90, 100),
        (95, None, 100),
    ],
)
def test_a_file_changed_when_it_was_written_if_that_was_since_the_last_look_and_else_now(
    *, modified: int, looked_at: int | None, seconds: int
) -> None:
    before = None if looked_at is None else looked_at * _SECOND
    at = changed(modified * _SECOND, looked_at=before, now=100 * _SECOND)
    assert at.timestamp() == seconds


def test_what_the_first_look_finds_changed_then(tmp_path: Path) -> None:
    write(tmp_path / "x.yaml", "x")
    os.utime(tmp_path / "x.yaml", (1.0, 1.0))
    clock = Ticking()
    (file,) = Directory([tmp_path], clock=clock).scan().files
    assert file.changed_at is not None
    assert file.changed_at.timestamp() == clock.now // _SECOND


def test_a_change_keeps_its_time_until_the_next_whatever_is_done_to_the_file(tmp_path: Path) -> None:
    file, clock = write(tmp_path / "x.yaml", "x"), Ticking()
    directory = Directory([tmp_path], clock=clock)

    def changed_at() -> float:
        (found,) = directory.scan().files
        assert found.changed_at is not None
        return found.changed_at.timestamp()

    first = changed_at()
    for _ in range(3):
        file.touch()
        assert changed_at() == first
    file.rename(tmp_path / "y")
    shutil.copy(tmp_path / "y", file)
    assert changed_at() == first, "another file of the same content"
    file.write_text("y")
    os.utime(file, ns=(clock.now, clock.now + 1))
    assert changed_at() == clock.now // _SECOND - 2, "when it was written, before the look that found it"
    file.write_text("x")
    assert changed_at() > first


def test_files_differ_by_their_content_and_not_by_when_they_got_it(tmp_path: Path) -> None:
    write(tmp_path / "x.yaml", "x")
    once, again = Directory([tmp_path], clock=Ticking()).scan(), Directory([tmp_path]).scan()
    assert once == again
