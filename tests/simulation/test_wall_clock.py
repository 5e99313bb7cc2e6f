"""A clock that is set forward over the time at which a dialog is to be marked again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Final

from reconciler.sandbox.options import Assumptions
from tests.program.chat import ANN, dialog_id, message_id
from tests.simulation.converged import check_converged, left_to_do
from tests.simulation.credential import Kind
from tests.simulation.declared import DeclaredMessage, Version
from tests.simulation.flavour import Flavour, flavour
from tests.simulation.virtual_thread import SimulatedLoop
from tests.simulation.world import World

KIND: Final[Flavour] = replace(
    flavour(Random(0)),  # noqa: S311  # dice of a simulation
    dialogs=1,
    messages=1,
    rate=50.0,
    concurrency=8,
    timeout=10.0,
    answering=0.1,
    way=0.01,
    deaf=1.0,
    rescan=15.0,
    kind=Kind.KEY,
    guarded=False,
    assumptions=Assumptions(authors_only=False),
)
"""Nothing but a look at all files notices anything here."""

MARKED: Final = Version(
    name="dialog-0",
    dialog=dialog_id(0),
    actor=ANN,
    read=(ANN,),
    interval=1,
    messages=(DeclaredMessage(id=message_id(0, 0), text="Hello"),),
)

_BEHIND: Final = timedelta(hours=-2)


def test_what_a_clock_set_forward_makes_due_is_left_to_do_until_the_next_look() -> None:
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(_made_up_for())


async def _made_up_for() -> None:
    async with _world_of_the_right_time(rescan=KIND.rescan) as world:
        calls = len(world.network.calls)
        waited = 0.0
        while (left := left_to_do(world)) is not None:
            assert MARKED.name in left or "calls under way" in left
            assert waited <= KIND.notices_within
            await asyncio.sleep(1.0)
            waited += 1.0
        assert waited > 2.0
        assert not [*check_converged(world)]
        assert len(world.network.calls) == calls + 1


def test_a_reconciler_that_looks_too_seldom_to_see_it_is_found() -> None:
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(_found())


async def _found() -> None:
    async with _world_of_the_right_time(rescan=100 * KIND.rescan) as world:
        await asyncio.sleep(KIND.notices_within)
        assert left_to_do(world) is None
        assert [words.split(" without ")[0] for words in check_converged(world)] == ["dialog-0: in sync"]


@asynccontextmanager
async def _world_of_the_right_time(*, rescan: float) -> AsyncIterator[World]:
    """Give a world in sync whose clock, far behind until now, was put right just now."""
    world = World(0, lambda settings: replace(settings, rescan=rescan), KIND)
    try:
        world.folder.put("a.yaml", (MARKED,))
        world.timeline.now(world.now_in_force(), 0.0)
        world.clock.set(_BEHIND)
        world.begin_life()
        await asyncio.sleep(10.0)
        assert left_to_do(world) is None
        assert not [*check_converged(world)]
        world.clock.set(timedelta())
        yield world
        await world.life.finish()
    finally:
        await world.delete()
