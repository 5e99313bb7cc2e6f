"""What a watch promises to whoever waits on it: it tells, it survives, and it ends."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from reconciler.source.tree import roots_of, walk
from reconciler.source.watch import Mode, Watch
from reconciler.source.watch_points import watch_points

_DEADLINE = 10.0

_MODES = pytest.mark.parametrize("mode", ["inotify", "poll"])


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@_MODES
async def test_the_first_answer_comes_at_once_and_the_next_with_a_change(mode: Mode, tmp_path: Path) -> None:
    async with aclosing(Watch([tmp_path], mode=mode)) as watch:
        assert await watch.changed(_DEADLINE)
        assert not await watch.changed(0.2)
        write(tmp_path / "x.yaml")
        assert await watch.changed(_DEADLINE)


@_MODES
async def test_what_cannot_matter_is_not_told(mode: Mode, tmp_path: Path) -> None:
    root = write(tmp_path / "m/sub/x.yaml").parent.parent
    write(tmp_path / "m/.git/HEAD")
    async with aclosing(Watch([root], mode=mode)) as watch:
        assert await watch.changed(_DEADLINE)
        for name in (
            "other.yaml",
            "other/x.yaml",
            "m/.x.yaml.swp",
            "m/sub/notes.md",
            "m/.git/HEAD",
            "m/.v/x.yaml",
        ):
            write(tmp_path / name, "new")
        assert not await watch.changed(0.3)


@_MODES
async def test_a_burst_of_changes_is_told_once(mode: Mode, tmp_path: Path) -> None:
    async with aclosing(Watch([tmp_path], mode=mode)) as watch:
        assert await watch.changed(_DEADLINE)
        for number in range(50):
            write(tmp_path / f"{number}.yaml")
        hints = 0
        while await watch.changed(0.3):
            hints += 1
    assert 1 <= hints <= 3  # more than one only where the machine is busy


@_MODES
async def test_a_change_between_two_waits_is_told_in_the_second(mode: Mode, tmp_path: Path) -> None:
    async with aclosing(Watch([tmp_path], mode=mode)) as watch:
        assert await watch.changed(_DEADLINE)
        assert not await watch.changed(0)
        write(tmp_path / "x.yaml")
        while not await watch.changed(0):
            pass  # a wait that is over at once gives the loop a turn each time


@_MODES
async def test_its_thread_ends_with_it(mode: Mode, tmp_path: Path) -> None:
    watch = Watch([tmp_path], mode=mode)
    await watch.changed(_DEADLINE)
    assert "watch" in {thread.name for thread in threading.enumerate()}
    await watch.aclose()
    assert "watch" not in {thread.name for thread in threading.enumerate()}
    await watch.aclose()


async def test_a_watch_that_never_began_can_be_closed(tmp_path: Path) -> None:
    await Watch([tmp_path]).aclose()


async def test_polling_takes_over_where_inotify_fails_and_hands_back(tmp_path: Path) -> None:
    async with aclosing(Watch([tmp_path])) as watch:
        assert await watch.changed(_DEADLINE)
        assert (watch.mode, watch.reason, watch.errors, watch.last_error) == ("inotify", None, 0, None)
        # watchfiles fails where it is told of a name that is not UTF-8.
        write(tmp_path / os.fsdecode(b"\xff.yaml"))
        assert await watch.changed(_DEADLINE)
        assert (watch.mode, watch.errors) == ("poll", 1)
        assert watch.reason == watch.last_error
        assert "Unable to decode path" in str(watch.last_error)
        write(tmp_path / "x.yaml")
        assert await watch.changed(_DEADLINE)
        while watch.mode == "poll":
            assert await watch.changed(_DEADLINE)
        assert watch.reason is None


@pytest.mark.parametrize("asked", ["auto", "inotify"])
async def test_polling_takes_over_where_inotify_cannot_begin(
    asked: Mode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = write(tmp_path / os.fsdecode(b"\xff/m/x.yaml")).parent  # watchfiles refuses such a path
    (tmp_path / "link").symlink_to(real)
    monkeypatch.chdir(tmp_path)
    async with aclosing(Watch([Path("link")], mode=asked)) as watch:
        assert await watch.changed(_DEADLINE)
        assert (watch.mode, watch.errors) == ("poll", 1)
        assert "can't encode" in str(watch.last_error)
        write(real / "x.yaml", "new")
        assert await watch.changed(_DEADLINE)


async def test_polling_is_chosen_where_the_file_system_does_not_tell_of_every_change() -> None:
    async with aclosing(Watch([Path("/proc/sys/fs/inotify")])) as watch:
        assert await watch.changed(_DEADLINE)
        assert (watch.mode, watch.errors) == ("poll", 0)
        assert watch.reason == "a file system of type proc does not tell of every change"


async def test_inotify_can_be_asked_for_on_any_file_system() -> None:
    async with aclosing(Watch([Path("/proc/sys/fs/inotify")], mode="inotify")) as watch:
        assert await watch.changed(_DEADLINE)
        assert (watch.mode, watch.reason) == ("inotify", None)


def test_nothing_outside_the_roots_is_watched_but_the_steps_to_them(tmp_path: Path) -> None:
    write(tmp_path / "other/deep/x.yaml")
    write(tmp_path / "repository/.git/objects/pack")
    root = write(tmp_path / "repository/m/sub/x.yaml").parent.parent
    write(tmp_path / "repository/m/.cache/x.yaml")
    (root / "out").symlink_to(tmp_path / "other")
    (root / "out.yaml").symlink_to(tmp_path / "other/deep/x.yaml")
    points = watch_points(walk(roots_of([root])))
    steps = {str(step) for step in root.parents}
    assert set(points.watched) == steps | {str(root), str(root / "sub"), str(tmp_path / "repository/.git")}
    assert points.listed == {str(root), str(root / "sub")}


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a program that watches, says so, is interrupted, and never closes its watch."""
    text = f"""
        import asyncio
        from pathlib import Path
        from reconciler.source.watch import Watch

        async def main():
            watch = Watch([Path({str(tmp_path)!r})])
            await watch.changed(10)
            print("watching as", watch.mode, flush=True)
            while True:  # a signal that comes right before a wait is seen after it
                await watch.changed(1)

        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_a_watch_left_open_neither_takes_signals_nor_holds_up_the_exit(
    program: subprocess.Popen[str],
) -> None:
    assert program.stdout is not None
    assert program.stdout.readline() == "watching as inotify\n"
    program.send_signal(signal.SIGINT)
    assert program.communicate(timeout=_DEADLINE) == ("interrupted\n", "")
    assert program.returncode == 0
