"""Where a dialog ends up: at its manifest, in one pass, from anywhere, and whatever went wrong on the way."""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum, auto

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.action import Action
from reconciler.core.applied import AppliedState, Setback
from reconciler.core.plan import plan_dialog
from tests.core.builders import MINUTE, NOW
from tests.core.chat_model import Service, asked_for, remember_applied, remember_failed, service_as_known
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


@given(situations)
def test_any_one_call_left_out_leaves_something_undone(situation: Situation) -> None:
    plan = plan_dialog(*situation, NOW)
    for left_out in plan.actions:
        others = [action for action in plan.actions if action is not left_out]
        service = service_as_known(situation.applied).after(*others)
        assert not all_met(ready_goals(*situation, NOW), situation, service)
        again = plan_dialog(situation.manifest, remember_applied(situation.applied, others), NOW)
        assert again.actions == (left_out,)


class Fate(Enum):
    """What may come of a call."""

    APPLIED = auto()
    DEFERRED = auto()
    REJECTED = auto()
    NEVER_SENT = auto()
    IN_DOUBT = auto()
    """The service did it, and the answer was lost in a crash."""


Fates = Mapping[Fate, tuple[Action, ...]]


@st.composite
def fates_of(draw: st.DrawFn, actions: tuple[Action, ...]) -> Fates:
    drawn = draw(st.tuples(*[st.sampled_from(Fate)] * len(actions)))
    return {
        fate: tuple(action for action, its in zip(actions, drawn, strict=True) if its is fate)
        for fate in Fate
    }


def remember(applied: AppliedState, fates: Fates) -> AppliedState:
    applied = remember_applied(applied, fates[Fate.APPLIED])
    applied = remember_failed(applied, fates[Fate.DEFERRED], Setback.DEFERRED)
    return remember_failed(applied, fates[Fate.REJECTED], Setback.REJECTED)


@given(situations, st.data())
def test_whatever_became_of_the_calls_the_next_pass_ends_where_it_should(
    situation: Situation, data: st.DataObject
) -> None:
    wanted, known = situation
    fates = data.draw(fates_of(plan_dialog(wanted, known, NOW).actions))
    service = service_as_known(known).after(*fates[Fate.APPLIED], *fates[Fate.IN_DOUBT])
    service = service.after(*plan_dialog(wanted, remember(known, fates), LATER).actions)
    refused = {change.key for action in fates[Fate.REJECTED] for change in asked_for(action)}
    assert all_met(ready_goals(wanted, known, NOW) - refused, situation, service)


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
