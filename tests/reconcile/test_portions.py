"""Of many files, the first plans are there before the last file is read, and are no others for it."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reconciler.core.acting import Acting
from reconciler.core.condition import HeldReason
from reconciler.core.limits import Limits
from reconciler.core.refusal import Guards
from reconciler.ledger.reader import LedgerReader
from reconciler.reconcile.planning import FEW, Planner
from reconciler.source.directory import Directory
from reconciler.source.rules import Rules
from tests.core.builders import NOW
from tests.program.chat import manifest
from tests.reconcile.test_planning_guards import KNOWN, Ledger

FILES = FEW + 20
PER_FILE = 40


@dataclass
class Tree:
    """Many files with a dialog each, and how often one of them was read."""

    folder: Path
    read: int = 0
    planner: Planner = field(init=False)
    source: Directory = field(init=False)

    def count(self) -> None:
        self.read += 1


@pytest.fixture
def tree(tmp_path: Path, reader: LedgerReader) -> Tree:
    for number in range(FILES):
        messages = dict.fromkeys(range(PER_FILE), "text: Hello")
        (tmp_path / f"{number:03}.yaml").write_text(manifest(number, messages=messages))
    tree = Tree(folder=tmp_path)
    tree.source = Directory([tmp_path])
    tree.planner = Planner(
        source=tree.source,
        ledger=reader,
        rules=Rules(acting=Acting()),
        guards=Guards(),
        now=NOW,
        on_file=tree.count,
    )
    return tree


def test_the_first_plans_are_there_when_only_the_claims_of_all_files_were_read(tree: Tree) -> None:
    portions = tree.planner.portions(tree.source.scan().files, others={}, unusable=())
    first = next(portions)
    assert tree.read < FILES + len(first.files) < 2 * FILES
    rest = list(portions)
    assert len(rest) > 1
    whole = tree.planner.plan(tree.source.scan().files, others={}, unusable=())
    assert tuple(file for plan in (first, *rest) for file in plan.files) == whole.files


def test_manifests_that_clash_are_held_however_far_they_are_from_each_other(tree: Tree) -> None:
    messages = dict.fromkeys(range(PER_FILE), "text: Hello")
    (tree.folder / "zzz.yaml").write_text(manifest(0, messages=messages, name="another"))
    plans = list(tree.planner.portions(tree.source.scan().files, others={}, unusable=()))
    assert [Path(problem.origin.path).name for plan in plans for problem in plan.problems] == [
        "000.yaml",
        "zzz.yaml",
    ]
    conflicting = [file for plan in plans for file in plan.files if file.conflicting]
    assert [file.dialogs for file in conflicting] == [(), ()]


@pytest.mark.parametrize(("limit", "at_once"), [(0.05, True), (1.0, False)])
def test_where_a_guard_could_trip_it_looks_at_all_of_it_first(
    tree: Tree, limit: float, *, at_once: bool
) -> None:
    planner = Planner(
        source=tree.source,
        ledger=Ledger(),
        rules=Rules(acting=Acting()),
        guards=Guards(limits=Limits(rewrites=limit)),
        now=NOW,
    )
    plans = list(planner.portions(tree.source.scan().files, others={}, unusable=()))
    assert (len(plans) == 1) is at_once
    held = [held.reason for plan in plans for dialog in plan.dialogs for held in dialog.held]
    assert held == ([HeldReason.GUARDED] * KNOWN * PER_FILE if at_once else [])


def test_where_every_file_changed_meanwhile_there_is_a_plan_of_nothing(tree: Tree) -> None:
    files = tree.source.scan().files
    for file in files:
        Path(file.location).write_text("")
    (plan,) = tree.planner.portions(files, others={}, unusable=())
    assert plan.files == ()
