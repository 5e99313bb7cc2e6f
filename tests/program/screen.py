"""A terminal that a program runs on: what it writes, and what can be seen of that."""

import os
import pty
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.program.program import COMMAND

CONTROL: Final = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])")


class Screen:
    """Keeps lines as a terminal shows them, and all that scrolled off its top; no line is too long for it."""

    def __init__(self) -> None:
        self.lines = [""]
        self.written = ""
        self._row = self._column = 0

    def shows(self, text: str) -> None:
        """Take what a program writes."""
        self.written += text
        at = 0
        while at < len(text):
            if (control := CONTROL.match(text, at)) is not None:
                self._control(control[1], control[2])
                at = control.end()
                continue
            self._character(text[at])
            at += 1

    def _control(self, arguments: str, what: str) -> None:
        match what:
            case "A":
                self._row = max(0, self._row - int(arguments or 1))
            case "K":
                line = self.lines[self._row]
                self.lines[self._row] = "" if arguments == "2" else line[: self._column]
            case "m" | "h" | "l":
                pass  # colours, and whether the cursor is seen
            case _:
                msg = f"this terminal knows no {what!r}"
                raise ValueError(msg)

    def _character(self, character: str) -> None:
        match character:
            case "\r":
                self._column = 0
            case "\n":
                self._row += 1
                self.lines += [""] * (self._row + 1 - len(self.lines))
            case _:
                line = self.lines[self._row].ljust(self._column)
                self.lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
                self._column += 1


def run_on_screen(
    arguments: Sequence[str],
    *,
    directory: Path,
    environ: Mapping[str, str],
    looked: Callable[[Screen, "subprocess.Popen[bytes]"], None] = lambda *_: None,
    document: int | None = None,
) -> tuple[Screen, int]:
    """Run a command with a terminal at stdout and stderr; give what is seen in the end, and its code.

    `looked` is called whenever there is more to see. What goes to stdout goes to the file `document`,
    if there is one.
    """
    ours, theirs = pty.openpty()
    screen = Screen()
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", "COLUMNS": "100", **environ},
        stdin=subprocess.DEVNULL,
        stdout=theirs if document is None else document,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        left = b""
        try:
            while piece := os.read(ours, 10_000):
                *whole, left = _pieces(left + piece)
                screen.shows(b"".join(whole).decode())
                looked(screen, process)
        except OSError:
            pass  # the other end is closed
        finally:
            os.close(ours)
    screen.shows(left.decode())
    return screen, process.returncode


def _pieces(data: bytes) -> tuple[bytes, bytes]:
    """Cut off what may be the begin of a character or of a control sequence."""
    found = re.search(rb"(\x1b[^A-Za-z]*|[\xc2-\xf4][\x80-\xbf]{0,2})\Z", data)
    return (data[: found.start()], data[found.start() :]) if found else (data, b"")
