"""Types of what is typed, where click's own let through what no command can use."""

import os
import re
from typing import Any, Final

import click

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
