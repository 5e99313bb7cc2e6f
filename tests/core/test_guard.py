"""The guards' table, row by row; what they hold, and what an approval lets pass."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.applied import AppliedState, Setback
from reconciler.core.condition import Condition, HeldReason
from reconciler.core.diff import DialogMarkChange
from reconciler.core.guard import GuardedChange, guarded_changes, refuse
from reconciler.core.limits import Limits
from reconciler.core.manifest import Manifest
from reconciler.core.message import DialogId
from reconciler.core.plan import hold_guarded, plan_dialog
from reconciler.core.refusal import Approval, Guard, Guards, Refusal
from reconciler.core.report import report_dialog
from tests.core.builders import (
    ALICE,
    BOB,
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
    THIS,
    applied,
    deferred,
    held_in_words,
    manifest,
    mark_of,
    marked,
    message,
    rejected,
    suspended,
    text_of,
)
from tests.core.situations import Situation, situations

REWRITES, DIALOG_MARKS = Guard.REWRITES, Guard.DIALOG_MARKS
HOUR: Final = 60 * MINUTE


def guarded(wanted: Manifest, known: AppliedState) -> list[GuardedChange]:
    return list(guarded_changes(plan_dialog(wanted, known, NOW).actions, wanted, known))


def counted(wanted: Manifest, known: AppliedState) -> list[Guard]:
    return [change.guard for change in guarded(wanted, known)]


SAYS_HI = manifest(message(M1, "Hi"))


@pytest.mark.parametrize(
    ("wanted", "known", "counts"),
    [
        pytest.param(SAYS_HI, applied({M1: "Ho"}), 1, id="a text that replaces another"),
        pytest.param(SAYS_HI, NOTHING, 0, id="a first text"),
        pytest.param(SAYS_HI, applied({M2: "Ho"}), 0, id="a first text beside known ones"),
        pytest.param(SAYS_HI, applied({M1: "Hi"}), 0, id="an equal text"),
        pytest.param(
            SAYS_HI, applied({M1: "Ho"}, doubted=[M1]), 1, id="a text in doubt that replaces the last known"
        ),
        pytest.param(
            SAYS_HI, applied({M1: "Hi"}, doubted=[M1]), 0, id="a text in doubt that goes back to it"
        ),
        pytest.param(
            SAYS_HI,
            applied({M1: "Ho"}, failed={text_of(M1): deferred(None, wanted="Hi")}),
            0,
            id="a text that was tried before",
        ),
        pytest.param(
            SAYS_HI,
            applied({M1: "Ho"}, failed={text_of(M1): rejected(under=EARLIER, wanted="Hi")}),
            0,
            id="a text that was rejected under an earlier manifest",
        ),
        pytest.param(
            SAYS_HI,
            applied({M1: "Ho"}, failed={text_of(M1): deferred(wanted="Hm")}),
            1,
            id="another text was tried before",
        ),
        pytest.param(
            SAYS_HI,
            applied({M1: "Ho"}, failed={text_of(M1): rejected(wanted="Hi")}),
            0,
            id="a text that is held anyway",
        ),
        pytest.param(
            manifest(message(M1, "Hi"), suspend=suspended(NOW + SECOND)),
            applied({M1: "Ho"}),
            0,
            id="a text of a suspended dialog",
        ),
        pytest.param(
            manifest(message(M1, "Hi"), message(M2, "Hi"), message(M3, "Hi", read=[ALICE])),
            applied({M1: "Ho", M2: "Ho"}),
            2,
            id="each text by itself, marks of messages not at all",
        ),
    ],
)
def test_a_rewrite_counts(wanted: Manifest, known: AppliedState, counts: int) -> None:
    assert counted(wanted, known) == [REWRITES] * counts


READ_BY_ALL = manifest(read=[ALICE])
MONDAY = manifest(read=[ALICE], requested_at="Monday", interval=HOUR)
KNOWN: Final = {M1: "Hi"}


@pytest.mark.parametrize(
    ("wanted", "known", "counts"),
    [
        pytest.param(READ_BY_ALL, applied(KNOWN), 1, id="a dialog of which a text is known"),
        pytest.param(READ_BY_ALL, applied(marks=[(M1, READ, BOB)]), 1, id="of which a mark is known"),
        pytest.param(
            READ_BY_ALL,
            applied(dialog_marks={DELIVERED_TO_ALICE: marked()}),
            1,
            id="of which another mark of the dialog is known",
        ),
        pytest.param(READ_BY_ALL, NOTHING, 0, id="a new dialog"),
        pytest.param(
            READ_BY_ALL,
            applied(failed={text_of(M1): deferred(wanted="Hi")}),
            0,
            id="a new dialog of which a text was tried",
        ),
        pytest.param(
            READ_BY_ALL,
            applied(KNOWN, under=[THIS]),
            0,
            id="a new dialog whose texts are there and whose marks are not yet",
        ),
        pytest.param(
            READ_BY_ALL, applied(KNOWN, under=[EARLIER, THIS]), 1, id="a dialog of which part is older"
        ),
        pytest.param(
            MONDAY,
            applied(dialog_marks={READ_BY_ALICE: marked(HOUR, "Monday")}),
            0,
            id="the same assertion, an interval later",
        ),
        pytest.param(
            manifest(read=[ALICE], interval=HOUR),
            applied(dialog_marks={READ_BY_ALICE: marked(HOUR, "Monday")}),
            0,
            id="by interval, where nothing is requested any more",
        ),
        pytest.param(
            MONDAY,
            applied(dialog_marks={READ_BY_ALICE: marked(MINUTE, "Sunday")}),
            1,
            id="a new assertion is requested",
        ),
        pytest.param(
            READ_BY_ALL,
            applied(KNOWN, failed={mark_of(None, READ, ALICE): deferred(None)}),
            0,
            id="a mark that was tried before",
        ),
        pytest.param(manifest(read=[ALICE, BOB], delivered=[BOB]), applied(KNOWN), 3, id="each mark"),
    ],
)
def test_a_mark_of_a_dialog_counts(wanted: Manifest, known: AppliedState, counts: int) -> None:
    assert counted(wanted, known) == [DIALOG_MARKS] * counts


def dialog(number: int) -> DialogId:
    return DialogId(f"{number:024x}")


def changes(
    guard: Guard, count: int, *, per_dialog: int = 1, replaces: timedelta | None = MINUTE
) -> list[GuardedChange]:
    return [
        GuardedChange(
            guard=guard,
            dialog=dialog(number // per_dialog),
            digest=f"{guard} {number}".encode(),
            replaces=None if replaces is None else NOW - replaces,
        )
        for number in range(count)
    ]


def refused(
    found: Iterable[GuardedChange],
    *,
    known: int = 100,
    limits: Limits = Limits(),  # noqa: B008  # it is frozen
    approvals: Sequence[Approval] = (),
) -> tuple[Refusal, ...]:
    return refuse(found, guards=Guards(limits=limits), known=known, approvals=approvals)


@pytest.mark.parametrize(
    ("texts", "known", "limit", "trips"),
    [
        pytest.param(30, 100, 0.3, False, id="as many as may be"),
        pytest.param(31, 100, 0.3, True, id="one more"),
        pytest.param(3, 10, 0.3, False, id="as many as may be, of few"),
        pytest.param(4, 10, 0.3, True, id="one more, of few"),
        pytest.param(9, 9, 0.3, False, id="all, where fewer than ten are known"),
        pytest.param(29, 100, 0.29, False, id="as many as may be, where 0.29 has no exact form"),
        pytest.param(7, 100, 0.07, False, id="as many as may be, where 0.07 has none"),
        pytest.param(100, 100, 1.0, False, id="all, where the guard is off"),
        pytest.param(1, 1_000, 0.0, True, id="one, where each is to be approved"),
        pytest.param(0, 1_000, 0.0, False, id="none"),
    ],
)
def test_too_large_a_share_of_the_known_texts_trips(
    texts: int, known: int, limit: float, *, trips: bool
) -> None:
    found = refused(changes(REWRITES, texts), known=known, limits=Limits(rewrites=limit))
    assert [refusal.guard for refusal in found] == [REWRITES] * trips


@pytest.mark.parametrize(
    ("marks", "per_dialog", "limit", "trips"),
    [
        pytest.param(25, 1, 25, False, id="as many as may be"),
        pytest.param(26, 1, 25, True, id="one more"),
        pytest.param(100, 4, 25, False, id="four marks each of as many as may be"),
        pytest.param(101, 4, 25, True, id="a mark of one more"),
        pytest.param(1, 1, 0, True, id="one, where each is to be approved"),
        pytest.param(0, 1, 0, False, id="none"),
    ],
)
def test_too_many_whole_dialogs_trip(marks: int, per_dialog: int, limit: int, *, trips: bool) -> None:
    found = refused(
        changes(DIALOG_MARKS, marks, per_dialog=per_dialog), known=0, limits=Limits(dialog_marks=limit)
    )
    assert [refusal.guard for refusal in found] == [DIALOG_MARKS] * trips


BOTH: Final = (*changes(REWRITES, 42), *changes(DIALOG_MARKS, 52, per_dialog=2))


def test_a_refusal_says_the_figure_the_limit_and_what_lets_it_pass() -> None:
    rewrites, marks = refused(BOTH)
    assert rewrites.words == "would rewrite 42 of 100 known texts (42 %), more than 30 %"
    assert marks.words == "would mark 26 whole dialogs, more than 25"
    assert (
        rewrites.note == f'{rewrites.words}; to let it pass: reconciler approve {rewrites.plan} --reason "…"'
    )


@pytest.mark.parametrize(
    ("texts", "known", "limit", "words"),
    [
        (5, 12, 0.3, "would rewrite 5 of 12 known texts (41.7 %), more than 30 %"),
        (3_001, 10_000, 0.3, "would rewrite 3,001 of 10,000 known texts (30.1 %), more than 30 %"),
        (126, 1_000, 0.125, "would rewrite 126 of 1,000 known texts (12.6 %), more than 12.5 %"),
        (1, 1_000, 0.0, "would rewrite 1 of 1,000 known texts (0.1 %), more than 0 %"),
        (30, 100, 0.29, "would rewrite 30 of 100 known texts (30 %), more than 29 %"),
    ],
)
def test_the_share_in_words_is_over_the_limit(texts: int, known: int, limit: float, words: str) -> None:
    [refusal] = refused(changes(REWRITES, texts), known=known, limits=Limits(rewrites=limit))
    assert refusal.words == words


def test_one_dialog_is_one_dialog() -> None:
    [refusal] = refused(changes(DIALOG_MARKS, 1), limits=Limits(dialog_marks=0))
    assert refusal.words == "would mark 1 whole dialog, more than 0"


def test_the_command_is_that_of_who_asks() -> None:
    guards = Guards(command=lambda plan: f"approve {plan} --ledger other.db")
    [refusal] = refuse(changes(REWRITES, 42), guards=guards, known=100, approvals=())
    assert refusal.command == f"approve {refusal.plan} --ledger other.db"


@given(st.permutations(BOTH), st.integers(100, 139))
def test_the_id_of_a_plan_is_of_its_changes_alone(shuffled: list[GuardedChange], known: int) -> None:
    assert [r.plan for r in refused(shuffled, known=known)] == [r.plan for r in refused(BOTH)]


def test_each_guard_and_each_set_of_changes_has_an_id_of_its_own() -> None:
    same = [replace(change, guard=DIALOG_MARKS) for change in changes(REWRITES, 42)]
    plans = [
        refusal.plan
        for found in (
            changes(REWRITES, 42),
            changes(REWRITES, 43),
            changes(REWRITES, 43)[1:],
            changes(DIALOG_MARKS, 42),
            same,
        )
        for refusal in refused(found)
    ]
    assert len(set(plans)) == len(plans) == 5
    assert all(len(plan) == 12 and int(plan, 16) >= 0 for plan in plans)


OTHERS: Final = (
    manifest(message(M1, "Hm")),
    manifest(message(M2, "Hi")),
    replace(SAYS_HI, dialog=dialog(1)),
    manifest(read=[BOB]),
    manifest(delivered=[ALICE]),
    manifest(read=[ALICE], requested_at="Monday"),
    manifest(read=[ALICE], requested_at="Tuesday"),
)


def test_what_is_sent_and_what_it_replaces_is_in_the_digest() -> None:
    known = applied({M1: "Ho", M2: "Ho"})
    found = [change for wanted in (SAYS_HI, READ_BY_ALL, *OTHERS) for change in guarded(wanted, known)]
    found += guarded(SAYS_HI, applied({M1: "something else"}))
    digests = {change.digest for change in found}
    assert len(digests) == len(found) == len(OTHERS) + 3
    assert {len(digest) for digest in digests} == {16}


def test_neither_who_acts_nor_where_it_is_asked_for_nor_when_makes_another_change() -> None:
    other = replace(manifest(message(M1, "Hi", by=BOB)), name="another", digest=b"another")
    [change] = guarded(SAYS_HI, applied({M1: "Ho"}))
    [same] = guarded(other, applied({M1: "Ho"}, ago=HOUR, doubted=[M1]))
    assert same.digest == change.digest


def approve(refusal: Refusal, ago: timedelta = 0 * SECOND) -> Approval:
    return refusal.approved(reason="planned", by="ann", now=NOW - ago)


def test_an_approved_plan_passes() -> None:
    rewrites, marks = refused(BOTH)
    assert refused(BOTH, approvals=[approve(rewrites), approve(marks)]) == ()


def test_an_approval_is_of_one_guard() -> None:
    rewrites, marks = refused(BOTH)
    assert refused(BOTH, approvals=[approve(rewrites)]) == (marks,)
    assert refused(BOTH, approvals=[approve(marks)]) == (rewrites,)
    stolen = replace(approve(rewrites), guard=DIALOG_MARKS)
    assert refused(BOTH, approvals=[stolen]) == (rewrites, marks)


def test_what_is_left_of_an_approved_plan_passes_too() -> None:
    [refusal] = refused(changes(REWRITES, 42))
    assert refused(changes(REWRITES, 42)[5:], known=12, approvals=[approve(refusal)]) == ()


def test_beside_an_approved_plan_other_changes_count_as_ever() -> None:
    [refusal] = refused(changes(REWRITES, 42))
    assert refused(changes(REWRITES, 72), approvals=[approve(refusal)]) == ()
    [more] = refused(changes(REWRITES, 73), approvals=[approve(refusal)])
    assert (more.figure, more.changes.isdisjoint(refusal.changes)) == (31, True)
    assert refused(changes(REWRITES, 73), approvals=[approve(refusal), approve(more)]) == ()


@pytest.mark.parametrize(
    ("replaces", "passes"),
    [
        pytest.param(2 * MINUTE, True, id="before the approval"),
        pytest.param(MINUTE, False, id="at that moment"),
        pytest.param(SECOND, False, id="after it"),
        pytest.param(None, True, id="never"),
    ],
)
def test_an_approval_covers_what_replaces_something_applied(
    replaces: timedelta | None, *, passes: bool
) -> None:
    [refusal] = refused(changes(REWRITES, 42, replaces=HOUR))
    found = refused(changes(REWRITES, 42, replaces=replaces), approvals=[approve(refusal, MINUTE)])
    assert (found == ()) == passes


def test_a_change_that_was_undone_is_approved_anew() -> None:
    [first] = refused(changes(REWRITES, 42, replaces=HOUR))
    approvals = [approve(first, MINUTE)]
    [again] = refused(changes(REWRITES, 42, replaces=SECOND), approvals=approvals)
    assert again.plan == first.plan
    for order in permutations([*approvals, approve(again)]):
        assert refused(changes(REWRITES, 42, replaces=SECOND), approvals=order) == ()


def test_an_approval_is_later_than_what_it_covers_though_the_clock_was_put_back() -> None:
    found = changes(REWRITES, 42, replaces=-HOUR)
    [refusal] = refused(found)
    assert approve(refusal).at > NOW + HOUR
    assert refused(found, approvals=[approve(refusal)]) == ()


def refusal_of(*numbers: int) -> Refusal:
    [refusal] = refused(changes(DIALOG_MARKS, 1), limits=Limits(dialog_marks=0))
    return replace(refusal, dialogs=frozenset(map(dialog, numbers)))


def test_a_guard_holds_every_call_of_a_dialog_and_leaves_other_dialogs_alone() -> None:
    wanted = replace(
        manifest(message(M1, "Hi", read=[ALICE]), message(M2, read=[BOB]), read=[ALICE]), dialog=dialog(7)
    )
    known = applied({M1: "Ho"}, failed={mark_of(M2, READ, BOB): deferred()})
    plan = plan_dialog(wanted, known, NOW)
    assert hold_guarded(plan, [refusal_of(6, 8)]) is plan
    held = hold_guarded(plan, [refusal_of(6, 7)])
    assert held.actions == ()
    assert held_in_words(held) == [
        "m1 text Hi: guarded",
        "the dialog read by alice: guarded",
        "m1 read by alice: guarded",
        "m2 read by bob: backing off for 60 s",
    ]
    assert held.held[0].detail == refusal_of(7).words


def test_a_dialog_that_two_guards_hold_says_both() -> None:
    wanted = replace(manifest(message(M1, "Hi"), read=[ALICE]), dialog=dialog(7))
    known = applied({M1: "Ho"})
    refusals = refused(guarded(wanted, known), known=10, limits=Limits(rewrites=0, dialog_marks=0))
    held = hold_guarded(plan_dialog(wanted, known, NOW), refusals)
    assert held.refusals == refusals
    assert {each.detail for each in held.held} == {f"{refusals[0].words}; {refusals[1].words}"}
    report = report_dialog(held, ())
    assert (report.condition, report.pending, report.applied) == (Condition.STALLED, 0, 0)
    assert report.held == {HeldReason.GUARDED: 2}
    assert report.note == f"{refusals[0].note}\n{refusals[1].note}"


def test_a_guarded_dialog_says_so_before_what_else_is_held() -> None:
    wanted = replace(manifest(message(M1, "Hi"), message(M2, "Hi")), dialog=dialog(7))
    known = applied({M1: "Ho"}, failed={text_of(M2): rejected(wanted="Hi")})
    refusal = refusal_of(7)
    report = report_dialog(hold_guarded(plan_dialog(wanted, known, NOW), [refusal]), ())
    assert (report.note, report.held) == (refusal.note, {HeldReason.GUARDED: 1, HeldReason.REJECTED: 1})
    assert report.due_at is None


@given(situations)
def test_only_what_would_be_sent_counts_and_each_change_once(situation: Situation) -> None:
    found = guarded(*situation)
    actions = plan_dialog(*situation, NOW).actions
    sent = [change for action in actions for change in action.changes]
    asserted = sum(isinstance(change, DialogMarkChange) for change in sent)
    assert len({change.digest for change in found}) == len(found) <= len(sent)
    assert sum(change.guard is DIALOG_MARKS for change in found) <= asserted


@given(situations)
def test_what_waits_for_another_attempt_counts_neither_now_nor_at_once(situation: Situation) -> None:
    """The daemon waits where a person's command doesn't; both must come to the same id."""
    wanted, known = situation
    impatient = {
        key: replace(failed, retry_at=None) if failed.setback is Setback.DEFERRED else failed
        for key, failed in known.failed.items()
    }
    at_once = guarded(wanted, replace(known, failed=impatient))
    assert {change.digest for change in guarded(wanted, known)} == {change.digest for change in at_once}
