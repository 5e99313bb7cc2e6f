"""Where output goes: the one document asked for to stdout, everything else to stderr."""

import io
import json
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text
from rich.theme import Theme

from reconciler.render.line import Line

_THEME = Theme(
    {"place": "dim", "old": "red", "new": "green", "warn": "yellow", "good": "green", "bad": "red"}
)


def document() -> Console:
    """Give the console of the document; plain where stdout is no terminal or `NO_COLOR` is set."""
    return _console(stderr=False)


def commentary() -> Console:
    """Give the console of all that is not the document."""
    return _console(stderr=True)


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON document."""
    stream = data_stream()
    json.dump(value, stream, ensure_ascii=False, indent=2)
    stream.write("\n")


def data_stream() -> TextIO:
    """Give stdout for what programs read: in UTF-8 (RFC 8259), whatever the terminal shows."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    return sys.stdout


def styled(line: Line) -> Text:
    """Give a line with the terminal's styles."""
    return Text.assemble(*((piece.text, piece.style) for piece in line))


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 10_000
    return Console(
        stderr=stderr, theme=_THEME, highlight=False, markup=False, emoji=False, soft_wrap=True, width=width
    )
