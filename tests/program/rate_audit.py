"""The audit of the rate: over every second, from when calls left and from when they came."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from math import inf
from typing import Final

from reconciler.sandbox.request_log import LogEntry
from tests.program.live_sandbox import LiveSandbox, Stall
from tests.program.program import Program

LATE: Final = 3
"""Calls that may come late where the machine is busy, and so nearer to those that follow."""


_SEEN_AFTER: Final = 0.02
"""Seconds after a stall in which what came during it is still being taken in."""


def most_in_a_second(moments: Iterable[float]) -> int:
    """Count the moments in the fullest second that there is."""
    return most_surely_within(1, sorted(moments), ())


def most_surely_within(seconds: float, moments: Sequence[float], stalls: Sequence[Stall]) -> int:
    """Count the moments in the fullest window, whose first is taken as early as it can have been.

    What came in a stall is seen at its end, or in the turn of the loop right after it. Moments and
    stalls are in order.
    """
    earliest = [_earliest(moment, stalls) for moment in moments]
    most = first = 0
    for last, moment in enumerate(moments):
        while earliest[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def _earliest(moment: float, stalls: Sequence[Stall]) -> float:
    before = bisect_left(stalls, (moment, -inf)) - 1
    if before >= 0 and moment <= stalls[before].end + _SEEN_AFTER:
        return stalls[before].begin
    return moment


def departures(program: Program) -> list[float]:
    """Give when each call left, by the ledger, in seconds."""
    calls = program.history("--limit", "100000")
    return [datetime.fromisoformat(call["sentAt"]).timestamp() for call in calls]


def came(sandbox: LiveSandbox) -> tuple[LogEntry, ...]:
    """Give all requests, whatever they asked for, in the order in which they came."""
    entries = sandbox.look(lambda inside: inside.log.since(0))
    return tuple(sorted(entries, key=lambda entry: entry.monotonic))


def assert_within(rate: int, program: Program, sandbox: LiveSandbox, seconds: int = 1) -> None:
    """Check that in no second more calls left than the rate, nor came in any `seconds`.

    Calls that are held up on their way come together: in a second there may be some more of them,
    in many seconds there can't.
    """
    left = most_in_a_second(departures(program))
    assert left <= rate, f"{left} calls left within a second"
    stalls = sandbox.look(lambda _: tuple(sandbox.stalls))
    arrived = most_surely_within(seconds, [entry.monotonic for entry in came(sandbox)], stalls)
    assert arrived <= seconds * rate + LATE, f"{arrived} calls came within {seconds} s"
