"""Running programs: what one takes from its start to its end."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.manifests import KEY

RECONCILER: Final = str(Path(sys.executable).with_name("reconciler"))
_STOPWATCH: Final = str(Path(__file__).with_name("stopwatch.py"))


class ProgramError(Exception):
    """A program did not do what it was started for; the message says which, and what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a program took: seconds, and bytes in memory at its peak; and what it said.

    `shown` is what came to the terminal, where it had one, each with its second.
    """

    wall: float
    cpu: float
    peak: int
    said: str
    shown: tuple[tuple[float, str], ...]


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the environment that programs are run in: nothing of ours but where programs are."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "RECONCILER_API_KEY": KEY,
        **(more or {}),
    }


def run(
    *command: str | Path,
    home: Path,
    environ: Mapping[str, str] | None = None,
    terminal: bool = False,
    silent: bool = False,
    exits: Sequence[int] = (0,),
) -> Cost:
    """Run a program in the folder `home` to its end.

    `terminal` gives it one for stderr; with `silent`, what it prints to stdout goes nowhere. Raises
    ProgramError where it ends with another code than those in `exits`.
    """
    with TemporaryDirectory(prefix="stopwatch-") as folder:
        result, out, err = Path(folder, "result"), Path(folder, "out"), Path(folder, "err")
        with Path(os.devnull).open("wb") if silent else out.open("wb") as stdout:
            watched = [str(result), "terminal" if terminal else str(err), *map(str, command)]
            subprocess.run(
                [sys.executable, "-I", "-S", _STOPWATCH, *watched],
                cwd=home,
                env=environment(home, environ),
                stdout=stdout,
                check=True,
            )
        took = json.loads(result.read_text())
        said = out.read_text(errors="replace") if out.exists() else ""
        if took["code"] not in exits:
            complaint = err.read_text(errors="replace") if err.exists() else str(took["shown"])
            msg = f"{' '.join(map(str, command))}: ended with {took['code']}: {complaint[-500:]}{said[-500:]}"
            raise ProgramError(msg)
    return Cost(
        wall=took["wall"],
        cpu=took["cpu"],
        peak=took["peak"],
        said=said,
        shown=tuple((at, what) for at, what in took["shown"]),
    )
