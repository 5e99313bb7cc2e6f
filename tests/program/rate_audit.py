"""The audit of the rate: over every second, from when calls left and from when they came."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from reconciler.sandbox.request_log import LogEntry
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program

LATE: Final = 3
"""Calls that may come late where the machine is busy, and so nearer to those that follow."""


def most_in_a_second(moments: Iterable[float]) -> int:
    """Count the moments in the fullest second that there is."""
    ordered = sorted(moments)
    most = first = 0
    for last, moment in enumerate(ordered):
        while ordered[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def departures(program: Program) -> list[float]:
    """Give when each call left, by the ledger, in seconds."""
    calls = program.history("--limit", "100000")
    return [datetime.fromisoformat(call["sentAt"]).timestamp() for call in calls]


def came(sandbox: LiveSandbox) -> tuple[LogEntry, ...]:
    """Give all requests, whatever they asked for, in the order in which they came."""
    entries = sandbox.look(lambda inside: inside.log.since(0))
    return tuple(sorted(entries, key=lambda entry: entry.monotonic))


def assert_within(rate: int, program: Program, sandbox: LiveSandbox) -> None:
    """Check that no second had more calls than the rate."""
    left = most_in_a_second(departures(program))
    assert left <= rate, f"{left} calls left within a second"
    arrived = most_in_a_second(entry.monotonic for entry in came(sandbox))
    assert arrived <= rate + LATE, f"{arrived} calls came within a second"
