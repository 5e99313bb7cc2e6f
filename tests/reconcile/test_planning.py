"""Planning: real files in, plans out; conflicts across files that are read and files that are known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reconciler.core.acting import Acting
from reconciler.core.condition import Condition
from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.message import DialogId
from reconciler.core.problem import Origin
from reconciler.core.refusal import Guards
from reconciler.ledger.reader import LedgerReader
from reconciler.reconcile.planning import PassPlan, Planner
from reconciler.source.directory import Directory
from reconciler.source.rules import Rules
from tests.core.builders import NOW
from tests.program.chat import dialog_id, manifest

RULES = Rules(acting=Acting())


@dataclass
class World:
    """Manifest files, of which some are read and the others known."""

    folder: Path
    ledger: LedgerReader
    known: dict[str, FileReport] = field(default_factory=dict)

    def write(self, name: str, *documents: str) -> None:
        (self.folder / name).write_text("---\n".join(documents))

    def know(self, name: str, dialog: int, called: str) -> None:
        report = DialogReport(
            name=called,
            dialog=DialogId(dialog_id(dialog)),
            origin=Origin(str(self.folder / name), 1, 1),
            condition=Condition.IN_SYNC,
        )
        location = str(self.folder / name)
        self.known[location] = FileReport(
            location=location, content=b"", rules=b"", settled=True, due_at=None, dialogs=(report,)
        )

    def plan(self) -> PassPlan:
        source = Directory([self.folder])
        files = [file for file in source.scan().files if file.location not in self.known]
        return Planner(
            source=source,
            ledger=self.ledger,
            rules=RULES,
            guards=Guards(),
            now=NOW,
        ).plan(
            files,
            others=self.known,
            unusable=(),
        )


@pytest.fixture
def world(tmp_path: Path, reader: LedgerReader) -> World:
    folder = tmp_path / "manifests"
    folder.mkdir()
    return World(folder=folder, ledger=reader)


def planned(plan: PassPlan) -> Mapping[str, set[str]]:
    """Give the names of the dialogs that are planned, by file."""
    return {Path(file.file.path).name: {d.manifest.name for d in file.dialogs} for file in plan.files}


def document(dialog: int, name: str | None = None) -> str:
    return manifest(dialog, messages={0: "text: Hello"}, name=name)


def test_each_dialog_gets_a_plan_of_its_own(world: World) -> None:
    world.write("a.yaml", document(0), document(1))
    world.write("b.yaml", document(2))
    plan = world.plan()
    assert planned(plan) == {"a.yaml": {"dialog-0", "dialog-1"}, "b.yaml": {"dialog-2"}}
    assert [len(dialog.actions) for dialog in plan.dialogs] == [1, 1, 1]
    assert not plan.problems


@pytest.mark.parametrize("other", [document(0, "another"), document(7, "dialog-0")])
def test_manifests_that_share_a_dialog_or_a_name_are_both_held_and_cite_each_other(
    world: World, other: str
) -> None:
    world.write("a.yaml", document(0), document(1))
    world.write("b.yaml", other)
    plan = world.plan()
    assert planned(plan) == {"a.yaml": {"dialog-1"}, "b.yaml": set()}
    assert [file.conflicting for file in plan.files] == [True, True]
    first, second = plan.problems
    assert f"b.yaml:{second.origin.line}" in first.what
    assert f"a.yaml:{first.origin.line}" in second.what


def test_two_documents_of_one_file_conflict_too(world: World) -> None:
    world.write("a.yaml", document(0), document(0, "another"), document(1))
    assert planned(world.plan()) == {"a.yaml": {"dialog-1"}}


def test_a_file_that_declares_what_a_known_one_does_is_held(world: World) -> None:
    world.know("known.yaml", 0, "dialog-0")
    world.write("new.yaml", document(0, "another"), document(1))
    plan = world.plan()
    assert planned(plan) == {"new.yaml": {"dialog-1"}}
    (problem,) = plan.problems
    assert "known.yaml:1:1" in problem.what
    assert plan.files[0].conflicting


def test_a_broken_manifest_still_claims_its_dialog(world: World) -> None:
    world.write("a.yaml", document(0) + "  colour: red\n")
    world.write("b.yaml", document(0, "another"))
    plan = world.plan()
    assert planned(plan) == {"a.yaml": set(), "b.yaml": set()}
    assert [file.conflicting for file in plan.files] == [True, True]


def test_a_broken_document_leaves_the_others_of_its_file_alone(world: World) -> None:
    world.write("a.yaml", document(0), document(1).replace("text: Hello", "read: false"))
    plan = world.plan()
    assert planned(plan) == {"a.yaml": {"dialog-0"}}
    assert [broken.name for broken in plan.files[0].broken] == ["dialog-1"]


def test_problems_of_files_that_were_not_read_are_given_too(world: World) -> None:
    world.write("a.yaml", document(1).replace("text: Hello", "read: false"))
    first = world.plan()
    (problem,) = first.problems
    (file,) = first.files
    world.known[file.file.location] = FileReport(
        location=file.file.location,
        content=b"",
        rules=b"",
        settled=True,
        due_at=None,
        dialogs=(),
        problems=file.problems,
    )
    assert world.plan().problems == (problem,)


def test_a_file_that_changes_between_the_scan_and_the_read_is_left_to_the_next_pass(world: World) -> None:
    world.write("a.yaml", document(0))
    source = Directory([world.folder])
    files = source.scan().files
    world.write("a.yaml", document(1))
    plan = Planner(
        source=source,
        ledger=world.ledger,
        rules=RULES,
        guards=Guards(),
        now=NOW,
    ).plan(
        files,
        others={},
        unusable=(),
    )
    assert not plan.files
