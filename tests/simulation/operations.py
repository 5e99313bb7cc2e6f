"""What people and accidents do to the process and to what it runs on."""

import asyncio
from datetime import timedelta
from random import Random
from typing import Final

from reconciler.ledger.opening import open_requests
from reconciler.sandbox.seed import Seed, SeedMessage
from tests.program.chat import ANN, dialog_id, message_id
from tests.simulation.credential import Kind
from tests.simulation.world import World

_START_UP: Final = 1.1
"""Seconds that a process takes to start at least. The rate is kept by each process for itself."""


async def end_and_begin(world: World, dice: Random) -> None:
    """End the process, mostly without warning, and start it again."""
    await (_crash if dice.random() < 0.8 else _restart)(world, dice)


async def operate(world: World, dice: Random) -> None:
    """Do one thing that people do while the reconciler runs."""
    kind = dice.random()
    if kind < 0.3:
        await _change_credential(world, dice)
    elif kind < 0.6 and world.flavour.clock_jumps:
        world.clock.set(timedelta(seconds=dice.choice((30, 600, 7200)) * dice.uniform(-1, 1)))
    elif kind < 0.7:
        retry(world)
    elif kind < 0.8:
        _send_message(world, dice)
    elif kind < 0.9:
        world.disk.full = True
        await world.pause(dice.choice((0.2, 4.0)))
        world.disk.full = False
    else:
        approve(world)


def retry(world: World) -> None:
    """Free all that was rejected."""
    with open_requests(world.ledger) as requests:
        requests.retry(None, reason="try again", by="someone", at=world.clock())


def approve(world: World) -> None:
    """Let pass whatever the guards held last."""
    if not world.life.seen.refusals:
        return
    with open_requests(world.ledger) as requests:
        for refusal in world.life.seen.refusals[-1].refusals:
            approval = refusal.approved(reason="checked", by="someone", now=world.clock())
            requests.approve(approval, dialogs=refusal.dialogs)


async def _crash(world: World, dice: Random) -> None:
    """Let the process die now, or at a step that is still to come, and start it again."""
    if dice.random() < 0.3:
        world.life.dead = True
    else:
        world.steps_to_live = int(dice.expovariate(1 / 12)) + 1
        await _either(world, world.died, world.over)
        world.steps_to_live = None
    if world.life.dead:
        await world.end_life()
        await asyncio.sleep(dice.uniform(_START_UP, 8.0))
        world.begin_life()


async def _either(world: World, *events: asyncio.Event) -> None:
    """Wait for one of the events, but not for long."""
    waits = [world.begin(_wait(event)) for event in events]
    await asyncio.wait(waits, timeout=20.0, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _restart(world: World, dice: Random) -> None:
    """Stop the process as a supervisor does, and start it again."""
    await world.life.finish()
    await asyncio.sleep(dice.uniform(_START_UP, 3.0))
    world.begin_life()


async def _change_credential(world: World, dice: Random) -> None:
    """Refuse the credential for a while; then take it again, or another one in its place."""
    identity, sandbox = world.identity, world.sandbox
    if identity.kind is Kind.SESSION and dice.random() < 0.5:
        sandbox.access.end_sessions()
        return
    identity.revoke(sandbox)
    await world.pause(dice.choice((0.5, 10.0)))
    if identity.kind is Kind.TOKEN and dice.random() < 0.5:
        identity.mistake(
            sandbox, user=dice.random() < 0.5 and identity.user_known, in_place=dice.random() < 0.3
        )
        await world.pause(dice.choice((1.0, 10.0, 40.0)))
    if identity.kind is not Kind.KEY and dice.random() < 0.7:
        identity.rotate()
        identity.write(in_place=dice.random() < 0.3)
        await world.pause(dice.choice((0.0, 2.0)))
    else:
        identity.write()
    identity.allow(sandbox)


def _send_message(world: World, dice: Random) -> None:
    """Let somebody send a message that no manifest knows."""
    dialog = dice.randrange(world.flavour.dialogs)
    id_ = message_id(dialog, 1000 + len(world.sandbox.chat.messages))
    message = SeedMessage(id=id_, dialog=dialog_id(dialog), sender=ANN, text="a new one")
    world.sandbox.add(Seed(messages=(message,)))
