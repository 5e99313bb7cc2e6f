"""The benchmark measures: every kind of row with tiny sizes, and what it says of targets is so."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from bench.bench import FULL, Bench, Row
from bench.catalogue import ROWS
from bench.document import document
from bench.fixtures import Fixtures
from bench.manifests import Tree
from bench.result import Check, Figure, Result, against_bound, against_peer, holds, time_of
from bench.words import seconds

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 300


def row(name: str) -> Row:
    def never(_: Bench) -> Result:
        raise AssertionError

    return Row(name=name, title=f"Title of {name}", how=f"How {name} is measured.", measure=never)


def figure(value: float) -> Figure:
    return time_of("it", [value])


@pytest.mark.slow
def test_rows_are_measured_and_told_without_other_programs(tmp_path: Path) -> None:
    rows = ("plan-nothing-new", "restart", "edit", "first-apply", "first-plan", "ledger-size", "starts")
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--small", "--no-peers", "--home", str(tmp_path), *rows],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert "failed" not in done.stderr
    assert set(re.findall(r'<a id="([a-z-]+)">', done.stdout)) == set(rows)
    assert "| calls | 0 | 0 |  |  | yes |" in done.stdout
    assert "not on this machine" in done.stdout
    assert str(tmp_path) not in done.stdout


def test_a_target_is_met_up_to_its_bound_and_not_beyond() -> None:
    assert against_bound("time", 3.0, 3.0, seconds).met
    assert not against_bound("time", 3.01, 3.0, seconds).met
    assert against_peer("time", figure(1), figure(8), at_most=1 / 8).met
    assert not against_peer("time", figure(1.1), figure(8), at_most=1 / 8).met
    assert against_peer("calls", figure(3), figure(1), at_least=3).met
    assert not against_peer("calls", figure(2.9), figure(1), at_least=3).met
    assert not holds("calls", "1", "0", so=False).met


def test_what_could_not_be_compared_counts_as_not_met() -> None:
    assert not against_peer("time", figure(1), None, at_most=1).met


def test_the_document_says_plainly_which_targets_are_not_met() -> None:
    met = Check(what="time", ours="1 s", against="3 s", ratio=1 / 3, at_most=1)
    unmet = Check(what="memory", ours="4 MB", against="3 MB", ratio=4 / 3, at_most=1)
    told = document(
        {
            row("quick"): Result(checks=(met,), figures=(figure(1),)),
            row("large"): Result(checks=(met, unmet)),
            row("broken"): Result(checks=(), failed="it ended with 1"),
        },
        {"machine": "2 cores"},
    )
    listed = told.split("**not met**:")[1].split("| what |")[0].strip().splitlines()
    assert listed == ["- Title of large: memory", "- Title of broken: not measured"]
    assert "Could not be measured: it ended with 1" in told
    assert "| machine | 2 cores |" in told
    assert "All targets are met." in document({row("quick"): Result(checks=(met,))}, {})


def test_every_row_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_the_sizes_are_those_that_the_targets_name() -> None:
    counts = [files * FULL.messages for files in (FULL.small, FULL.medium, FULL.large)]
    assert counts == [10_000, 100_000, 1_000_000]
    assert FULL.ten == 10
    assert FULL.paced == 10_000


def test_an_edited_tree_is_as_before_afterwards_and_one_left_behind_is_made_anew(tmp_path: Path) -> None:
    said: list[str] = []
    fixtures = Fixtures(home=tmp_path, say=said.append)
    tree = fixtures.tree(2, 3)
    first = next(tree.declared(1)).text
    with fixtures.editing(tree) as edit:
        edit(1, first, "edited")
        assert "edited" in tree.path(1).read_text()
    assert contents(tree) == [tree.text_of(0), tree.text_of(1)]
    assert len(said) == 1
    (tmp_path / "2x3/tree.stamp").unlink()  # as one that is killed leaves it
    tree.path(0).write_text("torn")
    assert contents(fixtures.tree(2, 3)) == [tree.text_of(0), tree.text_of(1)]


def contents(tree: Tree) -> list[str]:
    return [tree.path(file).read_text() for file in range(tree.files)]
