"""What happens to the service and to the network, and what its owners do about it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from reconciler.sandbox.rate_limit import RateLimit
from tests.simulation.network import Network
from tests.simulation.weather import LOSSES, OUTAGES, REFUSALS, STRANGERS, THROTTLES


@dataclass(kw_only=True)
class Troubles:
    """Makes one trouble at a time, and ends it. `pause` waits, and tells whether to go on."""

    dice: Random
    network: Network
    pause: Callable[[float], Awaitable[bool]]

    async def trouble(self) -> None:
        kinds: list[tuple[Callable[[], Awaitable[None]], int]] = [
            (self._noise, 5),
            (self._outage, 3),
            (self._storm, 2),
            (self._refusals, 2),
            (self._part_refused, 2),
            (self._strangers, 1),
        ]
        choice, weights = zip(*kinds, strict=True)
        await self.dice.choices(choice, weights)[0]()

    def clear(self) -> None:
        """Let everything go well again."""
        self.network.weather.clear()
        self.network.service.sandbox.rate_limit = None
        self.network.service.refused.clear()

    async def _noise(self) -> None:
        self.network.weather.chances = ((LOSSES, 0.2), (OUTAGES, 0.15), (THROTTLES, 0.05))
        await self.pause(self.dice.choice((2.0, 10.0)))
        self.clear()

    async def _outage(self) -> None:
        """Let nothing through, all in one way or in many; seldom for long."""
        many = self.dice.choice((LOSSES, OUTAGES))
        one = (self.dice.choice(many),)
        self.network.weather.chances = ((self.dice.choice((many, one)), 1.0),)
        await self.pause(self.dice.choice((1.0, 5.0, 20.0, 90.0)))
        self.clear()

    async def _storm(self) -> None:
        """Let fewer calls through than the reconciler may send."""
        asked = self.dice.choice((None, 1.0, 4.0))
        self.network.service.sandbox.rate_limit = RateLimit(calls=self.dice.choice((1, 2)), retry_after=asked)
        await self.pause(self.dice.choice((2.0, 10.0)))
        self.clear()

    async def _refusals(self) -> None:
        self.network.weather.chances = ((REFUSALS, 0.5),)
        await self.pause(self.dice.choice((0.5, 3.0)))
        self.clear()

    async def _part_refused(self) -> None:
        """Refuse the text of some messages, and the marks of others."""
        service = self.network.service
        for message in service.sandbox.chat.messages:
            if self.dice.random() < 0.4:
                service.refused.add((message, self.dice.choice(("text", "marks"))))
        await self.pause(self.dice.choice((2.0, 10.0)))
        self.clear()

    async def _strangers(self) -> None:
        self.network.weather.chances = ((STRANGERS, 0.5),)
        await self.pause(self.dice.choice((0.5, 3.0)))
        self.clear()
