"""Guards look at a pass as a whole: over all its files, but for what another pass still sends."""

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from reconciler.core.acting import Acting
from reconciler.core.applied import AppliedState, AppliedText
from reconciler.core.condition import HeldReason
from reconciler.core.message import DialogId, MessageId
from reconciler.core.message_text import MessageText
from reconciler.core.refusal import Approval, Guards, Known
from reconciler.reconcile.one_pass import report_unsent
from reconciler.reconcile.planning import PassPlan, Planner
from reconciler.source.directory import Directory
from reconciler.source.rules import Rules
from tests.core.builders import EARLIER, MINUTE, NOW
from tests.program.chat import dialog_id, manifest, message_id

KNOWN: Final = 12


@dataclass
class Ledger:
    """A ledger in which twelve dialogs have one text each, and that tells what it was asked."""

    approved: list[Approval] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def applied(self, dialog: DialogId) -> AppliedState:
        old = MessageText("as it was")
        return AppliedState(
            texts={
                MessageId(message_id(d, 0)): AppliedText(digest=old.digest(), text=old, at=NOW - MINUTE)
                for d in range(KNOWN)
                if dialog_id(d) == dialog.value
            },
            manifests=frozenset([EARLIER]),
        )

    def texts_known(self) -> int:
        self.asked.append("texts")
        return KNOWN

    def known_of(self, dialogs: AbstractSet[DialogId]) -> Known:
        known = sum(dialog_id(d) in {dialog.value for dialog in dialogs} for d in range(KNOWN))
        return Known(texts=known, dialogs=known)

    def approvals(self) -> tuple[Approval, ...]:
        self.asked.append("approvals")
        return tuple(self.approved)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four files: each rewrites the text of its dialog, and the last declares a new dialog too."""
    for number in range(4):
        new = [manifest(40, messages={0: "text: first"})] if number == 3 else []
        documents = [manifest(number, messages={0: "text: rewritten"}), *new]
        (tmp_path / f"{number}.yaml").write_text("---\n".join(documents))
    (tmp_path / "other.yaml").write_text(manifest(41, messages={0: "text: first"}))
    return tmp_path


def plan(folder: Path, ledger: Ledger, under_way: Collection[int] = ()) -> PassPlan:
    source = Directory([folder])
    return Planner(
        source=source,
        ledger=ledger,
        rules=Rules(acting=Acting()),
        under_way=frozenset(DialogId(dialog_id(d)) for d in under_way),
        guards=Guards(),
        now=NOW,
    ).plan(
        source.scan().files,
        others={},
        unusable=(),
    )


def test_the_files_of_a_pass_count_together_and_only_guarded_dialogs_are_held(
    folder: Path, ledger: Ledger
) -> None:
    found = plan(folder, ledger)
    (refusal,) = found.refusals
    assert refusal.words == "would rewrite 4 of 12 known texts (33.4 %), more than 30 %"
    sent = {dialog.manifest.name for dialog in found.dialogs if dialog.actions}
    assert sent == {"dialog-40", "dialog-41"}
    held = [held.reason for dialog in found.dialogs for held in dialog.held]
    assert held == [HeldReason.GUARDED] * 4


def test_a_file_with_a_guarded_dialog_is_not_settled_for_the_others_decide_when_it_is_free(
    folder: Path, ledger: Ledger
) -> None:
    settled = {
        Path(file.file.path).name: report_unsent(file, NOW).settled for file in plan(folder, ledger).files
    }
    assert settled == {"0.yaml": False, "1.yaml": False, "2.yaml": False, "3.yaml": False, "other.yaml": True}
    (folder / "0.yaml").unlink()
    assert all(report_unsent(file, NOW).settled for file in plan(folder, ledger).files)


def test_what_waits_for_another_pass_counts_too(folder: Path, ledger: Ledger) -> None:
    """Or a rewrite of everything would go out dialog by dialog, where all of them have a call under way."""
    (refusal,) = plan(folder, ledger).refusals
    found = plan(folder, ledger, under_way=range(KNOWN))
    assert [each.plan for each in found.refusals] == [refusal.plan]
    assert not any(file.settled for file in found.files if file.postponed)


def test_what_was_approved_is_looked_up_only_where_a_guard_would_trip(folder: Path, ledger: Ledger) -> None:
    (refusal,) = plan(folder, ledger).refusals
    assert ledger.asked == ["texts", "approvals"]
    ledger.approved.append(refusal.approved(reason="planned", by="ann", now=NOW))
    assert not plan(folder, ledger).refusals
    ledger.asked.clear()
    (folder / "0.yaml").unlink()
    plan(folder, ledger)
    assert ledger.asked == ["texts"]
    ledger.asked.clear()
    for number in (1, 2, 3):
        (folder / f"{number}.yaml").unlink()
    plan(folder, ledger)
    assert ledger.asked == [], "a pass of first texts asks for nothing"
