"""A call: one action that was sent, and what came of it."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.action import Action
from reconciler.core.outcome import Answer, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An action that is about to be sent; recorded first, so that a crash leaves it *in doubt*.

    `number` is unique in the ledger and grows. `manifest` is the manifest's digest. `sent_at` is
    when it was recorded; in a call, when that left.
    """

    number: int
    action: Action
    name: str
    manifest: bytes
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """An intent whose call was never made: calls were stopped just then. Nothing came of it."""

    intent: Intent
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What came of an intent. `retry_at` is set where the outcome is a deferral."""

    intent: Intent
    answer: Answer
    outcome: Outcome
    answered_at: datetime
    retry_at: datetime | None = None
