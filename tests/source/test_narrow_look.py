"""A look at some places finds what a scan would find, or says that a scan is needed."""

import itertools
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.source.directory import Directory, Scan
from reconciler.source.tree import roots_of, walk
from reconciler.source.watch_points import watch_points


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def rename_over(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.replace(path)


def make_again(path: Path) -> None:
    path.unlink()
    path.write_text("again")


def remove_folder(path: Path) -> None:
    if path.is_dir():  # to open a fifo as one would wait for ever
        shutil.rmtree(path)


def point(link: Path, target: str) -> None:
    """Make a symlink, or swap it in one step."""
    new = link.with_name(f".{link.name}.new")
    new.symlink_to(target)
    new.replace(link)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a folder with files in it, one of them behind a symlink, in a repository of Git."""
    (tmp_path / ".git").mkdir()
    for name in ("a.yaml", "b.yaml", "sub/c.yml", "sub/d.yaml", ".parts/e.yaml"):
        write(tmp_path / "m" / name, name)
    (tmp_path / "m/e.yaml").symlink_to(".parts/e.yaml")
    return tmp_path / "m"


def looked_at(directory: Directory, root: Path, *names: str) -> Scan | None:
    return directory.look(str(root / name) for name in names)


EDITS: dict[str, Callable[[Path], object]] = {
    "written in place": lambda file: file.write_text("new"),
    "written anew as it was": lambda file: file.write_text(file.read_text()),
    "replaced by rename": lambda file: rename_over(file, "new"),
    "replaced by another known file": lambda file: shutil.copy(file.with_name("d.yaml"), file),
    "appended to": lambda file: file.write_text(f"{file.read_text()}more"),
    "removed and made again": make_again,
    "emptied": lambda file: file.write_text(""),
    "touched": lambda file: file.touch(),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_file_that_is_there_as_before_is_looked_at_alone(edit: str, root: Path) -> None:
    directory = Directory([root])
    before = directory.scan()
    EDITS[edit](root / "sub/c.yml")
    found = looked_at(directory, root, "sub/c.yml")
    assert found == Directory([root]).scan()
    assert (found == before) == (edit in {"written anew as it was", "touched"})
    assert directory.scan() == found


def test_what_was_looked_at_alone_can_be_read(root: Path) -> None:
    directory = Directory([root])
    directory.scan()
    write(root / "a.yaml", "new")
    found = looked_at(directory, root, "a.yaml")
    assert found is not None
    assert [directory.read(file) for file in found.files[:2]] == [b"new", b"b.yaml"]


def test_looks_at_places_build_on_each_other(root: Path) -> None:
    directory = Directory([root])
    directory.scan()
    write(root / "a.yaml", "1")
    looked_at(directory, root, "a.yaml")
    write(root / "sub/d.yaml", "2")
    found = looked_at(directory, root, "sub/d.yaml")
    assert found == Directory([root]).scan()
    assert looked_at(directory, root, "a.yaml", "b.yaml", "sub/d.yaml") is found
    assert looked_at(directory, root) is found


def test_what_changed_elsewhere_is_not_seen_by_it(root: Path) -> None:
    """It is a hint's place, and no more: the next scan finds the rest."""
    directory = Directory([root])
    before = directory.scan()
    write(root / "b.yaml", "new")
    assert looked_at(directory, root, "a.yaml") == before
    assert directory.scan() == Directory([root]).scan() != before


def hide_sub(root: Path) -> None:
    (root / "sub").rename(root / ".sub")
    (root / "sub").symlink_to(".sub")


def swap_parts(root: Path) -> None:
    write(root / ".other/e.yaml", "other")
    point(root / "e.yaml", ".other/e.yaml")


def replace_by(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def act(root: Path) -> None:
        (root / "a.yaml").unlink()
        make(root / "a.yaml")

    return act


SCAN_NEEDED: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "a new file": (lambda root: write(root / "new.yaml"), ["new.yaml"]),
    "a new file in a new folder": (lambda root: write(root / "new/x.yaml"), ["new/x.yaml"]),
    "a new folder": (lambda root: (root / "new").mkdir(), ["new"]),
    "a file removed": (lambda root: (root / "a.yaml").unlink(), ["a.yaml"]),
    "a file moved": (lambda root: (root / "a.yaml").rename(root / "sub/a.yaml"), ["a.yaml", "sub/a.yaml"]),
    "a file of two": (
        lambda root: (write(root / "a.yaml", "1"), write(root / "n.yaml")),
        ["a.yaml", "n.yaml"],
    ),
    "a folder in its place": (replace_by(Path.mkdir), ["a.yaml"]),
    "a symlink in its place": (replace_by(lambda path: path.symlink_to("b.yaml")), ["a.yaml"]),
    "a fifo in its place": (replace_by(os.mkfifo), ["a.yaml"]),
    "a file too large": (lambda root: write(root / "a.yaml", "x" * 101), ["a.yaml"]),
    "what a symlink leads to": (lambda root: write(root / ".parts/e.yaml", "new"), [".parts/e.yaml"]),
    "the symlink": (swap_parts, ["e.yaml"]),
    "a symlink that leads elsewhere now": (swap_parts, ["a.yaml"]),
    "the folder above, which is a symlink now": (hide_sub, ["sub/c.yml"]),
    "a name that never mattered": (lambda root: write(root / "notes.md"), ["notes.md"]),
    "a folder above the root": (lambda _: None, [".."]),
    "the root": (lambda _: None, ["."]),
    "Git at work": (lambda root: write(root.parent / ".git/index.lock"), ["a.yaml"]),
    "Git at work, and no place": (lambda root: write(root.parent / ".git/index.lock"), []),
    "a repository of its own": (lambda root: (root / "sub/.git").mkdir(), ["sub/c.yml"]),
}


@pytest.mark.parametrize("case", SCAN_NEEDED)
def test_for_anything_else_a_scan_is_needed(case: str, root: Path) -> None:
    act, names = SCAN_NEEDED[case]
    directory = Directory([root], max_bytes=100)
    directory.scan()
    act(root)
    assert looked_at(directory, root, *names) is None
    assert directory.scan() == Directory([root], max_bytes=100).scan()


@pytest.mark.parametrize("name", ["a.yaml", "e.yaml"])
def test_a_root_that_is_a_file_needs_a_scan(name: str, root: Path) -> None:
    directory = Directory([root / name])
    directory.scan()
    assert looked_at(directory, root, name) is None


def test_before_the_first_scan_one_is_needed(root: Path) -> None:
    assert looked_at(Directory([root]), root) is None


@pytest.mark.parametrize("other", ["missing", "empty"])
def test_where_the_last_scan_did_not_see_all_another_one_is_needed(other: str, root: Path) -> None:
    (root.parent / "empty").mkdir()
    directory = Directory([root, root.parent / other])
    directory.scan()
    assert looked_at(directory, root, "a.yaml") is None


def test_where_no_file_could_be_read_another_scan_is_needed(tmp_path: Path) -> None:
    file = write(tmp_path / "x.yaml", "too large")
    directory = Directory([tmp_path], max_bytes=3)
    assert directory.scan().complete
    file.write_text("x")
    assert directory.look(()) is None


def test_the_time_of_a_change_lies_after_the_look_before(tmp_path: Path) -> None:
    """A file moved into place has an older time than the change: who looked in between knows that."""
    file = write(tmp_path / "x.yaml", "1")
    microseconds = itertools.count(1_000, 10)
    directory = Directory([tmp_path], clock=lambda: 1_000 * next(microseconds))
    directory.scan()  # from 1000 to 1010
    for text, written_at, changed_at in (("2", 1_015, 1_015), ("3", 1_016, 1_030), ("4", 1_035, 1_035)):
        os.utime(write(file, text), ns=(0, 1_000 * written_at))
        found = directory.look([str(file)])
        assert found is not None
        (only,) = found.files
        assert only.changed_at is not None
        assert only.changed_at.microsecond == changed_at


NAMES: Final = ("a.yaml", "b.yaml", "sub/c.yaml", "sub/a.yaml", "sub", ".parts/d.yaml", ".parts", "notes")
TARGETS: Final = ("a.yaml", "sub", ".parts", ".parts/d.yaml", "../outside", "nowhere", "..")


def write_in_place(path: Path, text: str) -> None:
    """Write, but not into a fifo that nobody reads: that would wait for ever."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK)
    os.write(file, text.encode())
    os.close(file)


class Disk:
    """A small tree to do random things to; whatever the system refuses is not done."""

    def __init__(self, top: Path) -> None:
        self.root = top / "m"
        (top / ".git").mkdir()
        write(top / "outside/x.yaml")
        for name in NAMES:
            if "." in name[1:]:
                write(self.root / name, name)
        self.told: set[str] = set()

    def act(self, kind: str, name: str, other: str, target: str) -> None:
        path, lock = self.root / name, self.root.parent / ".git/index.lock"
        acts: dict[str, Callable[[], object]] = {
            "write": lambda: write_in_place(path, other),
            "replace": lambda: rename_over(path, target),
            "move": lambda: path.rename(self.root / other),
            "remove": path.unlink,
            "make folder": path.mkdir,
            "remove folder": lambda: remove_folder(path),
            "link": lambda: point(path, target),
            "fifo": lambda: os.mkfifo(path),
            "lock": lock.touch,
            "unlock": lock.unlink,
        }
        touched = (path, Path(os.path.realpath(path)), self.root / other, lock)
        with suppress(OSError):
            acts[kind]()
        with suppress(OSError):
            path.with_name(f".{path.name}.new").unlink()
        for place in touched[: {"write": 2, "move": 3, "lock": 4, "unlock": 4}.get(kind, 1)]:
            self.tell(place)

    def tell(self, path: Path) -> None:
        """Note an event, as the system would name it: below a real folder."""
        self.told.add(f"{os.path.realpath(path.parent)}/{path.name}")


KINDS: Final = (
    *("write",) * 6,
    *("replace",) * 4,
    *("move", "remove", "make folder", "remove folder", "link", "fifo", "lock", "unlock"),
)
ACTS: Final = st.tuples(
    st.sampled_from(KINDS), st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(TARGETS)
)
STEPS: Final = st.lists(st.lists(ACTS, min_size=1, max_size=3), min_size=1, max_size=6)


def looks(disk: Disk, steps: list[list[tuple[str, str, str, str]]]) -> int:
    """Look at places after each step, and scan where that is needed; count the former."""
    directory, narrow = Directory([disk.root]), 0
    directory.scan()
    points = watch_points(walk(roots_of([disk.root])))
    for acts in steps:
        disk.told.clear()
        for act in acts:
            disk.act(*act)
        found = directory.look(place for place in disk.told if points.concerns(place))
        narrow += found is not None
        if found is None:
            found = directory.scan()
            points = watch_points(walk(roots_of([disk.root])))
        assert found == Directory([disk.root]).scan()
    return narrow


@given(steps=STEPS)
def test_whatever_happens_a_look_at_places_is_what_a_scan_is_or_none(
    steps: list[list[tuple[str, str, str, str]]],
) -> None:
    with TemporaryDirectory() as top:
        looks(Disk(Path(top)), steps)


def test_edits_of_known_files_are_looked_at_alone_all_the_time(tmp_path: Path) -> None:
    """Else the property above could say nothing."""
    steps = [[("write", "a.yaml", f"{n}", ""), ("replace", "sub/c.yaml", "", f"{n}")] for n in range(5)]
    assert looks(Disk(tmp_path), steps) == len(steps)
