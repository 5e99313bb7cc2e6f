"""Times that were told by a clock that was ahead, and was set back since."""

from datetime import datetime, timedelta
from typing import Final

_STEP: Final = timedelta(seconds=2)
"""By how much a clock that is kept right may be set back. What it told before that holds all the same."""


def was_ahead(told: datetime, now: datetime) -> bool:
    """Tell whether the clock that told a time was ahead: it is later than now. When it was, nobody knows."""
    return told > now + _STEP
