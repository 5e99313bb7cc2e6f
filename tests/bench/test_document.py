"""docs/benchmarks.md tells of every row that there is, and of no other."""

import re
from pathlib import Path
from typing import Final

import pytest

from bench.catalogue import ROWS

ROOT: Final = Path(__file__).parents[2]


@pytest.mark.parametrize("path", list(ROOT.glob("docs/benchmarks.md")), ids=str)
def test_the_document_lists_every_row(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r'^## <a id="([a-z-]+)"></a>(.+)$', text, re.MULTILINE) == [
        (row.name, row.title) for row in ROWS
    ]
    for row in ROWS:
        assert f"| [{row.title}](#{row.name}) |" in text


@pytest.mark.parametrize("path", list(ROOT.glob("docs/benchmarks.md")), ids=str)
def test_the_document_says_which_targets_are_not_met_above_the_table(path: Path) -> None:
    text = path.read_text()
    unmet = len(re.findall(r"\| \*\*no\*\* \|$", text, re.MULTILINE))
    listed = re.findall(r"^- .+: .+$", text.split("## Targets")[1].split("| what |")[0], re.MULTILINE)
    assert len(listed) == unmet
