"""What may become of a request on its way and back, drawn from a seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from random import Random

from reconciler.sandbox.faults import BodyShape, Redirect, Status


class Way(Enum):
    """How a request or its answer goes astray."""

    REFUSED = auto()
    """No connection: nothing was sent."""
    NO_ANSWER_IN_TIME = auto()
    CONNECT_TIMEOUT = auto()
    """No connection in time: nothing was sent."""
    RESET = auto()
    """The connection breaks before an answer comes."""
    CUT = auto()
    """The answer breaks off in its body."""
    DRIP = auto()
    """The body comes byte by byte, longer than anybody waits."""
    GARBAGE = auto()
    """What comes back is not HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one request: `answer` stands in for the service's, `way` keeps it from coming.

    `arrives` says whether the service carries the request out all the same.
    """

    answer: Status | Redirect | None = None
    way: Way | None = None
    arrives: bool = False


FINE = Fate(arrives=True)

LOSSES = (
    Fate(way=Way.REFUSED),
    Fate(way=Way.CONNECT_TIMEOUT),
    Fate(way=Way.RESET),
    Fate(way=Way.RESET, arrives=True),
    Fate(way=Way.NO_ANSWER_IN_TIME),
    Fate(way=Way.NO_ANSWER_IN_TIME, arrives=True),
    Fate(way=Way.CUT, arrives=True),
    Fate(way=Way.DRIP, arrives=True),
    Fate(way=Way.GARBAGE, arrives=True),
    Fate(way=Way.GARBAGE),
)
"""Nobody knows what these did, or that they did nothing."""

OUTAGES = (
    Fate(answer=Status(status=500)),
    Fate(answer=Status(status=500, body=BodyShape.EMPTY), arrives=True),
    Fate(answer=Status(status=502, body=BodyShape.HTML), arrives=True),
    Fate(answer=Status(status=503, body=BodyShape.HTML)),
    Fate(answer=Status(status=503, headers={"Retry-After": "7"})),
    Fate(answer=Status(status=504, body=BodyShape.XML), arrives=True),
    Fate(answer=Status(status=408)),
    Fate(answer=Status(status=200, body=BodyShape.HTML)),
    Fate(answer=Status(status=403, body=BodyShape.HTML)),
    Fate(answer=Status(status=404, body=BodyShape.XML)),
    Fate(answer=Redirect(location="http://elsewhere.example/")),
)
"""Somebody answers, and it is not the service, or not of use."""

THROTTLES = (
    Fate(answer=Status(status=429)),
    Fate(answer=Status(status=429, headers={"Retry-After": "3"})),
    Fate(answer=Status(status=429, headers={"Retry-After": "90"}, body=BodyShape.HTML)),
)

REFUSALS = (
    Fate(answer=Status(status=400)),
    Fate(answer=Status(status=403)),
    Fate(answer=Status(status=404, body=BodyShape.BASE)),
    Fate(answer=Status(status=422, body=BodyShape.FIELD)),
    Fate(answer=Status(status=409, body=BodyShape.EMPTY)),
)

STRANGERS = (
    Fate(answer=Status(status=401)),
    Fate(answer=Status(status=401, body=BodyShape.HTML)),
)
"""The credential is fine and the service says that it is not."""


@dataclass(slots=True)
class Weather:
    """How often which fate is drawn now; for what is left, all goes well."""

    chances: tuple[tuple[Sequence[Fate], float], ...] = ()

    def clear(self) -> None:
        """Let everything go well from now on."""
        self.chances = ()

    def draw(self, dice: Random) -> Fate:
        """Give the fate of one request. Takes two draws, whatever comes out."""
        hit, which = dice.random(), dice.random()
        for fates, chance in self.chances:
            if hit < chance:
                return fates[int(which * len(fates))]
            hit -= chance
        return FINE
