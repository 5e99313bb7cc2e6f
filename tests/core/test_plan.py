"""The planner's case table, row by row. A case says its plan in words, one line a call or a held change."""

from datetime import datetime

import pytest

from reconciler.core.applied import AppliedState, FailedAttempt
from reconciler.core.change_key import ChangeKey
from reconciler.core.condition import HeldReason
from reconciler.core.diff import TextChange
from reconciler.core.manifest import Manifest
from reconciler.core.plan import Held, plan_dialog
from tests.core.builders import (
    ALICE,
    BOB,
    CAROL,
    DELIVERED,
    DELIVERED_TO_ALICE,
    EARLIER,
    M1,
    M2,
    M3,
    MINUTE,
    NOTHING,
    NOW,
    READ,
    READ_BY_ALICE,
    SECOND,
    actions_in_words,
    applied,
    deferred,
    digest,
    held_in_words,
    manifest,
    mark_of,
    marked,
    message,
    rejected,
    suspended,
    text_of,
)

READ_OF_ALL = mark_of(None, READ, ALICE)
DELIVERED_OF_ALL = mark_of(None, DELIVERED, ALICE)
M1_READ = mark_of(M1, READ, ALICE)
M2_READ = mark_of(M2, READ, ALICE)
MIXED = deferred(0 * SECOND, wanted="Hi", status=403, words="no permission", alone=True)
"""A call with a text and marks was refused as a whole."""


