"""No plan could do with fewer calls, proven against a search that shares nothing with the planner."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import event, given

from reconciler.core.action import UpdateMessage
from reconciler.core.manifest import Manifest
from reconciler.core.message import MessageId
from reconciler.core.plan import plan_dialog
from tests.core.builders import ALICE, BOB, CAROL, M1, M2, MINUTE, NOTHING, NOW, manifest, message, text_of
from tests.core.chat_model import remember_applied, service_as_known
from tests.core.goals import fewest_calls, goals_alone, is_met, ready_goals
from tests.core.situations import Situation, situations

LATER = NOW + 5 * MINUTE
"""When every wait of the situations is over."""


@given(situations)
def test_no_smaller_set_of_calls_reaches_the_goals(situation: Situation) -> None:
    calls = len(plan_dialog(*situation, NOW).actions)
    event(f"{calls} calls")
    alone = goals_alone(*situation)
    assert calls == fewest_calls(situation.manifest, ready_goals(*situation, NOW), alone)


@pytest.mark.parametrize(
    ("wanted", "calls"),
    [
        pytest.param(manifest(), 0, id="nothing"),
        pytest.param(manifest(message(M1, "Hi", read=[ALICE], delivered=[ALICE])), 1, id="one user"),
        pytest.param(manifest(message(M1, "Hi", read=[BOB], delivered=[CAROL])), 3, id="three users"),
        pytest.param(manifest(message(M1, read=[ALICE]), message(M2, read=[ALICE])), 2, id="two messages"),
        pytest.param(manifest(read=[ALICE], delivered=[ALICE]), 1, id="the dialog by one user"),
        pytest.param(manifest(read=[ALICE], delivered=[BOB]), 2, id="the dialog by two users"),
        pytest.param(manifest(message(M1, read=[ALICE]), read=[ALICE]), 1, id="covered"),
        pytest.param(manifest(message(M1, "Hi", read=[ALICE, BOB]), read=[ALICE]), 3, id="some covered"),
    ],
)
def test_the_search_counts_as_a_person_would(wanted: Manifest, calls: int) -> None:
    assert fewest_calls(wanted, ready_goals(wanted, NOTHING, NOW)) == calls


@given(situations)
def test_a_message_is_put_once_a_user_and_the_dialog_once_a_user(situation: Situation) -> None:
    alone = goals_alone(*situation)
    puts = Counter(
        (action.message if isinstance(action, UpdateMessage) else action.dialog, action.actor)
        for action in plan_dialog(*situation, NOW).actions
        if alone.isdisjoint(change.key for change in action.changes)
    )
    assert all(count == 1 for count in puts.values())


@given(situations)
def test_a_text_that_was_refused_with_marks_is_put_without_any(situation: Situation) -> None:
    alone = goals_alone(*situation)
    for action in plan_dialog(*situation, NOW).actions:
        if not alone.isdisjoint(change.key for change in action.changes):
            assert len(action.changes) == 1


@pytest.mark.parametrize(
    ("alone", "calls"), [([], 1), ([M1], 2), ([M1, M2], 2)], ids=["none", "the text", "another's text too"]
)
def test_the_search_puts_a_text_without_the_marks_where_it_goes_alone(
    alone: list[MessageId], calls: int
) -> None:
    wanted = manifest(message(M1, "Hi", read=[ALICE], delivered=[ALICE]))
    goals = ready_goals(wanted, NOTHING, NOW)
    assert fewest_calls(wanted, goals, frozenset(map(text_of, alone))) == calls


@given(situations)
def test_no_call_is_made_that_a_call_of_another_pass_makes_needless(situation: Situation) -> None:
    wanted = replace(situation.manifest, interval=None)
    goals = ready_goals(wanted, situation.applied, NOW) | ready_goals(wanted, situation.applied, LATER)
    first = plan_dialog(wanted, situation.applied, NOW).actions
    second = plan_dialog(wanted, remember_applied(situation.applied, first), LATER).actions
    for left_out in (*first, *second):
        made = [action for action in (*first, *second) if action is not left_out]
        service = service_as_known(situation.applied).after(*made)
        assert not all(is_met(goal, wanted, service) for goal in goals)
