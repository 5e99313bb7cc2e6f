"""What a measurement comes to: figures, and whether each target is met by them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.words import memory, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured, once or several times in the same run."""

    what: str
    values: tuple[float, ...]
    shown: Callable[[float], str]

    @property
    def middle(self) -> float:
        """Give the median."""
        return median(self.values)


def time_of(what: str, values: Sequence[float]) -> Figure:
    """Give a figure in seconds."""
    return Figure(what=what, values=tuple(values), shown=seconds)


def memory_of(what: str, values: Sequence[float]) -> Figure:
    """Give a figure in bytes."""
    return Figure(what=what, values=tuple(values), shown=memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One target: a ratio of ours to something, and what it may be; or a fact, which is so or not.

    `ratio` is None where it can't be told: then the target counts as not met.
    """

    what: str
    ours: str
    against: str
    ratio: float | None = None
    so: bool | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool:
        """Tell whether the target is met."""
        if self.so is not None:
            return self.so
        return (
            self.ratio is not None
            and (self.at_most is None or self.ratio <= self.at_most)
            and (self.at_least is None or self.ratio >= self.at_least)
        )

    @property
    def target(self) -> str:
        """Give the target as a bound of the ratio, or nothing where it is a fact."""
        if self.so is not None:
            return ""
        return f"≤ {self.at_most:.4g}" if self.at_most is not None else f"≥ {self.at_least:.4g}"


def against_peer(
    what: str,
    ours: Figure,
    theirs: Figure | None,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Check:
    """Compare a figure with that of another program, None where that one could not be run."""
    return Check(
        what=what,
        ours=ours.shown(ours.middle),
        against="not on this machine" if theirs is None else f"{theirs.what}: {theirs.shown(theirs.middle)}",
        ratio=None if theirs is None else ours.middle / theirs.middle,
        at_most=at_most,
        at_least=at_least,
    )


def against_bound(what: str, value: float, bound: float, shown: Callable[[float], str]) -> Check:
    """Compare a value with the most that it may be."""
    return Check(what=what, ours=shown(value), against=shown(bound), ratio=value / bound, at_most=1)


def against_least(what: str, value: float, bound: float, shown: Callable[[float], str]) -> Check:
    """Compare a value with the least that it may be."""
    return Check(what=what, ours=shown(value), against=shown(bound), ratio=value / bound, at_least=1)


def holds(what: str, ours: str, expected: str, *, so: bool) -> Check:
    """Compare what is or is not."""
    return Check(what=what, ours=ours, against=expected, so=so)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """How something grows: its values by size. `ours` tells it from those of other programs."""

    name: str
    points: tuple[tuple[int, float], ...]
    ours: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Curves that are drawn together. `file` is the name of the picture; the axes are logarithmic."""

    file: str
    title: str
    vertical: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one row came to. `failed` says why it could not be measured."""

    checks: tuple[Check, ...]
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = field(default=())
    failed: str = ""
