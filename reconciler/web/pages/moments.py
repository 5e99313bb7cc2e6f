"""Times as a page tells them. `live.js` says the same words as time goes by."""

from datetime import UTC, datetime
from typing import Final

_UNITS: Final = ((60, 1, "s"), (3600, 60, "min"), (172_800, 3600, "h"), (63_072_000, 86_400, "d"))
"""Below so many seconds, so many seconds make one such unit."""

_YEAR: Final = 31_536_000


def iso(time: datetime) -> str:
    """Give a time for machines, to the second, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def absolute(time: datetime) -> str:
    """Give a time for people, to the second, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def relative(time: datetime, now: datetime) -> str:
    """Give how long ago a time was, or how far ahead it is, in one unit."""
    gap = int(now.timestamp()) - int(time.timestamp())
    length = _length(abs(gap))
    if not gap:
        return "now"
    return f"{length} ago" if gap > 0 else f"in {length}"


def _length(seconds: int) -> str:
    for below, size, unit in _UNITS:
        if seconds < below:
            return f"{seconds // size} {unit}"
    return f"{seconds // _YEAR} y"
