"""What the ledger takes on disk."""

from typing import Final

from bench.bench import Bench, Row
from bench.result import Result, against_bound, memory_of
from bench.words import memory

_BYTES_A_MESSAGE: Final = 400


def _measure(bench: Bench) -> Result:
    figures = []
    for files in (bench.sizes.small, bench.sizes.large):
        tree = bench.fixtures.tree(files, bench.sizes.messages)
        with bench.folder() as home:
            ledger = bench.fixtures.copy(tree, home)
            figures.append(
                memory_of(f"{tree.size:,} messages, a message", [ledger.stat().st_size / tree.size])
            )
    return Result(
        checks=(against_bound("a message", figures[-1].middle, _BYTES_A_MESSAGE, memory),),
        figures=tuple(figures),
    )


ROW: Final = Row(
    name="ledger-size",
    title="Ledger on disk, digests only",
    how="The size of the file in which each of 1,000,000 messages was applied by one call, divided by "
    "their number.",
    measure=_measure,
)
