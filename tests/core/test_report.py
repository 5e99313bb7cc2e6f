from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.applied import AppliedState, Setback
from reconciler.core.call import Call, Intent
from reconciler.core.condition import Condition, HeldReason
from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.manifest import BrokenManifest, Manifest
from reconciler.core.outcome import Answer, Answered, Applied, Deferred, Rejected, judge
from reconciler.core.plan import DialogPlan, plan_dialog
from reconciler.core.problem import Problem
from reconciler.core.report import Report, report_broken, report_dialog
from tests.core.builders import (
    ALICE,
    DELIVERED_TO_ALICE,
    DIALOG,
    HERE,
    M1,
    M2,
    MINUTE,
    NOTHING,
    NOW,
    READ,
    READ_BY_ALICE,
    SECOND,
    THIS,
    applied,
    deferred,
    manifest,
    marked,
    message,
    rejected,
    suspended,
    text_of,
)
from tests.core.chat_model import RETRY_AT, remember_applied, remember_failed
from tests.core.situations import INTERVAL, Situation, situations

OK = Answered(status=200)
FORBIDDEN = Answered(status=403, words="no permission")
DOWN = Answered(status=503, words="down")
ANSWERED_AT = NOW + SECOND

THREE = manifest(message(M1, "Hi"), message(M2, "Ho", read=[ALICE]))
"""Two calls: a text, and a text with a mark."""


def calls_of(plan: DialogPlan, answers: Sequence[Answer]) -> list[Call]:
    """Give what came of the plan's first actions, an answer each."""
    return [
        Call(
            intent=Intent(number=number, action=action, name="vip-lounge", manifest=THIS, sent_at=NOW),
            answer=answer,
            outcome=(outcome := judge(answer)),
            answered_at=ANSWERED_AT,
            retry_at=RETRY_AT if isinstance(outcome, Deferred) else None,
        )
        for number, (action, answer) in enumerate(zip(plan.actions, answers, strict=False), start=1)
    ]


def report(wanted: Manifest, known: AppliedState = NOTHING, answers: Sequence[Answer] = ()) -> DialogReport:
    plan = plan_dialog(wanted, known, NOW)
    return report_dialog(plan, calls_of(plan, answers))


@pytest.mark.parametrize(
    ("known", "answers", "condition", "counts"),
    [
        pytest.param(
            applied({M1: "Hi", M2: "Ho"}, [(M2, READ, ALICE)]),
            [],
            Condition.IN_SYNC,
            (3, 0, {}),
            id="nothing to do",
        ),
        pytest.param(NOTHING, [], Condition.PENDING, (0, 3, {}), id="nothing sent"),
        pytest.param(NOTHING, [OK], Condition.PENDING, (1, 2, {}), id="one of two sent"),
        pytest.param(NOTHING, [OK, OK], Condition.IN_SYNC, (3, 0, {}), id="all applied"),
        pytest.param(
            NOTHING, [OK, DOWN], Condition.BACKING_OFF, (1, 0, {HeldReason.BACKING_OFF: 2}), id="one deferred"
        ),
        pytest.param(
            NOTHING,
            [DOWN],
            Condition.BACKING_OFF,
            (0, 2, {HeldReason.BACKING_OFF: 1}),
            id="deferred outweighs pending",
        ),
        pytest.param(
            NOTHING, [FORBIDDEN, OK], Condition.STALLED, (2, 0, {HeldReason.REJECTED: 1}), id="one rejected"
        ),
        pytest.param(
            NOTHING,
            [DOWN, FORBIDDEN],
            Condition.STALLED,
            (0, 0, {HeldReason.BACKING_OFF: 1, HeldReason.REJECTED: 2}),
            id="rejected outweighs deferred",
        ),
        pytest.param(
            applied(failed={text_of(M1): rejected()}),
            [OK],
            Condition.STALLED,
            (2, 0, {HeldReason.REJECTED: 1}),
            id="rejected before",
        ),
        pytest.param(
            applied(failed={text_of(M1): deferred(wanted="Hi")}),
            [FORBIDDEN],
            Condition.STALLED,
            (0, 0, {HeldReason.BACKING_OFF: 1, HeldReason.REJECTED: 2}),
            id="one held from before, one from now",
        ),
    ],
)
def test_a_dialog_stands_as_the_worst_that_is_true_of_it(
    known: AppliedState,
    answers: list[Answer],
    condition: Condition,
    counts: tuple[int, int, dict[HeldReason, int]],
) -> None:
    found = report(THREE, known, answers)
    assert found.condition is condition
    assert (found.applied, found.pending, dict(found.held)) == counts
    assert found.declared == found.applied + found.pending + sum(found.held.values()) == 3


