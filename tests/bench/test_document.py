"""docs/benchmarks.md tells of every row that there is, and of no other."""

import re
from pathlib import Path
from typing import Final

from bench.catalogue import ROWS

TEXT: Final = (Path(__file__).parents[2] / "docs/benchmarks.md").read_text()


def test_the_document_lists_every_row() -> None:
    assert re.findall(r'^## <a id="([a-z-]+)"></a>(.+)$', TEXT, re.MULTILINE) == [
        (row.name, row.title) for row in ROWS
    ]
    for row in ROWS:
        assert f"| [{row.title}](#{row.name}) |" in TEXT


def test_the_document_says_which_targets_are_not_met_above_the_table() -> None:
    unmet = len(re.findall(r"\| \*\*no\*\* \|$", TEXT, re.MULTILINE))
    listed = re.findall(r"^- .+: .+$", TEXT.split("## Targets")[1].split("| what |")[0], re.MULTILINE)
    assert len(listed) == unmet
