"""What is true of every plan, whatever is declared, known and failed."""

from collections import Counter
from dataclasses import replace

from hypothesis import event, given
from hypothesis import strategies as st

from reconciler.core.action import Action
from reconciler.core.manifest import Suspend
from reconciler.core.plan import DialogPlan, plan_dialog
from tests.core.builders import MINUTE, NOW
from tests.core.chat_model import remember_applied, service_as_known
from tests.core.goals import (
    Goal,
    due_goals,
    fewest_calls,
    is_met,
    ready_goals,
)
from tests.core.situations import Situation, situations, suspensions, untroubled

SOON = NOW + 5 * MINUTE
"""After every deferral of the situations is over."""


def planned(situation: Situation) -> DialogPlan:
    return plan_dialog(situation.manifest, situation.applied, NOW)


def goals_met_by(action: Action) -> list[Goal]:
    return [change.key for change in action.changes]


@given(situations)
def test_one_pass_converges(situation: Situation) -> None:
    plan = planned(situation)
    service = service_as_known(situation.applied).after(*plan.actions)
    for goal in ready_goals(*situation, NOW):
        assert is_met(goal, situation.manifest, service)


@given(situations)
def test_what_was_applied_is_not_planned_again(situation: Situation) -> None:
    plan = planned(situation)
    again = plan_dialog(situation.manifest, remember_applied(situation.applied, plan.actions), NOW)
    assert again.actions == ()
    assert again.held == plan.held


@given(untroubled)
def test_where_nothing_has_failed_nothing_is_held_and_one_pass_is_all(situation: Situation) -> None:
    plan = planned(situation)
    assert plan.held == ()
    again = plan_dialog(situation.manifest, remember_applied(situation.applied, plan.actions), NOW)
    assert (again.actions, again.held) == ((), ())


@given(situations, st.data())
def test_any_one_call_left_out_leaves_something_undone(situation: Situation, data: st.DataObject) -> None:
    plan = planned(situation)
    if not plan.actions:
        return
    left_out = data.draw(st.sampled_from(plan.actions))
    others = [action for action in plan.actions if action is not left_out]
    service = service_as_known(situation.applied).after(*others)
    assert not all(is_met(goal, situation.manifest, service) for goal in ready_goals(*situation, NOW))
    again = plan_dialog(situation.manifest, remember_applied(situation.applied, others), NOW)
    assert again.actions == (left_out,)


@given(situations)
def test_no_smaller_set_of_calls_reaches_the_goals(situation: Situation) -> None:
    calls = len(planned(situation).actions)
    event(f"{calls} calls")
    assert calls == fewest_calls(situation.manifest, ready_goals(*situation, NOW))


@given(situations, suspensions)
def test_every_change_stands_in_exactly_one_place(situation: Situation, suspend: Suspend | None) -> None:
    wanted = replace(situation.manifest, suspend=suspend)
    plan = plan_dialog(wanted, situation.applied, NOW)
    sent = Counter(goal for action in plan.actions for goal in goals_met_by(action))
    held = Counter(held.change.key for held in plan.held)
    assert sent == Counter(ready_goals(wanted, situation.applied, NOW))
    assert sent + held == Counter(due_goals(wanted, situation.applied, NOW))
