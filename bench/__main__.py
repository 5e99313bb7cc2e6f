"""`python -m bench [ROW...]`: measures, and writes docs/benchmarks.md where everything is measured.

Where only some rows are, or with `--small` or `--no-peers`, the table goes to stdout instead.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.bench import FULL, SMALL, Bench, Row
from bench.catalogue import ROWS
from bench.document import document, short
from bench.fixtures import Fixtures
from bench.machine import machine
from bench.result import Result
from bench.running import ProgramError

ROOT: Final = Path(__file__).parent.parent
DOCUMENT: Final = ROOT / "docs/benchmarks.md"
IMAGES: Final = ROOT / "docs/images"
PEERS: Final = ROOT / ".venv-bench"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for."""
    asked = _parser().parse_args(arguments)
    rows = [row for row in ROWS if row.name in asked.rows] if asked.rows else list(ROWS)
    asked.home.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        sizes=SMALL if asked.small else FULL,
        fixtures=Fixtures(home=asked.home.resolve(), say=_say),
        peers=None if asked.no_peers else PEERS,
        say=_say,
    )
    results = {row: _measure(bench, row) for row in rows}
    if asked.rows or asked.small or asked.no_peers:
        sys.stdout.write(short(results, machine(bench)) + "\n")
        return
    DOCUMENT.write_text(document(results, machine(bench)), encoding="utf-8")
    _draw(results)
    _say(f"written: {DOCUMENT.relative_to(ROOT)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [row.name for row in ROWS]
    # An empty list is among the choices: argparse looks for that too, where no row is named.
    parser.add_argument("rows", nargs="*", choices=[*names, []], metavar="ROW", help=", ".join(names))
    parser.add_argument("--small", action="store_true", help="tiny sizes, to try the harness")
    parser.add_argument("--no-peers", action="store_true", help="run no other programs")
    parser.add_argument("--home", type=Path, default=ROOT / ".bench", help="where trees and ledgers are kept")
    return parser


def _measure(bench: Bench, row: Row) -> Result:
    """Measure one row; where that fails the document says so, and the others are measured all the same."""
    began = time.monotonic()
    _say(f"{row.name}: {row.title}")
    try:
        result = row.measure(bench)
    except (ProgramError, OSError, subprocess.SubprocessError) as error:
        first, *_ = str(error).splitlines() or [type(error).__name__]
        _say(f"  failed: {error}")
        return Result(checks=(), failed=first.replace(str(ROOT), "."))
    for check in result.checks:
        met = "met" if check.met else "NOT MET"
        _say(f"  {check.what}: {check.ours} against {check.against} ({check.target}): {met}")
    _say(f"  ({time.monotonic() - began:.0f} s)")
    return result


def _draw(results: Mapping[Row, Result]) -> None:
    pictures = [asdict(picture) for result in results.values() for picture in result.pictures]
    with TemporaryDirectory() as folder:
        curves = Path(folder, "curves.json")
        curves.write_text(json.dumps(pictures))
        command = [PEERS / "bin/python", Path(__file__).with_name("pictures.py"), curves, IMAGES]
        subprocess.run(command, check=True)


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


if __name__ == "__main__":
    main()
