"""The program with its work counted: its environment, and what its processes counted."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.counting.sitecustomize import SIZE, Work

COUNTING: Final = Path(__file__).with_name("counting")


@dataclass(frozen=True, slots=True)
class Counts:
    """What was done."""

    work: Mapping[Work, int]

    def since(self, before: "Counts") -> "Counts":
        """Give what was done after `before`."""
        return Counts({work: self.work[work] - before.work[work] for work in Work})

    def named(self) -> dict[str, float]:
        """Give what is told of one tree: work of which the start of the program is a part is not."""
        whole = set(Work) - {Work.FUNCTION_CALLS, Work.PEAK_BYTES}
        return {work.name.lower(): self.work[work] for work in Work if work in whole}


def counted(folder: Path, *, all_of_it: bool = False) -> Mapping[str, str | None]:
    """Give the environment in which processes count into a folder; coverage would be counted too."""
    folder.mkdir()
    return {
        "PYTHONPATH": str(COUNTING),
        "RECONCILER_COUNTS": str(folder),
        "RECONCILER_COUNT_ALL": "yes" if all_of_it else None,
        "COVERAGE_PROCESS_CONFIG": None,
        "COVERAGE_PROCESS_START": None,
    }


def read(folder: Path) -> Counts:
    """Give what all processes counted so far."""
    files = [path.read_bytes() for path in folder.glob("*.counts")]
    assert files, "nobody counted"
    rows = [struct.unpack(f"={len(Work)}q", data) for data in files if len(data) == SIZE * len(Work)]
    return Counts({work: sum(row[work] for row in rows) for work in Work})


def over(done: Mapping[str, float], bounds: Mapping[str, float]) -> Iterator[str]:
    """Give what is over its bound, or has none."""
    assert done.keys() == bounds.keys()
    for what, count in done.items():
        if count > bounds[what]:
            yield f"{what}: {count:.4g}, and at most {bounds[what]:g} in bounds.toml"
