"""Where a dialog ends up: at its manifest, in one pass, from anywhere, and whatever went wrong on the way."""

from dataclasses import replace
from enum import Enum, auto

from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.core.action import Action
from reconciler.core.applied import AppliedState, Setback
from reconciler.core.plan import plan_dialog
from tests.core.builders import MINUTE, NOW
from tests.core.chat_model import Service, remember_applied, remember_failed, service_as_known
from tests.core.goals import Goals, is_met, ready_goals
from tests.core.situations import Situation, situations, untroubled

LATER = NOW + 5 * MINUTE
"""When every wait of the situations is over."""


def all_met(goals: Goals, situation: Situation, service: Service) -> bool:
    return all(is_met(goal, situation.manifest, service) for goal in goals)


@given(situations)
def test_one_pass_brings_the_service_to_all_that_is_not_held(situation: Situation) -> None:
    plan = plan_dialog(*situation, NOW)
    service = service_as_known(situation.applied).after(*plan.actions)
    assert all_met(ready_goals(*situation, NOW), situation, service)


@given(situations)
def test_after_a_pass_nothing_is_left_but_what_is_held(situation: Situation) -> None:
    plan = plan_dialog(*situation, NOW)
    again = plan_dialog(situation.manifest, remember_applied(situation.applied, plan.actions), NOW)
    assert (again.actions, again.held) == ((), plan.held)


@given(untroubled)
def test_where_nothing_has_failed_nothing_is_held(situation: Situation) -> None:
    plan = plan_dialog(*situation, NOW)
    again = plan_dialog(situation.manifest, remember_applied(situation.applied, plan.actions), NOW)
    assert (plan.held, again.actions, again.held) == ((), (), ())


@given(situations, st.data())
def test_any_one_call_left_out_leaves_something_undone(situation: Situation, data: st.DataObject) -> None:
    plan = plan_dialog(*situation, NOW)
    assume(plan.actions)
    left_out = data.draw(st.sampled_from(plan.actions))
    others = [action for action in plan.actions if action is not left_out]
    service = service_as_known(situation.applied).after(*others)
    assert not all_met(ready_goals(*situation, NOW), situation, service)
    again = plan_dialog(situation.manifest, remember_applied(situation.applied, others), NOW)
    assert again.actions == (left_out,)


class Fate(Enum):
    """What may come of a call."""

    APPLIED = auto()
    DEFERRED = auto()
    NEVER_SENT = auto()
    IN_DOUBT = auto()
    """The service did it, and the answer was lost in a crash."""


def live_through(
    fates: dict[Action, Fate], service: Service, applied: AppliedState
) -> tuple[Service, AppliedState]:
    done = [action for action, fate in fates.items() if fate in {Fate.APPLIED, Fate.IN_DOUBT}]
    known = [action for action, fate in fates.items() if fate is Fate.APPLIED]
    deferred = [action for action, fate in fates.items() if fate is Fate.DEFERRED]
    remembered = remember_failed(remember_applied(applied, known), deferred, Setback.DEFERRED)
    return service.after(*done), remembered


@given(situations, st.data())
def test_whatever_became_of_the_calls_the_next_pass_ends_at_the_same_state(
    situation: Situation, data: st.DataObject
) -> None:
    actions = plan_dialog(*situation, NOW).actions
    fates = dict(zip(actions, data.draw(st.tuples(*[st.sampled_from(Fate)] * len(actions))), strict=True))
    service, remembered = live_through(fates, service_as_known(situation.applied), situation.applied)
    service = service.after(*plan_dialog(situation.manifest, remembered, LATER).actions)
    assert all_met(ready_goals(*situation, NOW), situation, service)


@given(situations, st.data())
def test_what_was_confirmed_is_not_sent_again_by_the_next_pass(
    situation: Situation, data: st.DataObject
) -> None:
    wanted = replace(situation.manifest, interval=None)
    actions = plan_dialog(wanted, situation.applied, NOW).actions
    confirmed = data.draw(st.sets(st.sampled_from(actions))) if actions else set[Action]()
    remembered = remember_applied(situation.applied, confirmed)
    again = plan_dialog(wanted, remembered, LATER).actions
    done = {change.key for action in confirmed for change in action.changes}
    assert not done & {change.key for action in again for change in action.changes}
