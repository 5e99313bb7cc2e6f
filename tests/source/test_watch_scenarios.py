"""A change on disk is seen, whatever the way it comes about, by inotify and by polling."""

import asyncio
import itertools
import os
import shutil
import statistics
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from reconciler.source.directory import Directory, Scan
from reconciler.source.watch import Mode, Watch

Change = Callable[[int], object]
Scenario = Callable[[Path], tuple[list[Path], Change]]

_DEADLINE = 5.0
"""Seconds after which a watch counts as deaf; far less than the minute after which it is made anew."""

_TIMES = 10


async def next_scan(watch: Watch, directory: Directory, last: Scan) -> Scan | None:
    """Scan whenever the watch says so, until a scan differs; None where the watch is deaf."""
    while await watch.changed(_DEADLINE):
        scan = directory.scan()
        if scan != last:
            return scan
    return None


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def rename_over(path: Path, text: str) -> None:
    write(path.with_name(f".{path.name}.new"), text).replace(path)


def point(link: Path, target: str) -> None:
    """Make a symlink, or swap it as kubelet and git-sync do."""
    new = link.with_name(f"{link.name}.new")
    new.symlink_to(target)
    new.replace(link)


def plain_write(here: Path) -> tuple[list[Path], Change]:
    file = write(here / "m/x.yaml", "first")
    return [here / "m"], lambda n: file.write_text(f"{n}")


def append(here: Path) -> tuple[list[Path], Change]:
    file = write(here / "m/a/b/x.yml", "first")

    def change(_: int) -> None:
        with file.open("a") as opened:
            opened.write("more\n")

    return [here / "m"], change


def editor_renames_over(here: Path) -> tuple[list[Path], Change]:
    file = write(here / "m/x.yaml", "first")
    return [here / "m"], lambda n: rename_over(file, f"{n}")


def editor_keeps_a_backup(here: Path) -> tuple[list[Path], Change]:
    file = write(here / "m/x.yaml", "first")

    def change(n: int) -> None:
        file.replace(file.with_name("x.yaml~"))
        file.write_text(f"{n}")

    return [here / "m"], change


def same_size_and_times(here: Path) -> tuple[list[Path], Change]:
    file = write(here / "m/x.yaml", "0")

    def change(n: int) -> None:
        before = file.stat()
        file.write_text(f"{n + 1}")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    return [here / "m"], change


def new_file(here: Path) -> tuple[list[Path], Change]:
    write(here / "m/x.yaml", "first")
    return [here / "m"], lambda n: write(here / f"m/new{n}.yaml", "new")


def new_folders_with_files(here: Path) -> tuple[list[Path], Change]:
    write(here / "m/x.yaml", "first")
    return [here / "m"], lambda n: write(here / f"m/new{n}/sub/deeper/x.yaml", "new")


def write_in_a_new_folder(here: Path) -> tuple[list[Path], Change]:
    (here / "m").mkdir()
    return [here / "m"], lambda n: write(here / f"m/sub/{n % 2}/x.yaml", f"{n}")


def folder_moved_in_and_out(here: Path) -> tuple[list[Path], Change]:
    write(here / "m/x.yaml", "first")
    write(here / "out/y.yaml", "second")
    places = itertools.cycle([here / "out", here / "m/in"])

    def change(_: int) -> None:
        now = next(places)
        now.rename(here / "out" if now.name == "in" else here / "m/in")

    return [here / "m"], change


def delete_and_make_anew(here: Path) -> tuple[list[Path], Change]:
    file = write(here / "m/x.yaml", "first")

    def change(_: int) -> None:
        if file.exists():
            file.unlink()
        else:
            file.write_text("again")

    return [here / "m"], change


def config_map(here: Path) -> tuple[list[Path], Change]:
    mount = here / "mount"
    write(mount / "..first/x.yaml", "first")
    point(mount / "..data", "..first")
    (mount / "x.yaml").symlink_to("..data/x.yaml")

    def change(n: int) -> None:
        old = (mount / "..data").resolve()
        write(mount / f"..{n}/x.yaml", f"{n}")
        point(mount / "..data", f"..{n}")
        shutil.rmtree(old)

    return [mount], change


def one_file_of_a_config_map(here: Path) -> tuple[list[Path], Change]:
    (mount,), change = config_map(here)
    return [mount / "x.yaml"], change


def git_sync(here: Path) -> tuple[list[Path], Change]:
    write(here / "worktrees/first/sub/x.yaml", "first")
    point(here / "current", "worktrees/first")

    def change(n: int) -> None:
        old = (here / "current").resolve()
        write(here / f"worktrees/{n}/sub/x.yaml", f"{n}")
        point(here / "current", f"worktrees/{n}")
        shutil.rmtree(old)

    return [here / "current"], change


def folder_in_a_git_sync(here: Path) -> tuple[list[Path], Change]:
    (link,), change = git_sync(here)
    return [link / "sub"], change


def file_in_a_git_sync(here: Path) -> tuple[list[Path], Change]:
    (link,), change = git_sync(here)
    return [link / "sub/x.yaml"], change


def roll_back_to_older_files(here: Path) -> tuple[list[Path], Change]:
    for n in range(2):
        os.utime(write(here / f"worktrees/{n}/x.yaml", f"{n}"), (n, n))
    point(here / "current", "worktrees/1")
    return [here / "current"], lambda n: point(here / "current", f"worktrees/{n % 2}")


