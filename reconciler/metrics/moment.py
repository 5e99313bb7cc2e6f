"""What metrics show of one moment, handed over when somebody asks for them."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reconciler.core.message import DialogId


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """How calls flow at this moment, and how files are watched."""

    ceiling: float
    present_rate: float
    waiting: int
    tripped: bool
    watch_errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """All that is asked for at a scrape, and not counted as it happens.

    `hindered_by` names what stands in the way: source, ledger, service, bug. `session_ends_at` is
    None where no session is our own. The ledger's size is in bytes; `doubts` are its calls without an
    answer: when the oldest about each dialog was intended.
    """

    at: datetime
    traffic: Traffic
    throttled_logins: int
    session_ends_at: datetime | None
    watch_mode: Literal["inotify", "poll"]
    hindered_by: AbstractSet[str]
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    ledger_committed: int
    ledger_failed: int
    ledger_size: int
    doubts: Mapping[DialogId, datetime]