@pytest.mark.parametrize(
    ("wanted", "known", "calls"),
    [
        pytest.param(manifest(), NOTHING, [], id="nothing is declared"),
        pytest.param(manifest(message(M1)), NOTHING, [], id="nothing of a message is declared"),
        pytest.param(manifest(message(M1, "Hi")), NOTHING, ["alice puts m1: text Hi"], id="a text"),
        pytest.param(
            manifest(message(M1, "Hi")), applied({M1: "Ho"}), ["alice puts m1: text Hi"], id="a new text"
        ),
        pytest.param(manifest(message(M1, "Hi")), applied({M1: "Hi"}), [], id="an equal text"),
        pytest.param(manifest(message(M1, read=[ALICE])), NOTHING, ["alice puts m1: read"], id="a mark"),
        pytest.param(
            manifest(message(M1, read=[ALICE], delivered=[ALICE])),
            NOTHING,
            ["alice puts m1: read, delivered"],
            id="both marks of one user are one call",
        ),
        pytest.param(
            manifest(message(M1, "Hi", read=[ALICE], delivered=[ALICE])),
            NOTHING,
            ["alice puts m1: text Hi, read, delivered"],
            id="a text and the marks of its author are one call",
        ),
        pytest.param(
            manifest(message(M1, "Hi", read=[ALICE], delivered=[ALICE])),
            applied({M1: "Hi"}, [(M1, READ, ALICE)]),
            ["alice puts m1: delivered"],
            id="a call carries what differs and nothing else",
        ),
        pytest.param(
            manifest(message(M1, "Hi", by=ALICE, read=[BOB, CAROL])),
            NOTHING,
            ["alice puts m1: text Hi", "bob puts m1: read", "carol puts m1: read"],
            id="each user acts for himself",
        ),
        pytest.param(
            manifest(message(M1, read=[ALICE]), message(M2, read=[ALICE])),
            NOTHING,
            ["alice puts m1: read", "alice puts m2: read"],
            id="the same mark on every declared message is no reason to mark the dialog",
        ),
        pytest.param(
            manifest(
                message(M1, read=[ALICE]),
                message(M2, "Hi", read=[BOB]),
                message(M3, "Ho", by=BOB, read=[BOB]),
            ),
            NOTHING,
            [
                "alice puts m2: text Hi",
                "bob puts m3: text Ho, read",
                "alice puts m1: read",
                "bob puts m2: read",
            ],
            id="texts go before marks",
        ),
        pytest.param(
            manifest(read=[ALICE]), NOTHING, ["alice puts the dialog: read"], id="a mark of the dialog"
        ),
        pytest.param(
            manifest(read=[ALICE, BOB], delivered=[BOB, ALICE]),
            NOTHING,
            ["alice puts the dialog: read, delivered", "bob puts the dialog: read, delivered"],
            id="both marks of the dialog of one user are one call",
        ),
        pytest.param(
            manifest(message(M1, "Hi"), message(M2, read=[BOB]), read=[CAROL]),
            NOTHING,
            ["alice puts m1: text Hi", "bob puts m2: read", "carol puts the dialog: read"],
            id="marks of the dialog go last",
        ),
        pytest.param(
            manifest(message(M1, read=[ALICE]), message(M2, read=[ALICE]), read=[ALICE]),
            NOTHING,
            ["alice puts the dialog: read (also m1 read, m2 read)"],
            id="a mark that the dialog's call makes too costs nothing",
        ),
        pytest.param(
            manifest(message(M1, "Hi", read=[ALICE]), read=[ALICE]),
            NOTHING,
            ["alice puts m1: text Hi", "alice puts the dialog: read (also m1 read)"],
            id="a covered mark leaves the call of its text",
        ),
        pytest.param(
            manifest(message(M1, read=[ALICE], delivered=[ALICE]), read=[ALICE]),
            NOTHING,
            ["alice puts m1: delivered", "alice puts the dialog: read (also m1 read)"],
            id="another mark is not covered",
        ),
        pytest.param(
            manifest(message(M1, read=[ALICE, BOB]), read=[ALICE]),
            NOTHING,
            ["bob puts m1: read", "alice puts the dialog: read (also m1 read)"],
            id="another user's mark is not covered",
        ),
        pytest.param(
            manifest(message(M1, read=[ALICE]), read=[ALICE]),
            applied(dialog_marks={READ_BY_ALICE: marked()}),
            ["alice puts m1: read"],
            id="a mark of the dialog that is not due covers nothing",
        ),
        pytest.param(
            manifest(message(M1, read=[ALICE]), read=[ALICE], delivered=[ALICE], interval=10 * MINUTE),
            applied(dialog_marks={READ_BY_ALICE: marked(), DELIVERED_TO_ALICE: marked(10 * MINUTE)}),
            ["alice puts m1: read", "alice puts the dialog: delivered"],
            id="only the mark that is due is sent",
        ),
    ],
)
def test_a_plan_is_the_fewest_calls(wanted: Manifest, known: AppliedState, calls: list[str]) -> None:
    plan = plan_dialog(wanted, known, NOW)
    assert actions_in_words(plan) == calls
    assert plan.held == ()