def linked_folder_inside(here: Path) -> tuple[list[Path], Change]:
    for n in range(2):
        write(here / f"m/.versions/{n}/x.yaml", f"{n}")
    point(here / "m/linked", ".versions/1")
    return [here / "m"], lambda n: point(here / "m/linked", f".versions/{n % 2}")


def root_removed_and_made_anew(here: Path) -> tuple[list[Path], Change]:
    write(here / "m/x.yaml", "first")

    def change(n: int) -> None:
        shutil.rmtree(here / "m")
        write(here / "m/x.yaml", f"{n}")

    return [here / "m"], change


def root_replaced_by_rename(here: Path) -> tuple[list[Path], Change]:
    write(here / "m/x.yaml", "first")

    def change(n: int) -> None:
        write(here / "new/x.yaml", f"{n}")
        (here / "m").rename(here / f"old{n}")
        (here / "new").rename(here / "m")

    return [here / "m"], change


def folder_above_replaced_by_rename(here: Path) -> tuple[list[Path], Change]:
    write(here / "above/a/m/x.yaml", "first")

    def change(n: int) -> None:
        write(here / "new/a/m/x.yaml", f"{n}")
        (here / "above").rename(here / f"old{n}")
        (here / "new").rename(here / "above")

    return [here / "above/a/m"], change


def several_roots(here: Path) -> tuple[list[Path], Change]:
    files = [write(here / f"{name}/x.yaml", "first") for name in ("one", "two", "three")]
    return [file.parent for file in files], lambda n: files[n % 3].write_text(f"{n}")


def one_file(here: Path) -> tuple[list[Path], Change]:
    file = write(here / "m/x.yaml", "first")
    return [file], lambda n: rename_over(file, f"{n}") if n % 2 else file.write_text(f"{n}")


def root_that_comes_and_goes(here: Path) -> tuple[list[Path], Change]:
    def change(n: int) -> None:
        if n % 2:
            shutil.rmtree(here / "not")
        else:
            write(here / "not/yet/there/x.yaml", f"{n}")

    return [here / "not/yet/there"], change


def root_moved_away_and_back(here: Path) -> tuple[list[Path], Change]:
    file = write(here / "m/x.yaml", "first")

    def change(n: int) -> None:
        if n % 2 == 0:
            (here / "m").rename(here / "away")
            (here / "away").rename(here / "m")
        file.write_text(f"{n}")

    return [here / "m"], change


def linked_file_that_comes_and_goes(here: Path) -> tuple[list[Path], Change]:
    (here / "m/.parts").mkdir(parents=True)
    (here / "m/x.yaml").symlink_to(".parts/x.yaml")

    def change(n: int) -> None:
        if n % 2:
            (here / "m/.parts/x.yaml").unlink()
        else:
            write(here / "m/.parts/x.yaml", f"{n}")

    return [here / "m"], change


def git_lock(here: Path) -> tuple[list[Path], Change]:
    write(here / "repository/m/x.yaml", "first")
    lock = here / "repository/.git/index.lock"
    lock.parent.mkdir()

    def change(n: int) -> None:
        if n % 2:
            lock.rename(lock.with_name("index"))
        else:
            lock.touch()

    return [here / "repository/m"], change


def git_lock_below_the_root(here: Path) -> tuple[list[Path], Change]:
    _, change = git_lock(here)
    return [here], change


_SCENARIOS: list[Scenario] = [
    plain_write,
    append,
    editor_renames_over,
    editor_keeps_a_backup,
    same_size_and_times,
    new_file,
    new_folders_with_files,
    write_in_a_new_folder,
    folder_moved_in_and_out,
    delete_and_make_anew,
    config_map,
    one_file_of_a_config_map,
    git_sync,
    folder_in_a_git_sync,
    file_in_a_git_sync,
    roll_back_to_older_files,
    linked_folder_inside,
    root_removed_and_made_anew,
    root_replaced_by_rename,
    folder_above_replaced_by_rename,
    several_roots,
    one_file,
    root_that_comes_and_goes,
    root_moved_away_and_back,
    linked_file_that_comes_and_goes,
    git_lock,
    git_lock_below_the_root,
]


async def times_seen(scenario: Scenario, mode: Mode, here: Path) -> list[float]:
    """Make changes one by one, and give how many seconds each took to be seen, up to a deaf one."""
    await asyncio.to_thread(here.mkdir)
    roots, change = scenario(here)
    directory = Directory(roots)
    seconds = []
    async with aclosing(Watch(roots, mode=mode)) as watch:
        assert await watch.changed(_DEADLINE)
        last = directory.scan()
        for number in range(_TIMES):
            change(number)
            changed_at = time.monotonic()
            scan = await next_scan(watch, directory, last)
            if scan is None:
                break
            last = scan
            seconds.append(time.monotonic() - changed_at)
        assert (watch.mode, watch.errors) == (mode, 0)
    return seconds


@pytest.mark.parametrize("mode", ["inotify", "poll"])
async def test_a_change_is_seen_each_time_however_it_comes_about(mode: Mode, tmp_path: Path) -> None:
    names = [scenario.__name__ for scenario in _SCENARIOS]
    seen = await asyncio.gather(
        *(times_seen(scenario, mode, tmp_path / scenario.__name__) for scenario in _SCENARIOS)
    )
    assert dict(zip(names, map(len, seen), strict=True)) == dict.fromkeys(names, _TIMES)
    medians = dict(zip(names, map(statistics.median, seen), strict=True))
    assert {name: seconds for name, seconds in medians.items() if seconds >= 1.0} == {}
