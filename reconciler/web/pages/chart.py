"""The last passes as a drawing: where its bars stand. The template draws them.

Above the line is what was applied, below it what failed, on one scale; so a failure is told by its
side and not by its colour alone. How long the calls took is a drawing of its own below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.render.words import count, listed, took
from reconciler.web.pages.moments import absolute
from reconciler.web.state import PassSummary

STEP: Final = 10
"""Units from one pass to the next."""

HEIGHT: Final = 100
LATENCY_HEIGHT: Final = 32

_FEWEST: Final = 40
"""Places for passes: so few bars don't become broad ones."""

_LEAST: Final = 2.0
"""The height of a bar that stands for anything at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A part of a pass: how far from the top, and how high; nothing where that is 0."""

    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One pass: `x` from the left, `latency` from the top of the lower drawing."""

    x: int
    words: str
    applied: Bar
    deferred: Bar
    rejected: Bar
    latency: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The drawing; `axis` is the line between what was applied and what failed, from the top."""

    width: int
    height: float
    axis: float
    columns: tuple[Column, ...]
    most: int
    slowest: float | None
    words: str


def chart(passes: Sequence[PassSummary]) -> Chart:
    """Draw passes, the oldest first, at least one."""
    most = max(p.applied for p in passes)
    failed = max(p.deferred + p.rejected for p in passes)
    slowest = max((p.call_seconds for p in passes if p.call_seconds is not None), default=None)
    scale = (HEIGHT - 2 * _LEAST) / max(1, most + failed)
    axis = max(_LEAST, most * scale)
    places = max(_FEWEST, len(passes))
    first = places - len(passes)
    columns = (_column(one, (first + place) * STEP, axis, scale, slowest) for place, one in enumerate(passes))
    return Chart(
        width=places * STEP,
        height=HEIGHT + 2 * _LEAST,
        axis=round(axis, 2),
        columns=tuple(columns),
        most=max(most, failed),
        slowest=slowest,
        words=_in_words(passes),
    )


def _column(one: PassSummary, x: int, axis: float, scale: float, slowest: float | None) -> Column:
    applied, deferred, rejected = (
        max(_LEAST, number * scale) if number else 0.0 for number in (one.applied, one.deferred, one.rejected)
    )
    latency = None
    if one.call_seconds is not None and slowest is not None:
        latency = round((1 - one.call_seconds / (slowest or 1)) * (LATENCY_HEIGHT - _LEAST), 2)
    return Column(
        x=x,
        words=f"{absolute(one.finished_at)}: {_came_to(one)}",
        applied=Bar(y=round(axis - applied, 2), height=round(applied, 2)),
        deferred=Bar(y=round(axis, 2), height=round(deferred, 2)),
        rejected=Bar(y=round(axis + deferred, 2), height=round(rejected, 2)),
        latency=latency,
    )


def _came_to(one: PassSummary) -> str:
    parts = [f"{one.applied:,} applied"]
    parts += [f"{one.deferred:,} deferred"] if one.deferred else []
    parts += [f"{one.rejected:,} rejected"] if one.rejected else []
    latency = f", {took(one.call_seconds)} a call" if one.call_seconds is not None else ""
    return f"{listed(parts)}{latency}"


def _in_words(passes: Sequence[PassSummary]) -> str:
    applied, deferred, rejected = (
        sum(numbers) for numbers in zip(*((p.applied, p.deferred, p.rejected) for p in passes), strict=True)
    )
    return (
        f"The last {count(len(passes), 'pass', 'passes')} that made calls: {applied:,} applied, "
        f"{deferred:,} deferred, {rejected:,} rejected."
    )