@pytest.mark.parametrize(
    ("wanted", "failed", "calls", "held"),
    [
        pytest.param(
            manifest(message(M1, "Hi", read=[ALICE])),
            {text_of(M1): rejected(wanted="Hi")},
            ["alice puts m1: read"],
            ["m1 text Hi: rejected"],
            id="a rejection holds that one change",
        ),
        pytest.param(
            manifest(message(M1, "Hi")),
            {text_of(M1): rejected(wanted="Hi", under=EARLIER)},
            ["alice puts m1: text Hi"],
            [],
            id="a rejection is forgotten with its manifest",
        ),
        pytest.param(
            manifest(message(M1, "Hi"), message(M2, "Ho")),
            {text_of(M1): deferred(MINUTE, wanted="Hi")},
            ["alice puts m2: text Ho"],
            ["m1 text Hi: backing off for 60 s"],
            id="a deferral holds that one change until its time",
        ),
        pytest.param(
            manifest(message(M1, "Hi", read=[ALICE])),
            {text_of(M1): deferred(wanted="Hi")},
            ["alice puts m1: read"],
            ["m1 text Hi: backing off for 60 s"],
            id="nothing waits for a change of its own message",
        ),
        pytest.param(
            manifest(message(M1, "Hi")),
            {text_of(M1): deferred(0 * SECOND, wanted="Hi")},
            ["alice puts m1: text Hi"],
            [],
            id="a deferral ends at its time",
        ),
        pytest.param(
            manifest(message(M1, "Hi")),
            {text_of(M1): deferred(60 * MINUTE, wanted="Hi")},
            ["alice puts m1: text Hi"],
            [],
            id="a deferral longer than any ends: the clock was set back",
        ),
        pytest.param(
            manifest(message(M1, "Hi")),
            {text_of(M1): deferred(None, wanted="Hi")},
            ["alice puts m1: text Hi"],
            [],
            id="a deferral without a time holds nothing: its call was cut short",
        ),
        pytest.param(
            manifest(message(M1, "Hi")),
            {text_of(M1): deferred(wanted="Ho")},
            ["alice puts m1: text Hi"],
            [],
            id="a newer text does not wait for an older one",
        ),
        pytest.param(
            manifest(message(M1, "Hi", read=[ALICE], delivered=[ALICE])),
            {text_of(M1): MIXED, M1_READ: MIXED, mark_of(M1, DELIVERED, ALICE): MIXED},
            ["alice puts m1: text Hi", "alice puts m1: read, delivered"],
            [],
            id="a text that was refused together with marks is sent without them",
        ),
        pytest.param(
            manifest(message(M1, "Ho", read=[ALICE])),
            {text_of(M1): MIXED, M1_READ: MIXED},
            ["alice puts m1: text Ho, read"],
            [],
            id="a newer text is sent with the marks again",
        ),
        pytest.param(
            manifest(message(M1, "Hi", read=[ALICE]), message(M2, "Ho", read=[ALICE])),
            {text_of(M1): MIXED, M1_READ: MIXED},
            ["alice puts m1: text Hi", "alice puts m2: text Ho, read", "alice puts m1: read"],
            [],
            id="texts still go before marks, and another message is none the wiser",
        ),
        pytest.param(
            manifest(message(M1, read=[ALICE], delivered=[ALICE])),
            {M1_READ: MIXED, mark_of(M1, DELIVERED, ALICE): MIXED},
            ["alice puts m1: read, delivered"],
            [],
            id="marks without their text stay one call",
        ),
        pytest.param(
            manifest(message(M1, read=[ALICE]), message(M2, read=[ALICE])),
            {M1_READ: deferred()},
            ["alice puts m2: read"],
            ["m1 read by alice: backing off for 60 s"],
            id="a mark that was deferred",
        ),
        pytest.param(
            manifest(message(M1, read=[ALICE, BOB], delivered=[ALICE])),
            {M1_READ: rejected()},
            ["bob puts m1: read", "alice puts m1: delivered"],
            ["m1 read by alice: rejected"],
            id="a mark that was rejected",
        ),
        pytest.param(
            manifest(read=[ALICE], delivered=[ALICE]),
            {READ_OF_ALL: rejected()},
            ["alice puts the dialog: delivered"],
            ["the dialog read by alice: rejected"],
            id="a mark of the dialog that was rejected",
        ),
        pytest.param(
            manifest(read=[ALICE, BOB]),
            {READ_OF_ALL: deferred()},
            ["bob puts the dialog: read"],
            ["the dialog read by alice: backing off for 60 s"],
            id="a mark of the dialog that was deferred",
        ),
        pytest.param(
            manifest(message(M1, "Hi", read=[ALICE]), message(M2, read=[ALICE, BOB]), read=[ALICE]),
            {READ_OF_ALL: deferred()},
            ["alice puts m1: text Hi", "bob puts m2: read"],
            [
                "the dialog read by alice: backing off for 60 s",
                "m1 read by alice: backing off for 60 s",
                "m2 read by alice: backing off for 60 s",
            ],
            id="marks wait with the dialog's call that will make them",
        ),
        pytest.param(
            manifest(message(M1, delivered=[ALICE]), read=[ALICE], delivered=[ALICE]),
            {READ_OF_ALL: deferred()},
            ["alice puts the dialog: delivered (also m1 delivered)"],
            ["the dialog read by alice: backing off for 60 s"],
            id="no mark waits for a call that will not make it",
        ),
        pytest.param(
            manifest(message(M1, read=[ALICE]), read=[ALICE]),
            {READ_OF_ALL: rejected()},
            ["alice puts m1: read"],
            ["the dialog read by alice: rejected"],
            id="no mark waits for a call that will not be made",
        ),
        pytest.param(
            manifest(message(M1, read=[ALICE]), message(M2, read=[ALICE]), read=[ALICE]),
            {M1_READ: rejected()},
            ["alice puts the dialog: read (also m2 read)"],
            ["m1 read by alice: rejected"],
            id="a mark that was refused for its own message stays held beside the dialog's call",
        ),
        pytest.param(
            manifest(message(M1, read=[ALICE]), message(M2, read=[ALICE]), read=[ALICE]),
            {M1_READ: deferred()},
            ["alice puts the dialog: read (also m1 read, m2 read)"],
            [],
            id="a mark that was deferred costs nothing once the dialog's call makes it too",
        ),
        pytest.param(
            manifest(message(M1, "Hi"), read=[ALICE]),
            {
                mark_of(M2, READ, ALICE): rejected(),
                mark_of(None, READ, BOB): deferred(),
                text_of(M3): deferred(),
            },
            ["alice puts m1: text Hi", "alice puts the dialog: read"],
            [],
            id="what is no longer declared is neither sent nor held",
        ),
    ],
)
def test_a_change_that_failed_is_held_and_nothing_waits_for_it(
    wanted: Manifest, failed: dict[ChangeKey, FailedAttempt], calls: list[str], held: list[str]
) -> None:
    plan = plan_dialog(wanted, applied(failed=failed), NOW)
    assert actions_in_words(plan) == calls
    assert held_in_words(plan) == held


