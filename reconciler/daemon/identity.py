"""Who we are to the chat service: asked at the start, until it is known."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from reconciler.core.outcome import Answer, said
from reconciler.daemon.state import State
from reconciler.reconcile.sender import Sender
from reconciler.reconcile.waiting import first
from reconciler.source.rules import Rules

_STEP: Final = 30.0
_LONGEST: Final = 300.0
"""Seconds between attempts, one step more after each: a wrong password repeated could lock the account."""

_BEAT: Final = 2.0


async def who_we_are(
    identify: Callable[[], Awaitable[Rules | Answer]], sender: Sender, state: State, stop: asyncio.Event
) -> Rules | None:
    """Give what manifests are read under; None where `stop` came first.

    What keeps us from knowing is told to the probes. A secret that changes is tried at once.
    """
    loop, pause = asyncio.get_running_loop(), 0.0
    while not stop.is_set():
        state.beats()
        identity = await identify()
        if isinstance(identity, Rules):
            state.hinder(service=None)
            return identity
        state.hinder(service=f"no session with the chat service: {said(identity)}")
        pause = min(pause + _STEP, _LONGEST)
        ends = loop.time() + pause
        while loop.time() < ends and not stop.is_set() and not sender.rotated():
            state.beats()
            await first(asyncio.sleep(_BEAT), stop.wait())
    return None
