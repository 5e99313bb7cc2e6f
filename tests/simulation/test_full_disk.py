"""A ledger that cannot be written for a while: what happened meanwhile is seen before anything is sent."""

import asyncio
from dataclasses import replace
from typing import Final

from reconciler.source.places import places
from tests.program.chat import ANN, dialog_id, message_id
from tests.simulation.converged import check_converged, left_to_do
from tests.simulation.declared import DeclaredMessage, Version
from tests.simulation.flavour import PLAIN
from tests.simulation.virtual_thread import SimulatedLoop
from tests.simulation.world import World

_PAUSE: Final = 5.0
"""Seconds for which the daemon rests after the ledger failed, and hears nothing."""

_TURN: Final = 0.5

KIND: Final = replace(PLAIN, dialogs=1, messages=3, rate=1.0, concurrency=1, rescan=3600.0)

DIALOG: Final = Version(
    name="dialog-0",
    dialog=dialog_id(0),
    actor=ANN,
    messages=tuple(DeclaredMessage(id=message_id(0, number), text="Hello") for number in range(3)),
)


def test_a_dialog_that_came_to_be_declared_twice_meanwhile_is_not_sent() -> None:
    """The watch told of a file that is new, while nobody listened: what is due looks at no other."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(_story())


async def _story() -> None:
    world = World(0, kind=KIND)
    try:
        world.folder.put("a.yaml", (DIALOG,))
        world.begin_life()
        await asyncio.sleep(0.5)
        world.disk.full = True
        await asyncio.sleep(1.0)
        assert "the disk is full" in str(world.life.daemon.health.hindrance)
        assert len(world.network.calls) == 2, "the intent of the second one stood in the ledger before"
        world.disk.full = False
        world.folder.put("b.yaml", (replace(DIALOG, name="another"),))
        world.life.watch.tell(places([str(world.folder.root / "b.yaml")]))
        await asyncio.sleep(_PAUSE + _TURN)
        assert world.life.daemon.health.hindrance is None
        assert len(world.network.calls) == 2
        world.folder.remove("b.yaml")
        world.life.watch.tell(places([str(world.folder.root / "b.yaml")]))
        world.timeline.now(world.now_in_force(), 0.0)
        await asyncio.sleep(10.0)
        assert left_to_do(world) is None
        assert not [*check_converged(world)]
        assert len(world.network.calls) == 4, "the second one was in doubt"
        await world.life.finish()
    finally:
        await world.delete()