EVERYTHING = manifest(message(M1, "Hi", read=[ALICE]), message(M2, read=[BOB]), read=[ALICE])


def test_a_suspended_manifest_holds_every_change_and_sends_nothing() -> None:
    wanted = manifest(*EVERYTHING.messages, read=[ALICE], suspend=suspended(NOW + SECOND))
    plan = plan_dialog(wanted, applied(failed={text_of(M1): rejected(), M2_READ: deferred()}), NOW)
    assert plan.suspended
    assert plan.actions == ()
    assert held_in_words(plan) == [
        "m1 text Hi: suspended for 1 s",
        "m1 read by alice: suspended for 1 s",
        "m2 read by bob: suspended for 1 s",
        "the dialog read by alice: suspended for 1 s",
    ]
    assert {held.detail for held in plan.held} == {"legal hold"}


def test_a_suspended_manifest_holds_nothing_that_is_in_sync() -> None:
    wanted = manifest(message(M1, "Hi"), suspend=suspended(NOW + SECOND))
    plan = plan_dialog(wanted, applied({M1: "Hi"}), NOW)
    assert (plan.suspended, plan.actions, plan.held) == (True, (), ())


@pytest.mark.parametrize("until", [NOW, NOW - SECOND], ids=["now", "before"])
def test_a_suspension_that_is_over_holds_nothing(until: datetime) -> None:
    wanted = manifest(*EVERYTHING.messages, read=[ALICE], suspend=suspended(until))
    plan = plan_dialog(wanted, NOTHING, NOW)
    assert (plan.suspended, plan.held) == (False, ())
    assert plan.actions == plan_dialog(EVERYTHING, NOTHING, NOW).actions


