"""One simulation: a world lives, all trouble ends, and then everything must be as it was promised."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from reconciler.ledger.check import check_ledger
from reconciler.ledger.existing import open_reader
from reconciler.ledger.history import RetryRow
from reconciler.ledger.reader import LedgerReader
from tests.chat_api.virtual_time import virtual_loop
from tests.simulation.audit import Audit
from tests.simulation.converged import check_converged, check_freed, left_to_do
from tests.simulation.life import Settings
from tests.simulation.operations import approve, end_and_begin, operate, retry
from tests.simulation.virtual_thread import SimulatedLoop
from tests.simulation.world import World

_CONVERGES_WITHIN: Final = 1500.0
"""Virtual seconds after the end of all trouble: the longest backoff, and the breaker's pauses after it."""

_BEAT: Final = 3.0
"""Seconds after which the daemon has seen what people ask for."""

_INTERVALS: Final = 150.0
"""Seconds in which each dialog that has an interval is marked again."""

Adapt = Callable[[Settings], Settings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one seed. `summary` is of all calls: two runs of a seed have the same."""

    seed: int
    violations: tuple[str, ...]
    summary: tuple[tuple[object, ...], ...]
    lives: int
    seconds: float
    explained: dict[str, int]


def simulate(seed: int, adapt: Adapt = lambda settings: settings) -> Outcome:
    """Run one seed from its beginning to its end."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(_simulate(seed, adapt))


async def _simulate(seed: int, adapt: Adapt) -> Outcome:
    world = World(seed, adapt)
    try:
        simulation = Simulation(world)
        await simulation.run()
        return Outcome(
            seed=seed,
            violations=tuple(simulation.violations),
            summary=tuple(call.summary() for call in world.network.calls),
            lives=len(world.lives),
            seconds=virtual_loop().time(),
            explained=simulation.explained,
        )
    finally:
        await world.delete()


class Simulation:
    """A world and what is found wrong with it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.violations: list[str] = []
        self.explained: dict[str, int] = {}

    async def run(self) -> None:
        """Live, calm down, and be judged."""
        self.world.editor.begin()
        self.world.begin_life()
        await self._live()
        self.world.calm()
        if await self._settles("the end of all trouble"):
            self._check_fewest()
            await self._retry()
            await self._mark_again()
        await self._restart()
        self._audit()

    async def _live(self) -> None:
        world, kind = self.world, self.world.flavour
        wants = (
            (kind.edits, lambda _: world.editor.edit(), "edits"),
            (kind.faults, lambda _: world.troubles.trouble(), "faults"),
            (kind.crashes, partial(end_and_begin, world), "crashes"),
            (kind.operations, partial(operate, world), "operations"),
        )
        actors = [
            world.begin(self._again(mean, act, world.dice(name)))
            for mean, act, name in wants
            if mean is not None
        ]
        await asyncio.sleep(kind.lasts)
        world.ending = True
        world.over.set()
        await asyncio.gather(*actors)

    async def _again(self, mean: float, act: Callable[[Random], Awaitable[None]], dice: Random) -> None:
        while await self.world.pause(dice.expovariate(1 / mean)):
            await act(dice)

    async def _settles(self, after: str) -> bool:
        """Wait until the reconciler is done; tell whether it came to that."""
        world, ends = self.world, virtual_loop().time() + _CONVERGES_WITHIN
        await asyncio.sleep(_BEAT)
        while (left := left_to_do(world)) is not None:
            if virtual_loop().time() > ends:
                self.violations.append(f"not done {_CONVERGES_WITHIN:g} s after {after}: {left}")
                return False
            if world.life.running.done():
                self.violations.append(f"the daemon ended by itself: {world.life.running.exception()!r}")
                return False
            await asyncio.sleep(1.0)
            approve(world)
        self.violations += [f"after {after}: {what}" for what in check_converged(world)]
        return True

    def _check_fewest(self) -> None:
        """Where nothing went wrong and nothing was edited, no call is one too many or one too few."""
        kind, calls = self.world.flavour, self.world.network.calls
        if kind.edits or kind.faults or kind.crashes or kind.operations or self.world.folder.broken:
            return
        puts = [call for call in calls if call.method == "PUT"]
        taken_apart = sum(
            call.status == 403 and call.put.text is not None and bool(call.put.marks) for call in puts
        )
        fewest = sum(version.fewest_calls() for version in self.world.timeline.last().values())
        if len(puts) != fewest + 2 * taken_apart:
            self.violations.append(
                f"{len(puts)} calls, of which {taken_apart} were taken apart, and not {fewest}"
            )

    async def _retry(self) -> None:
        """Free all refusals, in every other world: what is refused then is refused by the service's rules."""
        if self.world.seed % 2:
            return
        retry(self.world)
        if await self._settles("a retry"):
            self.violations += check_freed(self.world)

    async def _mark_again(self) -> None:
        """Let some minutes go by where dialogs are to be marked again and again."""
        if any(version.interval for version in self.world.timeline.last().values()):
            await asyncio.sleep(_INTERVALS)
            await self._settles("some minutes more")

    async def _restart(self) -> None:
        """Begin anew in the end: what is in sync stays so without a call."""
        world = self.world
        before = len(world.network.calls)
        await world.life.finish()
        await asyncio.sleep(1.0)
        world.begin_life()
        await asyncio.sleep(2 * _BEAT)
        again = {dialog for dialog, version in world.timeline.last().items() if version.interval is not None}
        for call in world.network.calls[before:]:
            if call.method == "PUT" and not (call.put.message is None and call.put.dialog in again):
                self.violations.append(f"call {call.number} ({call.put}) after a restart")
        await world.life.finish()

    def _audit(self) -> None:
        world = self.world
        broken = [checked for checked in check_ledger(world.ledger) if checked.contradictions]
        self.violations += [f"the ledger breaks a rule: {checked}" for checked in broken]
        with open_reader(world.ledger, LedgerReader) as reader:
            rows = {row.number: row for row in reader.record()}
            retries = tuple(row for row in reader.requests() if isinstance(row, RetryRow))
        audit = Audit(world, rows, retries)
        audit.run()
        self.violations += audit.violations
        self.explained = dict(audit.explained)
        self.violations += [
            f"life {life.number}: {words}" for life in world.lives for words in life.seen.bugs
        ]
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        self.violations += loop.unheard
