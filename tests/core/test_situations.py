"""The properties are only as good as the situations they see: each shape that matters does come up."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import Phase, given, settings

from reconciler.core.action import MarkDialog, UpdateMessage
from reconciler.core.diff import TextChange
from reconciler.core.plan import DialogPlan, plan_dialog
from tests.core.builders import NOW
from tests.core.situations import Situation, situations


def plan_of(situation: Situation) -> DialogPlan:
    return plan_dialog(situation.manifest, situation.applied, NOW)


def updates(plan: DialogPlan) -> list[UpdateMessage]:
    return [action for action in plan.actions if isinstance(action, UpdateMessage)]


def whole(plan: DialogPlan) -> list[MarkDialog]:
    return [action for action in plan.actions if isinstance(action, MarkDialog)]


def covers_marks_of_all_messages(_: Situation, plan: DialogPlan) -> bool:
    return any(len({change.message for change in action.covered}) == 3 for action in whole(plan))


def covers_some_marks_of_a_user_and_not_all(_: Situation, plan: DialogPlan) -> bool:
    covering = {action.actor for action in whole(plan) if action.covered}
    return bool(covering & {action.actor for action in updates(plan) if action.marks})


def sends_rejects_and_backs_off(_: Situation, plan: DialogPlan) -> bool:
    return bool(plan.actions) and len({held.reason for held in plan.held}) == 2


def a_text_replaces_another(_: Situation, plan: DialogPlan) -> bool:
    changes = [change for action in updates(plan) for change in action.changes]
    return any(isinstance(change, TextChange) and change.old is not None for change in changes)


def marks_wait_with_the_dialog(situation: Situation, plan: DialogPlan) -> bool:
    return any(held.change.key not in situation.applied.failed for held in plan.held)


def a_covered_mark_was_backing_off(situation: Situation, plan: DialogPlan) -> bool:
    failed = situation.applied.failed
    waits = {key for key, failure in failed.items() if failure.retry_at and failure.retry_at > NOW}
    return any(change.key in waits for action in whole(plan) for change in action.covered)


def a_text_goes_alone_beside_its_marks(_: Situation, plan: DialogPlan) -> bool:
    alone = {(a.message, a.actor) for a in updates(plan) if a.text and not a.marks}
    return any((a.message, a.actor) in alone for a in updates(plan) if a.text is None)


def a_text_in_doubt_is_sent_again(_: Situation, plan: DialogPlan) -> bool:
    changes = [c for a in updates(plan) for c in a.changes if isinstance(c, TextChange)]
    return any(c.old is not None and c.old.digest == c.new.digest() for c in changes)


SHAPES: dict[str, Callable[[Situation, DialogPlan], bool]] = {
    "nine calls": lambda _, p: len(p.actions) >= 9,
    "a text and both marks in one call": lambda _, p: any(a.text and len(a.marks) == 2 for a in updates(p)),
    "one message by three users": lambda _, p: 3 in Counter(a.message for a in updates(p)).values(),
    "a text that replaces another": a_text_replaces_another,
    "marks of all messages covered": covers_marks_of_all_messages,
    "both marks of the dialog in one call": lambda _, p: any(len(a.marks) == 2 for a in whole(p)),
    "one of two marks of the dialog": lambda _, p: any(len(a.marks) == 1 for a in whole(p)),
    "some marks of a user covered and some not": covers_some_marks_of_a_user_and_not_all,
    "sent, rejected and backing off at once": sends_rejects_and_backs_off,
    "a second attempt": lambda _, p: any(action.attempt == 2 for action in p.actions),
    "a mark that waits with the dialog": marks_wait_with_the_dialog,
    "a text alone, and its author's marks": a_text_goes_alone_beside_its_marks,
    "a text in doubt that is sent again": a_text_in_doubt_is_sent_again,
    "a mark that was backing off and is covered": a_covered_mark_was_backing_off,
}


@pytest.mark.slow
def test_the_properties_see_every_shape_that_matters() -> None:
    seen: set[str] = set()

    @settings(max_examples=500, phases=[Phase.generate], derandomize=True)
    @given(situations)
    def look_at(situation: Situation) -> None:
        plan = plan_of(situation)
        seen.update(name for name, has in SHAPES.items() if has(situation, plan))

    look_at()
    assert seen == SHAPES.keys()
