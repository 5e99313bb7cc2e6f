"""The type of a time that is typed."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?) ?([Zz]|[+-]\d\d:\d\d)?)?", re.ASCII
)
_AGO: Final = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType[datetime]):
    """A time: RFC 3339, a day, either without a zone in UTC; or how long ago, like 90m."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Give the time, with its zone. Raises click.BadParameter."""
        if isinstance(value, datetime):
            return value
        try:
            if (ago := _AGO.fullmatch(str(value))) is not None:
                return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            return _moment(str(value))
        except (OverflowError, ValueError):
            self.fail(
                f"{value!r} is no time; write it like 2026-11-22, 2026-11-22T09:30:00Z or 90m (s, m, h, d)",
                param,
                ctx,
            )


def _moment(text: str) -> datetime:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError
    day, time, zone = found.groups()
    at = datetime.fromisoformat(f"{day}T{time or '00:00'}{(zone or 'Z').upper()}")
    return at.astimezone(UTC)
