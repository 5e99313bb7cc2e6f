"""How everything stands, as pages, API and `reconciler status` tell it: in a word, in figures, as what waits.

Times are aware datetimes, durations seconds, rates calls a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reconciler.core.condition import Condition, HeldReason


class State(StrEnum):
    """How everything stands, in one word; the worst that is true, in this order."""

    HINDERED = "hindered"
    """Nothing is done: the manifests, the ledger or the chat service can't be used."""
    ATTENTION = "needs a person"
    WORKING = "working"
    IN_SYNC = "in sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassSummary:
    """One pass that ended. `seconds` is how long it took, `call_seconds` the median of its calls."""

    finished_at: datetime
    seconds: float
    applied: int
    deferred: int
    rejected: int
    call_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Something that waits for a person: what, what to do, and the page that shows it (a path).

    `command` is what to type for that, where a command does it.
    """

    what: str
    todo: str
    path: str
    command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How everything stands now. `passes` are the last that made calls, the oldest first."""

    at: datetime
    version: str
    state: State
    sentence: str
    hindrance: str | None
    first_pass_done: bool
    conditions: Mapping[Condition, int]
    pending: int
    held: Mapping[HeldReason, int]
    rate_ceiling: float
    rate_present: float
    calls_waiting: int
    drain_seconds: float
    breaker_tripped: bool
    files: int
    problems: int
    last_pass_at: datetime | None
    last_success_at: datetime | None
    watch: str
    watch_reason: str | None
    attention: tuple[Attention, ...]
    passes: tuple[PassSummary, ...]
