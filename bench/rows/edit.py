"""From an edit on disk to its call."""

import time
from random import Random
from statistics import quantiles
from typing import Final

from bench.bench import Bench, Row
from bench.living import Sandbox, daemon, sandbox
from bench.result import Result, against_bound, time_of
from bench.running import ProgramError
from bench.words import seconds

_MEDIAN: Final = 0.150
_NINETY_NINTH: Final = 0.300
_LONGEST: Final = 60.0
_REST: Final = (0.3, 1.5)
"""Seconds between an edit's call and the next edit: from, to."""


def _measure(bench: Bench) -> Result:
    tree = bench.fixtures.tree(bench.sizes.large, bench.sizes.messages)
    random = Random(1)  # noqa: S311  # which files are edited, the same in each run
    files = random.sample(range(tree.files), min(bench.sizes.edits, tree.files))
    took: list[float] = []
    with bench.folder() as home, sandbox(home, tree.seed(files)) as service:
        ledger = bench.fixtures.copy(tree, home)
        with (
            daemon(home, tree.root, "--ledger", ledger, api=service.url) as running,
            bench.fixtures.editing(tree) as edit,
        ):
            running.becomes_ready()
            for number, file in enumerate(files):
                time.sleep(random.uniform(*_REST))
                first = next(tree.declared(file))
                began = time.monotonic()
                edit(file, first.text, f"edit {number}")
                took.append(_arrival(service, number, f"edit {number}") - began)
    waits = time_of("from the edit to its call", took)
    last = quantiles(took, n=100, method="inclusive")[-1]
    return Result(
        checks=(
            against_bound("median", waits.middle, _MEDIAN, seconds),
            against_bound("99th percentile", last, _NINETY_NINTH, seconds),
        ),
        figures=(waits, time_of("99th percentile", [last])),
    )


def _arrival(service: Sandbox, since: int, text: str) -> float:
    """Wait for the call with a text; give the monotonic time at which it came, the same in all processes."""
    for put in service.puts(since, wait=_LONGEST):
        if put["fields"].get("message") == text:
            return float(put["monotonic"])
    msg = f"{text!r} never came"
    raise ProgramError(msg)


ROW: Final = Row(
    name="edit",
    title="One line edited among 1,000,000 messages, until its call is at the service",
    how="One text in one of 10,000 files is replaced, by a rename as editors do; each time another "
    "file, after a rest of 0.3 to 1.5 s. Counted from before the write until the sandbox has the "
    "request.",
    measure=_measure,
)