def test_a_suspended_dialog_is_suspended_whatever_else_is_true_of_it() -> None:
    wanted = manifest(*THREE.messages, suspend=suspended(NOW + MINUTE))
    found = report(wanted, applied({M1: "Hi"}, failed={text_of(M2): rejected()}))
    assert found.condition is Condition.SUSPENDED
    assert (found.applied, found.pending, found.held) == (1, 0, {HeldReason.SUSPENDED: 2})
    assert (found.note, found.due_at) == ("legal hold", NOW + MINUTE)


def test_a_suspended_dialog_in_sync_says_why_it_is_suspended() -> None:
    found = report(manifest(message(M1, "Hi"), suspend=suspended(NOW + MINUTE)), applied({M1: "Hi"}))
    assert (found.condition, found.note, found.due_at) == (Condition.SUSPENDED, "legal hold", NOW + MINUTE)


def test_a_report_carries_the_names_of_its_dialog() -> None:
    found = report(THREE)
    assert (found.name, found.dialog, found.origin, found.labels) == ("vip-lounge", DIALOG, HERE, {})


COVERING = manifest(message(M1, read=[ALICE]), message(M2, read=[ALICE]), read=[ALICE])
"""One call: for the dialog, which makes two marks of messages too."""


@pytest.mark.parametrize(
    ("answer", "condition", "counts", "due_at"),
    [
        pytest.param(OK, Condition.IN_SYNC, (3, 0, {}), None, id="they are applied with it"),
        pytest.param(
            DOWN, Condition.BACKING_OFF, (0, 0, {HeldReason.BACKING_OFF: 3}), RETRY_AT, id="they wait with it"
        ),
        pytest.param(
            FORBIDDEN,
            Condition.STALLED,
            (0, 2, {HeldReason.REJECTED: 1}),
            ANSWERED_AT,
            id="they are not rejected with it, and go on their own at once",
        ),
    ],
)
def test_marks_that_a_call_for_the_dialog_covers(
    answer: Answer, condition: Condition, counts: tuple[int, int, dict[HeldReason, int]], due_at: datetime
) -> None:
    found = report(COVERING, answers=[answer])
    assert (found.declared, found.condition, found.due_at) == (3, condition, due_at)
    assert (found.applied, found.pending, dict(found.held)) == counts


@pytest.mark.parametrize(
    ("known", "answers", "note"),
    [
        pytest.param(NOTHING, [OK, OK], "", id="nothing went wrong"),
        pytest.param(NOTHING, [OK, FORBIDDEN], "403 no permission", id="what the service said"),
        pytest.param(NOTHING, [DOWN, FORBIDDEN], "503 down", id="what it said first"),
        pytest.param(
            applied(failed={text_of(M1): rejected()}), [OK], "403 no permission", id="why something is held"
        ),
        pytest.param(
            applied(failed={text_of(M1): rejected()}),
            [DOWN],
            "503 down",
            id="what is new before what is known",
        ),
    ],
)
def test_a_note_says_what_a_person_should_know(known: AppliedState, answers: list[Answer], note: str) -> None:
    assert report(THREE, known, answers).note == note


FOR_ALL = manifest(read=[ALICE], delivered=[ALICE], interval=INTERVAL)


