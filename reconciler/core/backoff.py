"""How long to wait before another attempt: exponential with full jitter, bounded."""

from datetime import timedelta
from typing import Final

from reconciler.core.outcome import Cause, Deferred
from reconciler.core.waits import LONGEST, LONGEST_ASKED

_BASE: Final = {Cause.THROTTLED: 1.0, Cause.OUTAGE: 2.0, Cause.CREDENTIAL: 15.0, Cause.MIXED: 0.0}
"""Seconds that the first wait may last."""

_DOUBLINGS: Final = 16


def wait(deferred: Deferred, attempts: int, jitter: float) -> timedelta:
    """Give the wait after failed attempt number `attempts` (from 1).

    `jitter` is from 0 to 1 and is the share of the bound that is waited. A wait that the service
    asked for is honoured up to a minute, and the jitter comes on top of it.
    """
    bound = min(LONGEST, _BASE[deferred.cause] * 2 ** min(attempts - 1, _DOUBLINGS))
    asked = min(deferred.retry_after or 0.0, LONGEST_ASKED)
    return timedelta(seconds=asked + jitter * bound)
