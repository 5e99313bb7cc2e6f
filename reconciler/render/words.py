"""Numbers, times and texts as a reader wants them."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

_DECEPTIVE: Final = r"[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
"""Characters that hide, or turn the direction of what follows. Compiled where a text is not ASCII."""

_SECOND: Final = 1000
"""Thousandths of it; what is longer is in seconds."""

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400

_MANY: Final = 100

_FAR: Final = timedelta(days=30)


def visible(text: str) -> str:
    """Give a text with its deceptive characters spelt out, so that what is seen is what is there."""
    if text.isascii():
        return text
    return re.sub(_DECEPTIVE, lambda found: f"\\u{ord(found.group()):04x}", text)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Give `1 call`, `2 calls`, `1,000 calls`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def rate(calls: float) -> str:
    """Give calls a second: three digits are as many as anybody reads."""
    return f"{calls:,.0f}" if calls >= _MANY else f"{calls:.3g}"


def listed(parts: Iterable[str]) -> str:
    """Give `a`, `a and b`, `a, b and c`."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def duration(seconds: float) -> str:
    """Give a length of time in its two largest units."""
    if seconds < 1:
        return "less than 1 s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def took(seconds: float) -> str:
    """Give a length of time that was measured and is short as a rule: `84 ms`, `1.2 s`, `12 min 30 s`."""
    if (thousandths := round(1000 * seconds)) < _SECOND:
        return f"{thousandths} ms"
    return f"{seconds:.1f} s" if round(seconds, 1) < _MINUTE else duration(seconds)


def moment(time: datetime) -> str:
    """Give a time to the second, in UTC."""
    return f"{time:%Y-%m-%d %H:%M:%S}Z"


def ago(time: datetime, now: datetime) -> str:
    """Give how long ago a time was, or how far ahead it is."""
    gap = now - time
    return (
        f"{duration(gap.total_seconds())} ago"
        if gap >= timedelta(0)
        else f"in {duration(-gap.total_seconds())}"
    )


def ahead(time: datetime, now: datetime) -> str:
    """Give how far ahead a time is: `now` where it has come, a date where that is far."""
    gap = time - now
    if gap <= timedelta(0):
        return "now"
    return f"{time:%Y-%m-%d}" if gap > _FAR else f"in {duration(gap.total_seconds())}"
