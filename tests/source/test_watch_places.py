"""Where a watch tells to look: at files that were edited, or anywhere."""

import shutil
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from reconciler.source.directory import Directory
from reconciler.source.places import ANYWHERE, MOST_PLACES, NOWHERE, Places, places
from reconciler.source.watch import Watch
from tests.source.test_directory_changes import meanwhile

_DEADLINE = 10.0


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def rename_over(path: Path) -> None:
    write(path.with_name(f".{path.name}.new")).replace(path)


def edit_with_a_backup(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}~"))
    write(path, "new")


def edit_two(root: Path) -> None:
    rename_over(root / "a.yaml")
    rename_over(root / "sub/c.yaml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a.yaml", "b.yaml", "sub/c.yaml", ".parts/d.yaml"):
        write(tmp_path / "m" / name)
    (tmp_path / "m/d.yaml").symlink_to(".parts/d.yaml")
    return tmp_path / "m"


FILES: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "written in place": (lambda root: write(root / "a.yaml", "new"), {"a.yaml"}),
    "replaced by rename": (lambda root: rename_over(root / "sub/c.yaml"), {"sub/c.yaml"}),
    "edited with a backup": (lambda root: edit_with_a_backup(root / "a.yaml"), {"a.yaml"}),
    "two": (edit_two, {"a.yaml", "sub/c.yaml"}),
    "removed": (lambda root: (root / "a.yaml").unlink(), {"a.yaml"}),
    "new": (lambda root: write(root / "new.yaml"), {"new.yaml"}),
    "moved": (lambda root: (root / "a.yaml").rename(root / "z.yaml"), {"a.yaml", "z.yaml"}),
}


@pytest.mark.parametrize("case", FILES)
async def test_of_files_it_tells_which(case: str, root: Path) -> None:
    act, names = FILES[case]
    async with aclosing(Watch([root], mode="inotify")) as watch:
        assert await watch.changed(_DEADLINE) == ANYWHERE, "what happened before is found by looking"
        act(root)
        where = NOWHERE
        while where.paths is not None and len(where.paths) < len(names):
            where |= await watch.changed(_DEADLINE) or ANYWHERE
        assert where == places(str(root / name) for name in names)


ANYTHING_ELSE: dict[str, Callable[[Path], object]] = {
    "a new folder": lambda root: (root / "new").mkdir(),
    "a folder removed": lambda root: shutil.rmtree(root / "sub"),
    "a new symlink": lambda root: (root / "s.yaml").symlink_to("a.yaml"),
    "a symlink removed": lambda root: (root / "d.yaml").unlink(),
    "what a symlink leads to removed": lambda root: (root / ".parts/d.yaml").unlink(),
    "more files than a person edits": lambda root: [
        write(root / f"{n}.yaml") for n in range(MOST_PLACES + 1)
    ],
}


@pytest.mark.parametrize("case", ANYTHING_ELSE)
async def test_of_anything_else_it_tells_that_it_may_be_anywhere(case: str, root: Path) -> None:
    async with aclosing(Watch([root], mode="inotify")) as watch:
        await watch.changed(_DEADLINE)
        ANYTHING_ELSE[case](root)
        where = await watch.changed(_DEADLINE)
        while where is not None and where != ANYWHERE:
            where = await watch.changed(_DEADLINE)
        assert where == ANYWHERE


async def test_a_burst_that_does_not_end_may_be_anywhere(root: Path) -> None:
    """Its parts could be taken for the whole, one after the other: guards are to see all of it."""
    async with aclosing(Watch([root], mode="inotify")) as watch:
        await watch.changed(_DEADLINE)
        with meanwhile(lambda number: (root / "a.yaml").write_text(f"{number}")):
            for _ in range(50):  # the machine may be busy with something else now and then
                if await watch.changed(_DEADLINE) == ANYWHERE:
                    return
    pytest.fail("only places were told")


async def test_polling_does_not_know_where(root: Path) -> None:
    async with aclosing(Watch([root], mode="poll")) as watch:
        await watch.changed(_DEADLINE)
        write(root / "a.yaml", "new")
        assert await watch.changed(_DEADLINE) == ANYWHERE


async def test_a_new_folder_is_watched_although_it_is_told_of_first(root: Path) -> None:
    async with aclosing(Watch([root], mode="inotify")) as watch:
        await watch.changed(_DEADLINE)
        for number in range(5):
            (root / f"new{number}").mkdir()
            assert await watch.changed(_DEADLINE)
            place = write(root / f"new{number}/x.yaml")
            directory = Directory([root])
            while str(place) not in {file.path for file in directory.scan().files}:
                assert await watch.changed(_DEADLINE)


async def test_what_nobody_waited_for_is_told_together(root: Path) -> None:
    async with aclosing(Watch([root], mode="inotify")) as watch:
        await watch.changed(_DEADLINE)
        write(root / "a.yaml", "new")
        found = await watch.changed(_DEADLINE)
        rename_over(root / "b.yaml")
        rename_over(root / "sub/c.yaml")
        while found != places(str(root / name) for name in ("a.yaml", "b.yaml", "sub/c.yaml")):
            more = await watch.changed(_DEADLINE)
            assert found is not None
            assert more is not None
            found |= more


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (NOWHERE, NOWHERE, NOWHERE),
        (places(["a"]), NOWHERE, places(["a"])),
        (places(["a"]), places(["a", "b"]), places(["b", "a"])),
        (places(["a"]), ANYWHERE, ANYWHERE),
        (NOWHERE, ANYWHERE, ANYWHERE),
        (places(map(str, range(MOST_PLACES))), NOWHERE, places(map(str, range(MOST_PLACES)))),
        (places(map(str, range(MOST_PLACES))), places(["a"]), ANYWHERE),
    ],
)
def test_places_are_put_together(one: Places, other: Places, both: Places) -> None:
    assert one | other == other | one == both
