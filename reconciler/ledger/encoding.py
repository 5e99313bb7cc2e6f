"""How values stand in the ledger: times as milliseconds since 1970 UTC, texts as valid UTF-8."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, overload

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_ESCAPED: Final = re.compile(r"\\(\\|ud[89a-f][0-9a-f]{2})")


@overload
def milliseconds(time: datetime) -> int: ...
@overload
def milliseconds(time: None) -> None: ...
def milliseconds(time: datetime | None) -> int | None:
    """Round down, so that nothing becomes due later than was asked. A time without a zone is a TypeError."""
    return None if time is None else (time - _EPOCH) // _MILLISECOND


@overload
def time_of(value: int) -> datetime: ...
@overload
def time_of(value: None) -> None: ...
def time_of(value: int | None) -> datetime | None:
    """Give the time, in UTC, that stands in the ledger as milliseconds."""
    return None if value is None else _EPOCH + value * _MILLISECOND


def well_formed(text: str) -> str:
    """Spell out lone surrogates, which no database stores: for what only people read."""
    return text.encode(errors="backslashreplace").decode()


def escape(text: str) -> str:
    r"""Spell out lone surrogates so that `unescape` gives them back: for what is compared later.

    Python reads bytes of a file name that are not UTF-8 as lone surrogates. Most texts stay as
    they are; a backslash is doubled.
    """
    return well_formed(text.replace("\\", r"\\"))


def unescape(escaped: str) -> str:
    """Give the text back that was escaped."""
    return _ESCAPED.sub(lambda found: "\\" if found[1] == "\\" else chr(int(found[1][1:], 16)), escaped)
