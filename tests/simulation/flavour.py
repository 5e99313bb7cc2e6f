"""What kind of world a seed makes: how large, how fast, how often what goes wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from reconciler.sandbox.options import Assumptions, Reading
from reconciler.sandbox.seed import SeedDialog, SeedMessage
from tests.program.chat import ANN, BEN, CY, dialog_id, message_id
from tests.simulation.credential import Kind

OCCUPANTS: Final = (ANN, BEN, CY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """Means are of seconds between two events of a kind; None is never. Times are in seconds.

    `deaf` and `precise` are how often the watch misses a change, and how often it tells where one was.
    """

    dialogs: int
    messages: int
    lasts: float
    edits: float | None
    faults: float | None
    crashes: float | None
    operations: float | None
    clock_jumps: bool
    rate: float
    concurrency: int
    timeout: float
    way: float
    answering: float
    deaf: float
    rescan: float
    precise: float
    kind: Kind
    guarded: bool
    assumptions: Assumptions

    @property
    def notices_within(self) -> float:
        """Give after how long a change on disk must be known."""
        return 2.5 + (self.rescan if self.deaf else 0.0)


def flavour(dice: Random) -> Flavour:
    """Draw one: some worlds are calm, some have one kind of trouble, most have several."""
    calm = dice.random() < 0.06

    def sometimes(chance: float, means: Sequence[float]) -> float | None:
        drawn, mean = dice.random(), dice.choice(means)
        return mean if drawn < chance and not calm else None

    deaf = 0.4 if dice.random() < 0.15 else 0.0
    drawn = Flavour(
        dialogs=dice.randint(2, 4),
        messages=dice.randint(2, 5),
        lasts=dice.choice((12.0, 20.0, 30.0, 45.0)) * (10 if dice.random() < 0.03 else 1),
        edits=sometimes(0.95, (1.0, 3.0, 8.0)),
        faults=sometimes(0.75, (2.0, 6.0, 20.0)),
        crashes=sometimes(0.6, (5.0, 15.0)),
        operations=sometimes(0.5, (4.0, 12.0)),
        clock_jumps=dice.random() < 0.5,
        rate=dice.choice((1.0, 3.0, 5.0, 20.0, 50.0)),
        concurrency=dice.choice((1, 2, 8)),
        timeout=dice.choice((3.0, 10.0, 30.0)),
        way=dice.uniform(0.001, 0.06),
        answering=dice.choice((0.005, 0.1, 1.0)),
        deaf=deaf,
        rescan=dice.choice((5.0, 15.0)) if deaf else 60.0,
        precise=dice.choice((0.0, 0.8, 1.0, 1.0)),
        kind=dice.choice((Kind.KEY, Kind.KEY_FILE, Kind.SESSION, Kind.TOKEN)),
        guarded=dice.random() < 0.15,
        assumptions=Assumptions(
            reading=dice.choice((Reading.MESSAGE, Reading.MESSAGE, Reading.DIALOG)),
            atomic=dice.random() < 0.7,
            session_lifetime=dice.choice((20.0, 60.0, 7200.0)),
        ),
    )
    if drawn.kind is Kind.TOKEN:  # a token that ends is gone for good
        return replace(drawn, assumptions=replace(drawn.assumptions, session_lifetime=7200.0))
    return drawn


def chat(dice: Random, kind: Flavour) -> tuple[tuple[SeedDialog, ...], tuple[SeedMessage, ...]]:
    """Give the dialogs and messages that are there at the start."""
    dialogs = tuple(SeedDialog(id=dialog_id(d), occupants=OCCUPANTS) for d in range(kind.dialogs))
    messages = tuple(
        SeedMessage(
            id=message_id(d, m),
            dialog=dialog_id(d),
            sender=ANN if dice.random() < 0.7 else dice.choice((BEN, CY)),
            text="as it was",
            date_sent=0,
        )
        for d in range(kind.dialogs)
        for m in range(kind.messages)
    )
    return dialogs, messages


PLAIN: Final = replace(
    flavour(Random(0)),  # noqa: S311  # dice of a simulation
    rate=50.0,
    concurrency=8,
    timeout=10.0,
    answering=0.1,
    way=0.01,
    deaf=0.0,
    kind=Kind.KEY,
    guarded=False,
    assumptions=Assumptions(authors_only=False),
)
"""A world of a key and quick answers, for those that bring one trouble of their own."""
