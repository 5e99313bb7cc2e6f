"""Where output goes: the one document asked for to stdout, everything else to stderr."""

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol, TextIO

from reconciler.cli.columns import Columns, plain_lines
from reconciler.render.line import Line, plain

_TERMINAL_ANYWAY: Final = ("FORCE_COLOR", "TTY_COMPATIBLE")
"""Variables by which a person may have a pipe treated like a terminal."""


class Output(Protocol):
    """Where people read. A `style` is a name of the terminal's theme, or empty."""

    def print(self, said: str | Line = "", *, style: str = "") -> None:
        """Print lines."""
        ...

    def print_columns(self, table: Columns) -> None:
        """Print a table."""
        ...


def document() -> Output:
    """Give where the document goes; plain where stdout is no terminal or `NO_COLOR` is set."""
    return _output(sys.stdout)


def commentary() -> Output:
    """Give where all goes that is not the document."""
    return _output(sys.stderr)


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


class Pipe:
    """A stream that is no terminal: gets what a terminal would get, without styles, each line at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def print(self, said: str | Line = "", *, style: str = "") -> None:
        """Print lines."""
        text = said if isinstance(said, str) else plain(said)
        if text.replace("\n", "").isprintable():
            self.write(f"{text}\n")
        else:
            _terminal(self._stream).print(said, style=style)

    def print_columns(self, table: Columns) -> None:
        """Print a table."""
        if (lines := plain_lines(table)) is not None:
            self.write("".join(f"{line}\n" for line in lines))
        else:
            _terminal(self._stream).print_columns(table)

    def print_all(self, lines: Iterable[Line]) -> None:
        """Print many lines, which is faster than one by one."""
        lines = tuple(lines)
        texts = [plain(line) for line in lines]
        if all(map(str.isprintable, texts)):
            self.write("".join(f"{text}\n" for text in texts))
        else:
            for line in lines:
                self.print(line)

    def write(self, text: str) -> None:
        """Write what was printed to another pipe."""
        self._stream.write(text)
        self._stream.flush()


def _output(stream: TextIO) -> Output:
    piped = not stream.isatty() and not any(os.environ.get(name) for name in _TERMINAL_ANYWAY)
    return Pipe(stream) if piped else _terminal(stream)


def _terminal(stream: TextIO) -> Output:
    # Only now: what draws on terminals takes longer to import than most commands to do their work.
    from reconciler.cli.terminal import Terminal  # noqa: PLC0415  # see above

    return Terminal(stream)
