"""Hours without a useful answer: few calls, flat memory, and then everything is made up for."""

import asyncio
import gc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import pytest

from tests.program.chat import ANN, dialog_id, message_id
from tests.simulation.converged import check_converged, left_to_do
from tests.simulation.declared import DeclaredMessage, Version
from tests.simulation.flavour import PLAIN
from tests.simulation.virtual_thread import SimulatedLoop
from tests.simulation.weather import LOSSES, OUTAGES, STRANGERS, Fate
from tests.simulation.world import World

_HOUR: Final = 3600.0
_HOURS: Final = 6
_DIALOGS: Final = 12
_MESSAGES: Final = 12
_KEPT: Final = 20
"""Objects that the network and the sandbox keep of each call."""


def probes(seconds: float, answer: float) -> int:
    """Count the breaker's probes in an outage: after 30 s, 60 s, ... up to 5 minutes, and `answer` each."""
    count, at = 0, 0.0
    while at < seconds:
        count += 1
        at += min(30.0 * count, 300.0) + answer
    return count


KIND: Final = replace(PLAIN, dialogs=_DIALOGS, messages=_MESSAGES, rescan=60.0)


def documents() -> Iterator[tuple[str, tuple[Version, ...]]]:
    """Declare a text of every message, a dialog in a file."""
    for dialog in range(_DIALOGS):
        messages = tuple(DeclaredMessage(id=message_id(dialog, m), text="Hello") for m in range(_MESSAGES))
        one = Version(name=f"dialog-{dialog}", dialog=dialog_id(dialog), actor=ANN, messages=messages)
        yield f"{dialog}.yaml", (one,)


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("fates", [OUTAGES, LOSSES, STRANGERS], ids=["no use", "no answer", "refused"])
def test_calls_stay_within_the_probes_for_hours_and_memory_is_flat(fates: Sequence[Fate]) -> None:
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(_outage([fate for fate in fates if not fate.arrives]))


async def _outage(fates: Sequence[Fate]) -> None:
    world = World(0, kind=KIND)
    try:
        for name, declared in documents():
            world.folder.put(name, declared)
        world.timeline.now(world.now_in_force(), 0.0)
        world.network.weather.chances = ((fates, 1.0),)
        world.begin_life()
        await asyncio.sleep(_HOUR)
        before, made = _objects(), len(world.network.calls)
        await asyncio.sleep((_HOURS - 1) * _HOUR)
        gained = _objects() - before
        calls = len(world.network.calls)
        assert "the chat service" in str(world.life.daemon.health.hindrance)
        assert calls <= 1.2 * probes(_HOURS * _HOUR, 0.0), f"{calls} calls"
        assert gained <= _KEPT * (calls - made), f"{gained} objects for {calls - made} calls"
        world.calm()
        await asyncio.sleep(20 * 60)
        assert left_to_do(world) is None
        assert not [*check_converged(world)]
        assert world.life.daemon.health.hindrance is None
        assert len(world.network.calls) - calls == _DIALOGS * _MESSAGES
        await world.life.finish()
    finally:
        await world.delete()


def _objects() -> int:
    """Count what is kept, by us too: the network and the sandbox remember each call."""
    gc.collect()
    return len(gc.get_objects())
