"""How a dialog stands, and why a change of it is held: each in a word."""

from enum import StrEnum
from typing import Final


class Condition(StrEnum):
    """How one dialog stands; the worst that is true of it, in this order."""

    INVALID = "invalid"
    SUSPENDED = "suspended"
    STALLED = "stalled"
    BACKING_OFF = "backing off"
    PENDING = "pending"
    IN_SYNC = "in sync"


DONE_WITH: Final = frozenset({Condition.IN_SYNC, Condition.SUSPENDED})
"""What such a dialog was called for is there, or is not wanted now: a doubt about it is of no matter."""


class HeldReason(StrEnum):
    """Why a change is not acted on now."""

    SUSPENDED = "suspended"
    BACKING_OFF = "backing off"
    REJECTED = "rejected"
    GUARDED = "guarded"
