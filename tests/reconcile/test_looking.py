"""When everything is looked at, and when only where a hint says."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from reconciler.daemon.hints import Hints
from reconciler.daemon.looking import Looks
from reconciler.source.directory import Directory, Scan
from reconciler.source.places import ANYWHERE, NOWHERE, Places, places
from tests.chat_api.virtual_time import virtual_loop
from tests.simulation.folder import HandWatch
from tests.simulation.virtual_thread import SimulatedLoop, VirtualThread

RESCAN: Final = 30.0
SCAN_SECONDS: Final = 0.2
SOONEST: Final = 2.0
LATEST: Final = 20 * SCAN_SECONDS
"""Seconds after a look at places in which everything is looked at."""


@pytest.fixture
def hints() -> Hints:
    return Hints(HandWatch())


def test_a_hint_says_where_until_a_look_that_began_after_it_is_over(hints: Hints) -> None:
    hints.give(places(["/a"]))
    before = hints.given
    hints.give(places(["/b"]))
    assert hints.where == places(["/a", "/b"])
    hints.answer(before, everywhere=False)
    assert hints.where == places(["/b"])
    hints.answer(hints.given, everywhere=False)
    assert hints.where == NOWHERE


def test_a_look_at_everything_is_owed_until_one_that_began_after_the_hint_is_over(hints: Hints) -> None:
    assert (hints.owed, hints.where) == (False, NOWHERE)
    hints.give(places(["/a"]))
    hints.answer(hints.given, everywhere=False)
    assert (hints.owed, hints.where) == (True, NOWHERE)
    before = hints.given
    hints.give(places(["/b"]))
    hints.answer(before, everywhere=True)
    assert (hints.owed, hints.where) == (True, places(["/b"]))
    hints.answer(hints.given, everywhere=True)
    assert (hints.owed, hints.where) == (False, NOWHERE)


def test_a_hint_without_a_place_may_be_anywhere(hints: Hints) -> None:
    hints.give(places(["/a"]))
    hints.give()
    assert hints.where == ANYWHERE


async def test_who_waits_is_told_of_a_hint_that_no_look_answered(hints: Hints) -> None:
    hints.give(places(["/a"]))
    assert await hints.wait(10)
    assert await hints.wait(10)
    hints.answer(hints.given, everywhere=False)
    assert not await hints.wait(0)


async def test_a_hint_that_comes_just_when_nobody_waits_any_more_is_not_lost() -> None:
    """Whatever steps lie between the watch's word and the end of waiting."""
    for steps in range(12):
        watch = HandWatch()
        hints = Hints(watch)
        waiting = asyncio.ensure_future(hints.wait(10))
        for _ in range(3):
            await asyncio.sleep(0)
        watch.tell(places(["/a"]))
        for _ in range(steps):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert await hints.wait(10), steps
        assert hints.where == places(["/a"])


class News(NamedTuple):
    news: bool


class Files:
    """A folder with two files on a virtual clock, and who looks at it."""

    def __init__(self, root: Path) -> None:
        loop = asyncio.get_running_loop()
        self.root = root
        for name in ("a.yaml", "b.yaml"):
            self.write(name, "old")
        self.watch = HandWatch()
        self.hints = Hints(self.watch)
        reading = VirtualThread(loop, lambda: SCAN_SECONDS, lambda: False)
        self.looks = Looks(Directory([root]), self.hints, rescan=RESCAN, reading=reading)
        self.known: Scan | None = None
        self.stop = asyncio.Event()

    def write(self, name: str, text: str) -> Places:
        (self.root / name).write_text(text)
        return places([str(self.root / name)])

    async def look(self, where: Places | None = None) -> bool:
        """Look; tell whether at everything. `known` is what was found, which is no news from then on."""
        if where is not None:
            self.hints.give(where)
        known = self.known
        self.known, _ = await self.looks.settled(lambda scan: News(scan != known), self.stop)
        return self.looks.everywhere

    def sees_all(self) -> bool:
        return self.known == Directory([self.root]).scan()


async def passes(seconds: float) -> None:
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=seconds)


