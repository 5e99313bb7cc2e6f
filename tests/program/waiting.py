"""Waiting for something to be so, never for time to pass."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Final, TypeVar

T = TypeVar("T")

LONGEST: Final = 30.0
"""Seconds. The machine may be busy with other things; what takes this long does not happen."""

_PAUSE: Final = 0.02


def wait_for(look: Callable[[], T | None], what: str, *, seconds: float = LONGEST) -> T:
    """Look until there is something to see and give it; fail with `what` was waited for."""
    ends = monotonic() + seconds
    never = threading.Event()
    while not (seen := look()):
        assert monotonic() < ends, f"not within {seconds:g} s: {what}"
        never.wait(_PAUSE)
    return seen
