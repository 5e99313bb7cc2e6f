"""What people and programs read, as files: `RECONCILER_WRITE_DOCS=1 pytest tests/render` writes them anew."""

import json
import os
from collections import Counter
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.core.acting import Acting
from reconciler.core.applied import (
    AppliedDialogMark,
    AppliedState,
    AppliedText,
    DialogMark,
    FailedAttempt,
    Setback,
)
from reconciler.core.call import Call, Intent
from reconciler.core.change_key import ChangeKey
from reconciler.core.file_report import FileReport
from reconciler.core.limits import Limits
from reconciler.core.message import DialogId, Mark, MessageId, UserId
from reconciler.core.message_text import MessageText
from reconciler.core.outcome import Answer, Answered, Applied, Unanswered, judge
from reconciler.core.refusal import Approval, Guards
from reconciler.core.refusal import Known as Counted
from reconciler.core.report import Report, report_dialog
from reconciler.reconcile.planning import PassPlan, Planner
from reconciler.render.call_line import call_line
from reconciler.render.line import plain
from reconciler.render.plan_document import plan_document
from reconciler.render.plan_figures import figures
from reconciler.render.plan_lines import dialog_lines
from reconciler.render.plan_markdown import plan_markdown
from reconciler.render.plan_summary import summary_lines
from reconciler.render.refusal_lines import refusal_lines
from reconciler.render.report_document import report_document
from reconciler.render.report_lines import report_lines
from reconciler.source.directory import Directory
from reconciler.source.rules import Rules

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RATE = 20.0

LOUNGE = DialogId("53a99a7be4b094c7c6d31b41")
ADVISER = UserId(96753901)

MANIFESTS = """\
apiVersion: reconciler/v1
kind: Dialog
metadata: {name: vip-lounge, labels: {team: support}}
spec:
  dialogId: 53a99a7be4b094c7c6d31b41
  actAs: 96753878
  read: [96753878, 96753901]
  messages:
    - {id: 53aabe15e4b077ddd43e7fd3, text: "Opening hours: 9-17 \\u202eknurd", delivered: true}
    - {id: 53aabe4ce4b077ddd43e7fd8, text: "Two lines,\\n```one of them a fence", read: [96753901]}
    - {id: 53aac1f0e4b077ddd43e8012, text: "Already refused", actAs: 96753901}
    - {id: 53aac1f0e4b077ddd43e8013, read: [123]}
    - {id: 53aac1f0e4b077ddd43e8014, text: "Sent once more"}
---
apiVersion: reconciler/v1
kind: Dialog
metadata: {name: refund-review}
spec:
  dialogId: 5f40c7e16c1e5f0034a7e5b8
  actAs: 96754102
  suspend: {reason: legal hold, until: 2036-12-31T00:00:00Z}
  messages:
    - {id: 5f40c8a5e4b077ddd44b1190, text: "On hold"}
---
apiVersion: reconciler/v1
kind: Dialog
metadata: {name: broken}
spec:
  dialogId: 5f40c7e16c1e5f0034a7e5b9
  actAs: 96754102
  read: false
"""


Scene = Callable[[Limits], PassPlan]


