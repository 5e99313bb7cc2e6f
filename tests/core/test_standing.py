"""Every declared part is shown once, and stands as the plan says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given

from reconciler.core.condition import HeldReason
from reconciler.core.manifest import Suspend
from reconciler.core.plan import plan_dialog
from reconciler.core.standing import MessageStanding, Part, PartState, standings
from tests.core.builders import (
    ALICE,
    BOB,
    M1,
    M2,
    NOTHING,
    NOW,
    READ,
    applied,
    manifest,
    mark_of,
    message,
    rejected,
)
from tests.core.goals import Goal, declared, declared_texts, due_goals, ready_goals
from tests.core.situations import Situation, situations, suspensions


def parts(shown: tuple[MessageStanding, ...]) -> Iterator[tuple[Goal, Part]]:
    for standing in shown:
        for part in standing.parts:
            yield Goal(standing.message, part.mark, None if part.mark is None else part.user), part


@given(situations, suspensions)
def test_what_is_declared_stands_once_as_applied_pending_or_held(
    situation: Situation, suspend: Suspend | None
) -> None:
    wanted = replace(situation.manifest, suspend=suspend)
    shown = list(parts(standings(plan_dialog(wanted, situation.applied, NOW))))
    assert Counter(goal for goal, _ in shown) == Counter(declared(wanted))
    due, ready = due_goals(wanted, situation.applied, NOW), ready_goals(wanted, situation.applied, NOW)
    assert {goal for goal, part in shown if part.state is PartState.APPLIED} == declared(wanted) - due
    assert {goal for goal, part in shown if part.state is PartState.PENDING} == ready
    assert {goal for goal, part in shown if part.state is PartState.HELD} == due - ready


@given(situations)
def test_what_holds_a_part_and_what_a_text_replaces_is_said(situation: Situation) -> None:
    plan = plan_dialog(*situation, NOW)
    held = {held.change.key: (held.reason, held.detail, held.until) for held in plan.held}
    texts = declared_texts(situation.manifest)
    due = due_goals(*situation, NOW)
    for goal, part in parts(standings(plan)):
        assert (part.reason, part.detail, part.until) == held.get(goal, (None, "", None))
        if goal in texts:
            assert (part.user, part.new) == texts[goal]
            last = situation.applied.texts.get(goal.message) if goal.message else None
            assert part.old == (last if goal in due else None)
        else:
            assert (part.new, part.old) == (None, None)


def test_the_marks_of_the_whole_dialog_come_first_and_then_each_message_in_its_place() -> None:
    wanted = manifest(message(M2, "Hi", read=[BOB]), message(M1, read=[ALICE]), read=[ALICE, BOB])
    shown = standings(plan_dialog(wanted, NOTHING, NOW))
    assert [standing.message for standing in shown] == [None, M2, M1]
    assert [[(part.mark, part.user) for part in standing.parts] for standing in shown] == [
        [(READ, ALICE), (READ, BOB)],
        [(None, ALICE), (READ, BOB)],
        [(READ, ALICE)],
    ]


def test_a_message_of_which_nothing_is_declared_is_left_out() -> None:
    assert standings(plan_dialog(manifest(message(M1)), NOTHING, NOW)) == ()


def test_a_change_that_was_refused_is_held_and_says_why() -> None:
    known = applied(failed={mark_of(M1, READ, BOB): rejected()})
    (standing,) = standings(plan_dialog(manifest(message(M1, read=[ALICE, BOB])), known, NOW))
    fine, refused = standing.parts
    assert (fine.state, fine.reason) == (PartState.PENDING, None)
    assert (refused.state, refused.reason, refused.detail) == (
        PartState.HELD,
        HeldReason.REJECTED,
        "403 no permission",
    )
