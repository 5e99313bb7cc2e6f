"""Types of what is typed, where click's own let through what no command can use."""

import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?) ?([Zz]|[+-]\d\d:\d\d)?)?", re.ASCII
)
_AGO: Final = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

_APPLICATION: Final = re.compile(r"[1-9][0-9]{0,17}")


class Number(click.FloatRange):
    """A number within bounds; NaN, which no bound stops, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Give the number. Raises click.BadParameter."""
        number = click.FLOAT.convert(value, param, ctx)
        low, high = self.min, self.max
        if low is not None and high is not None and not low <= number <= high:
            self.fail(f"{value!r} is not a number from {low:g} to {high:g}", param, ctx)
        return float(number)


class ManifestPath(click.Path):
    """A path of manifests. An empty one, as of an unset variable, would be the working directory."""

    def convert(
        self,
        value: "str | os.PathLike[str]",
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> "str | bytes | os.PathLike[str]":
        """Give the path. Raises click.BadParameter."""
        if not os.fspath(value):
            self.fail("PATH is empty", param, ctx)
        return super().convert(value, param, ctx)


class ApplicationId(click.ParamType[int]):
    """A number from 1. What is none is not repeated: it may be a secret in the wrong place."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Give the number. Raises click.BadParameter."""
        if _APPLICATION.fullmatch(str(value)) is None:
            self.fail("is not the number of an application; copy it from the dashboard", param, ctx)
        return int(value)


class Name(click.ParamType[str]):
    """A name in UTF-8: no dialog has another."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the name. Raises click.BadParameter."""
        try:
            str(value).encode()
        except UnicodeEncodeError:
            self.fail("is not UTF-8", param, ctx)
        return str(value)


class Reason(Name):
    """Why somebody asks for something: a line for the history, and not an empty one."""

    name = "reason"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the reason without spaces around it. Raises click.BadParameter."""
        reason = super().convert(value, param, ctx).strip()
        if not reason:
            self.fail("is empty; say why, for the history", param, ctx)
        if not reason.isprintable():
            self.fail("is more than one line of text", param, ctx)
        return reason


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