def play(root: Path, scenario: Callable[[Files], Coroutine[None, None, None]]) -> None:
    async def begin() -> None:
        files = Files(root)
        assert await files.look(), "the first look is at everything"
        await scenario(files)

    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(begin())


def test_only_where_a_hint_says_and_then_soon_at_everything(tmp_path: Path) -> None:
    async def scenario(files: Files) -> None:
        assert not await files.look(files.write("a.yaml", "new"))
        assert files.sees_all()
        soon = files.looks.due_at
        assert SOONEST <= soon - virtual_loop().time() <= LATEST
        await passes(1.0)
        files.write("b.yaml", "nobody told")
        assert not await files.look(files.write("a.yaml", "newer"))
        assert not files.sees_all()
        assert files.looks.due_at == soon, "whatever else is hinted meanwhile"
        await passes(soon - virtual_loop().time())
        assert await files.look()
        assert files.sees_all()
        assert files.looks.due_at > soon + LATEST

    play(tmp_path, scenario)


def test_hints_go_first_where_everything_is_due_but_not_for_ever(tmp_path: Path) -> None:
    async def scenario(files: Files) -> None:
        await files.look(files.write("a.yaml", "new"))
        due_at = files.looks.due_at
        await passes(due_at - virtual_loop().time() + 0.1)
        everywhere = False
        for number in itertools.count():
            everywhere = await files.look(files.write("a.yaml", f"{number}"))
            if everywhere:
                break
            assert files.looks.due_at == due_at
            await passes(0.1)
        assert 5 <= virtual_loop().time() - due_at <= 5 + 5 * SCAN_SECONDS, "and two looks at everything"
        assert files.sees_all()

    play(tmp_path, scenario)


def test_each_rescan_at_everything_and_at_nothing_where_only_time_asks_before(tmp_path: Path) -> None:
    async def scenario(files: Files) -> None:
        files.write("b.yaml", "nobody told")
        assert not await files.look()
        assert not files.sees_all()
        await passes(RESCAN)
        assert await files.look()
        assert files.sees_all()

    play(tmp_path, scenario)


def test_at_everything_where_a_hint_does_not_say_where(tmp_path: Path) -> None:
    async def scenario(files: Files) -> None:
        assert await files.look(ANYWHERE)

    play(tmp_path, scenario)


def test_at_everything_where_a_place_is_not_enough(tmp_path: Path) -> None:
    async def scenario(files: Files) -> None:
        assert await files.look(files.write("new.yaml", "new"))
        assert files.sees_all()
        assert not await files.look(files.write("new.yaml", "newer"))

    play(tmp_path, scenario)


def test_what_is_written_between_two_looks_at_a_place_is_waited_for(tmp_path: Path) -> None:
    """Both at the file that began to change, and at one that is hinted at meanwhile."""

    async def scenario(files: Files) -> None:
        looking = asyncio.ensure_future(files.look(files.write("a.yaml", "half")))
        await passes(SCAN_SECONDS + 0.01)
        files.write("a.yaml", "whole")
        files.hints.give(files.write("b.yaml", "half"))
        await passes(SCAN_SECONDS + 0.03)
        files.write("b.yaml", "whole")
        assert not await looking
        assert files.sees_all()

    play(tmp_path, scenario)


def test_a_look_that_is_given_up_leaves_its_hint(tmp_path: Path) -> None:
    async def scenario(files: Files) -> None:
        looking = asyncio.ensure_future(files.look(files.write("a.yaml", "new")))
        await passes(SCAN_SECONDS / 2)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        assert files.hints.where == places([str(tmp_path / "a.yaml")])
        assert not await files.look()
        assert files.sees_all()

    play(tmp_path, scenario)


def test_where_the_watch_told_of_while_nobody_listened_too(tmp_path: Path) -> None:
    """Also between two looks at other places."""

    async def scenario(files: Files) -> None:
        files.watch.tell(files.write("a.yaml", "new"))
        assert not await files.look()
        assert files.sees_all()
        looking = asyncio.ensure_future(files.look(files.write("a.yaml", "newer")))
        await passes(SCAN_SECONDS + 0.01)
        files.watch.tell(files.write("b.yaml", "new"))
        assert not await looking
        assert files.sees_all()

    play(tmp_path, scenario)