@pytest.mark.parametrize(
    ("wanted", "known", "answers", "due_at"),
    [
        pytest.param(THREE, NOTHING, [OK, OK], None, id="never, before the manifest changes"),
        pytest.param(THREE, NOTHING, [OK, FORBIDDEN], None, id="a rejection waits for a person"),
        pytest.param(THREE, NOTHING, [OK, DOWN], RETRY_AT, id="when what was deferred is to be sent again"),
        pytest.param(
            THREE,
            applied(failed={text_of(M1): deferred(5 * SECOND, wanted="Hi")}),
            [DOWN],
            NOW + 5 * SECOND,
            id="the first of several times",
        ),
        pytest.param(FOR_ALL, NOTHING, [OK], ANSWERED_AT + INTERVAL, id="an interval after the answer"),
        pytest.param(manifest(read=[ALICE]), NOTHING, [OK], None, id="never again without an interval"),
        pytest.param(
            FOR_ALL, NOTHING, [FORBIDDEN], None, id="a refused mark of the dialog is not asserted again"
        ),
        pytest.param(
            manifest(message(M1, "Hi"), interval=INTERVAL),
            NOTHING,
            [OK],
            None,
            id="an interval is the dialog's marks' alone",
        ),
        pytest.param(
            FOR_ALL,
            applied(dialog_marks={READ_BY_ALICE: marked(MINUTE), DELIVERED_TO_ALICE: marked(MINUTE)}),
            [],
            NOW + 9 * MINUTE,
            id="when an interval ends",
        ),
        pytest.param(
            FOR_ALL,
            applied(dialog_marks={READ_BY_ALICE: marked(MINUTE), DELIVERED_TO_ALICE: marked(INTERVAL)}),
            [OK],
            NOW + 9 * MINUTE,
            id="when the first interval ends",
        ),
    ],
)
def test_a_dialog_is_to_be_looked_at_again(
    wanted: Manifest, known: AppliedState, answers: list[Answer], due_at: datetime | None
) -> None:
    assert report(wanted, known, answers).due_at == due_at


@pytest.mark.parametrize(
    ("answers", "due_at"), [([OK], RETRY_AT), ([OK, OK], None)], ids=["one left", "none left"]
)
def test_what_was_not_sent_is_looked_at_when_it_may_be_sent(
    answers: list[Answer], due_at: datetime | None
) -> None:
    plan = plan_dialog(THREE, NOTHING, NOW)
    assert report_dialog(plan, calls_of(plan, answers), come_back_at=RETRY_AT).due_at == due_at


def test_a_broken_manifest_is_reported_under_the_names_it_gives() -> None:
    problem = Problem(HERE, "text is empty", "give a text or remove the line")
    found = report_broken(BrokenManifest(name="vip-lounge", dialog=DIALOG, origin=HERE), [problem])
    assert (found.name, found.dialog, found.origin) == ("vip-lounge", DIALOG, HERE)
    assert (found.condition, found.note) == (Condition.INVALID, "text is empty")
    assert (found.declared, found.applied, found.pending, found.due_at) == (0, 0, 0, None)


def test_a_broken_manifest_without_a_problem_of_its_own_still_says_something() -> None:
    found = report_broken(BrokenManifest(name=None, dialog=None, origin=HERE), [])
    assert found.note == "the manifest cannot be used"


def test_a_pass_counts_its_calls_and_its_dialogs() -> None:
    plan = plan_dialog(THREE, NOTHING, NOW)
    calls = calls_of(plan, [OK, DOWN])
    dialogs = (report_dialog(plan, calls), report(THREE, NOTHING, [OK, OK]))
    file = FileReport(location="/m.yaml", content=b"", rules=b"", settled=True, due_at=None, dialogs=dialogs)
    found = Report(started_at=NOW, finished_at=NOW, files=(file, file), calls=tuple(calls), problems=())
    assert found.outcomes() == Counter({Applied: 1, Deferred: 1})
    assert found.conditions() == Counter({Condition.BACKING_OFF: 2, Condition.IN_SYNC: 2})


@given(situations, st.data())
def test_no_dialog_is_left_alone_while_there_is_something_to_send(
    situation: Situation, data: st.DataObject
) -> None:
    plan = plan_dialog(*situation, NOW)
    answers = data.draw(st.tuples(*[st.sampled_from((OK, FORBIDDEN, DOWN))] * len(plan.actions)))
    calls = calls_of(plan, answers)
    known = situation.applied
    for call in calls:
        known = remember(known, call)
    due_at = report_dialog(plan, calls).due_at
    for later in (SECOND, MINUTE, 2 * MINUTE, INTERVAL, INTERVAL + MINUTE, 60 * MINUTE):
        if due_at is None or NOW + later < due_at:
            assert plan_dialog(situation.manifest, known, NOW + later).actions == ()


def remember(known: AppliedState, call: Call) -> AppliedState:
    match call.outcome:
        case Applied():
            return remember_applied(known, [call.intent.action], at=call.answered_at)
        case Deferred():
            return remember_failed(known, [call.intent.action], Setback.DEFERRED)
        case Rejected():
            return remember_failed(known, [call.intent.action], Setback.REJECTED)
