"""A clock that was wrong while dialogs were marked, and is put right: they are marked again, and no more."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.program.chat import ANN, dialog_id, message_id
from tests.simulation.converged import check_converged, left_to_do
from tests.simulation.declared import DeclaredMessage, Version
from tests.simulation.flavour import PLAIN
from tests.simulation.virtual_thread import SimulatedLoop
from tests.simulation.world import World

_HOUR: Final = 3600.0
_BEAT: Final = 2.0
_TURN: Final = 0.5
"""Seconds that a turn and its call take at most."""

KIND: Final = replace(PLAIN, dialogs=3, messages=1, timeout=300.0, deaf=1.0, rescan=_HOUR)
"""Nothing but the beat notices anything here."""

MARKED: Final = Version(
    name="dialog-0",
    dialog=dialog_id(0),
    actor=ANN,
    read=(ANN,),
    interval=1,
    messages=(DeclaredMessage(id=message_id(0, 0), text="Hello"),),
)

_BEHIND: Final = timedelta(hours=-2)
_AHEAD: Final = timedelta(hours=2)
_A_LITTLE_AHEAD: Final = timedelta(seconds=40)
"""Less than the interval."""


def _run(story: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(story)


@pytest.mark.parametrize("off", [_BEHIND, _AHEAD, _A_LITTLE_AHEAD], ids=str)
def test_once_the_clock_is_put_right_dialogs_are_marked_again_at_the_next_beat(off: timedelta) -> None:
    async def story() -> None:
        async with _world(off) as world:
            before = _marks(world)
            world.clock.set(timedelta())
            await asyncio.sleep(_BEAT + _TURN)
            await _is_marked_again_each_minute_since(world, before)

    _run(story())


@pytest.mark.parametrize("off", [_BEHIND, _AHEAD, _A_LITTLE_AHEAD], ids=str)
def test_a_clock_that_is_put_right_while_nothing_runs_is_made_up_for_at_the_start(off: timedelta) -> None:
    async def story() -> None:
        async with _world(off) as world:
            before = _marks(world)
            await world.life.finish()
            world.clock.set(timedelta())
            world.begin_life()
            await asyncio.sleep(_TURN)
            await _is_marked_again_each_minute_since(world, before)

    _run(story())


async def _is_marked_again_each_minute_since(world: World, before: int) -> None:
    assert _marks(world) == before + 1
    assert left_to_do(world) is None
    await asyncio.sleep(_HOUR)
    assert before + 58 <= _marks(world) <= before + 61
    assert not [*check_converged(world)]


def test_what_was_marked_before_the_clock_was_put_right_is_marked_again_while_others_are_still_sent() -> None:
    """Of its file another call was answered since: the report is of now, and not all of its times are."""
    same_file = Version(name="dialog-1", dialog=dialog_id(1), actor=ANN, read=(ANN,))
    another = Version(name="dialog-2", dialog=dialog_id(2), actor=ANN, read=(ANN,))
    only_marked = replace(MARKED, messages=())

    async def story() -> None:
        async with _living({"a.yaml": (only_marked, same_file), "b.yaml": (another,)}, _AHEAD, 1.0) as world:
            seconds = iter((0.1, 1.5, 200.0))
            world.network.answering = lambda: next(seconds, 0.1)
            await asyncio.sleep(2.3)
            assert [call.answered_at is None for call in world.network.calls] == [False, True, True]
            world.clock.set(timedelta())
            await asyncio.sleep(0.5)
            assert [call.answered_at is None for call in world.network.calls] == [False, False, True]
            await asyncio.sleep(_BEAT + _TURN)
            again = world.network.calls[3:]
            assert [call.put.dialog for call in again] == [dialog_id(0)]
            assert [call.answered_at is None for call in world.network.calls[2:]] == [True, False]
            await asyncio.sleep(300.0)
            assert left_to_do(world) is None
            assert not [*check_converged(world)]

    _run(story())


@pytest.mark.parametrize("off", [_BEHIND, _AHEAD], ids=str)
def test_a_reconciler_that_does_not_make_up_for_it_is_found(off: timedelta) -> None:
    async def story() -> None:
        async with _world(off) as world:
            await world.life.finish()
            world.clock.set(timedelta())
            await asyncio.sleep(60.0 + 11.0)
            assert left_to_do(world) is None
            assert [words.split(" without ")[0] for words in check_converged(world)] == ["dialog-0: in sync"]

    _run(story())


def _marks(world: World) -> int:
    return sum(bool(call.put.marks) for call in world.network.calls if call.method == "PUT")


@asynccontextmanager
async def _world(off: timedelta) -> AsyncIterator[World]:
    """Give a world in sync whose clock is wrong."""
    async with _living({"a.yaml": (MARKED,)}, off, KIND.rate) as world:
        await asyncio.sleep(10.0)
        assert left_to_do(world) is None
        assert not [*check_converged(world)]
        yield world


@asynccontextmanager
async def _living(files: dict[str, tuple[Version, ...]], off: timedelta, rate: float) -> AsyncIterator[World]:
    world = World(0, kind=replace(KIND, rate=rate))
    try:
        for name, documents in files.items():
            world.folder.put(name, documents)
        world.timeline.now(world.now_in_force(), 0.0)
        world.clock.set(off)
        world.begin_life()
        yield world
        if not world.life.closed:
            await world.life.finish()
    finally:
        await world.delete()