class Known:
    """The ledger as the scene has it."""

    def applied(self, dialog: DialogId) -> AppliedState:
        """Give what is known of the lounge, and nothing of the others."""
        if dialog != LOUNGE:
            return AppliedState()
        first = MessageId("53aabe15e4b077ddd43e7fd3")
        second = MessageId("53aabe4ce4b077ddd43e7fd8")
        refused_message = MessageId("53aac1f0e4b077ddd43e8012")
        in_doubt = MessageId("53aac1f0e4b077ddd43e8014")
        refused = FailedAttempt(
            setback=Setback.REJECTED,
            manifest=self.digest,
            wanted=MessageText("Already refused").digest(),
            attempts=1,
            retry_at=None,
            status=403,
            words="You don't have appropriate permissions to perform this operation",
        )
        late = FailedAttempt(
            setback=Setback.DEFERRED,
            manifest=b"",
            wanted=None,
            attempts=2,
            retry_at=NOW + 90 * SECOND,
            status=None,
            words="the connection was refused",
        )
        return AppliedState(
            texts={
                first: AppliedText(
                    digest=MessageText("Opening hours: 9-18").digest(),
                    text=MessageText("Opening hours: 9-18"),
                ),
                second: AppliedText(digest=MessageText("One line").digest()),
                refused_message: AppliedText(
                    digest=MessageText("As it was").digest(), text=MessageText("As it was")
                ),
                in_doubt: AppliedText(
                    digest=MessageText("Last known").digest(), text=MessageText("Last known"), certain=False
                ),
            },
            dialog_marks={DialogMark(Mark.READ, UserId(96753878)): AppliedDialogMark(at=NOW)},
            failed={
                ChangeKey(refused_message, None, None): refused,
                ChangeKey(MessageId("53aac1f0e4b077ddd43e8013"), Mark.READ, UserId(123)): late,
            },
        )

    def known_of(self, dialogs: AbstractSet[DialogId]) -> Counted:
        """Nobody asks about so few files."""
        raise NotImplementedError(dialogs)

    def texts_known(self) -> int:
        """Give as many as the lounge has, and six of others."""
        return 10

    def approvals(self) -> tuple[Approval, ...]:
        """Give none: nobody has approved anything."""
        return ()

    def __init__(self, digest: bytes) -> None:
        self.digest = digest


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A scene with everything in it: both kinds of calls, each reason to hold, a problem."""
    monkeypatch.chdir(tmp_path)
    Path("manifests").mkdir()
    Path("manifests/support.yaml").write_text(MANIFESTS)
    source = Directory([Path("manifests")])
    scan = source.scan()

    def planned(known: Known, guards: Guards) -> PassPlan:
        return Planner(
            source=source,
            ledger=known,
            rules=Rules(acting=Acting()),
            guards=guards,
            now=NOW,
        ).plan(
            scan.files,
            others={},
            unusable=(),
        )

    digest = planned(Known(b""), Guards()).dialogs[0].manifest.digest
    return lambda limits: planned(Known(digest), Guards(limits=limits))


@pytest.fixture
def plan(scene: Scene) -> PassPlan:
    """A plan that the guards let pass."""
    return scene(Limits(rewrites=1))


@pytest.fixture
def guarded(scene: Scene) -> PassPlan:
    """A plan that two guards hold."""
    return scene(Limits(rewrites=0.15, dialog_marks=0))


def test_a_plan_for_people(plan: PassPlan) -> None:
    lines = [*(line for dialog in plan.dialogs for line in dialog_lines(dialog, texts=True)), ()]
    lines += summary_lines(figures(plan.dialogs, RATE), RATE, len(plan.problems))
    same("plan.txt", "\n".join(map(plain, lines)))


def test_a_plan_without_texts(plan: PassPlan) -> None:
    lines = [line for dialog in plan.dialogs for line in dialog_lines(dialog, texts=False)]
    same("plan-without-texts.txt", "\n".join(map(plain, lines)))


def test_a_plan_under_a_merge_request(plan: PassPlan) -> None:
    same("plan.md", "\n".join(plan_markdown(plan, rate=RATE, texts=True)))


@pytest.mark.parametrize("texts", [True, False], ids=["with texts", "without texts"])
def test_a_plan_for_programs(plan: PassPlan, *, texts: bool) -> None:
    document = json.dumps(plan_document(plan, rate=RATE, texts=texts), ensure_ascii=False, indent=2)
    same("plan.json" if texts else "plan-without-texts.json", document)
    assert texts == ("One of" in document or "Opening hours" in document)


def test_a_plan_that_guards_hold(guarded: PassPlan) -> None:
    lines = [line for dialog in guarded.dialogs for line in dialog_lines(dialog, texts=True)]
    lines += summary_lines(figures(guarded.dialogs, RATE), RATE, len(guarded.problems))
    same("guarded-plan.txt", "\n".join(map(plain, [*lines, *refusal_lines(guarded.refusals)])))
    same("guarded-plan.md", "\n".join(plan_markdown(guarded, rate=RATE, texts=False)))
    document = plan_document(guarded, rate=RATE, texts=False)
    same("guarded-plan.json", json.dumps(document, ensure_ascii=False, indent=2))


def test_a_report_of_what_guards_held(guarded: PassPlan) -> None:
    report = replace(sent(guarded, []), refusals=guarded.refusals)
    same("guarded-report.txt", "\n".join(map(plain, report_lines(report))))
    assert report_document(report)["guards"] == plan_document(guarded, rate=RATE, texts=False)["guards"]


@pytest.mark.parametrize("texts", [True, False], ids=["with texts", "without texts"])
def test_a_change_shows_old_and_new_whether_it_is_sent_or_held(
    plan: PassPlan, guarded: PassPlan, *, texts: bool
) -> None:
    def shown(which: PassPlan) -> Counter[str]:
        lines = (plain(line) for dialog in which.dialogs for line in dialog_lines(dialog, texts=texts))
        return Counter(line for line in lines if line.startswith(("    - ", "    + ", "    text ", "    (")))

    assert shown(plan) == shown(guarded)
    assert any("Already refused" in line for line in shown(plan)) == texts
    assert any("(in doubt" in line for line in shown(plan))


def test_a_name_cannot_break_out_of_its_heading_in_markdown(plan: PassPlan) -> None:
    """The loader lets no such name through; this holds even if it did."""
    [file] = plan.files
    dialog = file.dialogs[0]
    named = replace(dialog.manifest, name="</summary><img src=x onerror=alert(1)>&")
    hostile = replace(plan, files=(replace(file, dialogs=(replace(dialog, manifest=named),)),))
    lines = list(plan_markdown(hostile, rate=RATE, texts=True))
    assert "<details><summary>&lt;/summary&gt;&lt;img src=x onerror=alert(1)&gt;&amp;</summary>" in lines
    start, end = (i for i, line in enumerate(lines) if line.startswith("````"))
    outside = [line for line in (*lines[:start], *lines[end:]) if line.startswith("<")]
    assert len(outside) == 2, "the heading and the end of the details"


def test_a_path_in_a_command_cannot_break_out_of_its_fence(guarded: PassPlan) -> None:
    hostile = [
        replace(refusal, command="reconciler approve x '```\n</details>'") for refusal in guarded.refusals
    ]
    lines = list(plan_markdown(replace(guarded, refusals=tuple(hostile)), rate=RATE, texts=False))
    assert lines.count("````") == 2


def test_a_report(plan: PassPlan) -> None:
    answers: list[Answer] = [
        Answered(status=200),
        Answered(status=403, words="no"),
        Answered(status=200),
        Unanswered(words="gone", sent=True),
    ]
    report = sent(plan, answers)
    same("report.txt", "\n".join(map(plain, [*map(call_line, report.calls), *report_lines(report)])))
    same("report.json", json.dumps(report_document(report), ensure_ascii=False, indent=2))


def test_a_report_of_a_pass_without_calls(plan: PassPlan) -> None:
    same("report-without-calls.txt", "\n".join(map(plain, report_lines(sent(plan, [])))))


def sent(plan: PassPlan, answers: list[Answer]) -> Report:
    """What comes of a plan whose first calls get `answers` and whose others are not made."""
    dialog = plan.dialogs[0]
    calls: list[Call] = []
    for number, (action, answer) in enumerate(zip(dialog.actions, answers, strict=False), 1):
        intent = Intent(
            number=number,
            action=action,
            name=dialog.manifest.name,
            manifest=dialog.manifest.digest,
            sent_at=NOW,
        )
        outcome = judge(answer)
        retry = None if isinstance(outcome, Applied) or isinstance(answer, Answered) else NOW + 7 * SECOND
        calls.append(
            Call(intent=intent, answer=answer, outcome=outcome, answered_at=NOW + SECOND, retry_at=retry)
        )
    file = FileReport(
        location="/manifests/support.yaml",
        content=b"",
        rules=b"",
        settled=True,
        due_at=None,
        dialogs=(report_dialog(dialog, calls, NOW), report_dialog(plan.dialogs[1], ())),
    )
    return Report(
        started_at=NOW,
        finished_at=NOW + 2 * SECOND,
        files=(file,),
        calls=tuple(calls),
        problems=plan.problems,
    )


def same(name: str, printed: str) -> None:
    """Compare with the golden file, or write it."""
    file = GOLDEN / name
    if os.environ.get("RECONCILER_WRITE_DOCS"):
        file.write_text(f"{printed}\n")
    assert file.read_text() == f"{printed}\n"