@pytest.mark.parametrize(
    ("failure", "reason", "detail", "until"),
    [
        pytest.param(rejected(), HeldReason.REJECTED, "403 no permission", None, id="rejected"),
        pytest.param(deferred(), HeldReason.BACKING_OFF, "503 down", NOW + MINUTE, id="deferred"),
        pytest.param(
            deferred(status=None, words="reset"),
            HeldReason.BACKING_OFF,
            "reset",
            NOW + MINUTE,
            id="unanswered",
        ),
        pytest.param(
            rejected(status=404, words=""), HeldReason.REJECTED, "404", None, id="a wordless answer"
        ),
    ],
)
def test_what_is_held_says_why_and_until_when(
    failure: FailedAttempt, reason: HeldReason, detail: str, until: datetime | None
) -> None:
    plan = plan_dialog(manifest(message(M1, read=[ALICE])), applied(failed={M1_READ: failure}), NOW)
    [held] = plan.held
    assert held == Held(change=held.change, reason=reason, detail=detail, until=until)


def test_a_mark_that_waits_with_the_dialog_says_what_the_dialog_waits_for() -> None:
    wanted = manifest(message(M1, read=[ALICE]), read=[ALICE])
    dialog, single = plan_dialog(wanted, applied(failed={READ_OF_ALL: deferred()}), NOW).held
    assert (single.reason, single.detail, single.until) == (dialog.reason, dialog.detail, dialog.until)


@pytest.mark.parametrize(
    ("wanted", "failed", "attempts"),
    [
        pytest.param(manifest(message(M1, "Hi")), {}, [1], id="the first"),
        pytest.param(
            manifest(message(M1, "Hi")),
            {text_of(M1): deferred(None, wanted="Hi", attempts=2)},
            [3],
            id="one more",
        ),
        pytest.param(
            manifest(message(M1, "Hi", read=[ALICE])),
            {text_of(M1): deferred(None, wanted="Hi", attempts=1), M1_READ: deferred(None, attempts=4)},
            [5],
            id="one more than the most of its changes",
        ),
        pytest.param(
            manifest(message(M1, "Hi"), message(M2, "Ho"), read=[ALICE], delivered=[BOB]),
            {text_of(M2): deferred(None, wanted="Ho"), READ_OF_ALL: deferred(None, attempts=6)},
            [1, 2, 7, 1],
            id="each call counts its own",
        ),
    ],
)
def test_a_call_knows_which_attempt_it_is(
    wanted: Manifest, failed: dict[ChangeKey, FailedAttempt], attempts: list[int]
) -> None:
    plan = plan_dialog(wanted, applied(failed=failed), NOW)
    assert [action.attempt for action in plan.actions] == attempts


def test_a_plan_names_its_manifest_and_each_call_its_dialog() -> None:
    plan = plan_dialog(EVERYTHING, NOTHING, NOW)
    assert plan.manifest is EVERYTHING
    assert {action.dialog for action in plan.actions} == {EVERYTHING.dialog}


def test_a_plan_knows_when_the_next_mark_of_the_dialog_is_due() -> None:
    wanted = manifest(read=[ALICE], delivered=[ALICE], interval=10 * MINUTE)
    known = applied(dialog_marks={READ_BY_ALICE: marked(4 * MINUTE), DELIVERED_TO_ALICE: marked(12 * MINUTE)})
    plan = plan_dialog(wanted, known, NOW)
    assert actions_in_words(plan) == ["alice puts the dialog: delivered"]
    assert plan.next_assertion == NOW + 6 * MINUTE


def test_a_text_in_doubt_is_sent_again_and_says_what_it_was() -> None:
    plan = plan_dialog(manifest(message(M1, "Hi")), applied({M1: "Ho"}, doubted=[M1]), NOW)
    [action] = plan.actions
    [change] = action.changes
    assert isinstance(change, TextChange)
    assert change.old is not None
    assert (change.old.digest, change.old.certain) == (digest("Ho"), False)
