"""A plan does what its manifest asks for, once, in its order, and touches nothing else."""

from collections import Counter
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.core.action import Action, MarkDialog, UpdateMessage
from reconciler.core.applied import AppliedMark
from reconciler.core.diff import Change
from reconciler.core.manifest import DeclaredUsers, Manifest, Suspend
from reconciler.core.message import Mark, UserId
from reconciler.core.message_text import MessageText
from reconciler.core.plan import plan_dialog
from tests.core.builders import HERE, NOW, USERS
from tests.core.chat_model import STRANGER, service_as_known
from tests.core.goals import (
    Goal,
    declared,
    declared_dialog_marks,
    declared_marks,
    declared_texts,
    due_goals,
    ready_goals,
)
from tests.core.situations import Situation, in_sync, manifests, situations, suspensions


@given(situations, suspensions)
def test_every_change_stands_in_exactly_one_place(situation: Situation, suspend: Suspend | None) -> None:
    wanted = replace(situation.manifest, suspend=suspend)
    plan = plan_dialog(wanted, situation.applied, NOW)
    sent = Counter(change.key for action in plan.actions for change in action.changes)
    held = Counter(held.change.key for held in plan.held)
    assert sent == Counter(ready_goals(wanted, situation.applied, NOW))
    assert sent + held == Counter(due_goals(wanted, situation.applied, NOW))


@given(situations)
def test_no_call_carries_what_is_not_declared(situation: Situation) -> None:
    wanted = situation.manifest
    for action in plan_dialog(*situation, NOW).actions:
        assert action.dialog == wanted.dialog
        match action:
            case UpdateMessage(message=which, actor=actor, text=text, marks=marks):
                assert {Goal(which, mark, actor) for mark in marks} <= declared_marks(wanted)
                assert text is None or declared_texts(wanted)[Goal(which, None, None)] == (actor, text)
            case MarkDialog(actor=actor, marks=marks):
                assert {Goal(None, mark, actor) for mark in marks} <= declared_dialog_marks(wanted)


@given(situations)
def test_nothing_that_nobody_declared_changes_at_the_service(situation: Situation) -> None:
    wanted = situation.manifest
    before = service_as_known(situation.applied)
    after = before.after(*plan_dialog(*situation, NOW).actions)
    said = {Goal(which, None, None) for which in before.texts if after.texts[which] != before.texts[which]}
    assert said <= declared_texts(wanted).keys()
    for which, mark, user in after.marks - before.marks:
        assert {Goal(which, mark, user), Goal(None, mark, user)} & (
            declared_marks(wanted) | declared_dialog_marks(wanted)
        )
        assert which != STRANGER or Goal(None, mark, user) in declared_dialog_marks(wanted)


@given(situations)
def test_what_the_ledger_has_is_not_sent_again(situation: Situation) -> None:
    known = situation.applied
    for action in plan_dialog(*situation, NOW).actions:
        if isinstance(action, UpdateMessage):
            last = known.texts.get(action.message)
            assert (
                last is None or not last.certain or action.text is None or action.text.digest() != last.digest
            )
            sent = {AppliedMark(action.message, mark, action.actor) for mark in action.marks}
            assert sent.isdisjoint(known.marks)


@given(manifests, suspensions)
def test_the_plan_of_a_dialog_in_sync_is_empty(wanted: Manifest, suspend: Suspend | None) -> None:
    plan = plan_dialog(replace(wanted, suspend=suspend), in_sync(wanted), NOW)
    assert (plan.actions, plan.held) == ((), ())


@given(manifests, st.data())
def test_an_edit_of_one_text_is_one_call_with_that_text(wanted: Manifest, data: st.DataObject) -> None:
    assume(any(message.text for message in wanted.messages))
    edited = data.draw(st.sampled_from([message for message in wanted.messages if message.text]))
    assert edited.text is not None
    text = replace(edited.text, text=MessageText("something else"))
    messages = tuple(
        replace(message, text=text) if message is edited else message for message in wanted.messages
    )
    plan = plan_dialog(replace(wanted, messages=messages), in_sync(wanted), NOW)
    [action] = plan.actions
    assert isinstance(action, UpdateMessage)
    assert (action.message, action.actor, action.text) == (edited.id, text.actor, text.text)
    assert action.marks == frozenset()


@given(manifests, st.data())
def test_one_more_user_of_a_mark_is_one_call_with_that_mark(wanted: Manifest, data: st.DataObject) -> None:
    missing = [
        (message, user)
        for message in wanted.messages
        for user in USERS
        if Goal(message.id, Mark.READ, user) not in declared_marks(wanted)
    ]
    assume(missing)
    edited, user = data.draw(st.sampled_from(missing))
    others = () if edited.read is None else edited.read.users
    read = DeclaredUsers(users=(*others, user), origin=HERE)
    messages = tuple(
        replace(message, read=read) if message is edited else message for message in wanted.messages
    )
    plan = plan_dialog(replace(wanted, messages=messages), in_sync(wanted, declared(wanted)), NOW)
    [action] = plan.actions
    assert isinstance(action, UpdateMessage)
    assert (action.message, action.actor, action.text) == (edited.id, user, None)
    assert action.marks == {Mark.READ}


def reordered(users: DeclaredUsers | None, data: st.DataObject) -> DeclaredUsers | None:
    return users and replace(users, users=tuple(data.draw(st.permutations(users.users))))


@given(situations, st.data())
def test_the_order_of_a_manifest_is_of_no_matter(situation: Situation, data: st.DataObject) -> None:
    wanted = situation.manifest
    shuffled = replace(
        wanted,
        read=reordered(wanted.read, data),
        delivered=reordered(wanted.delivered, data),
        messages=tuple(
            replace(message, read=reordered(message.read, data), delivered=reordered(message.delivered, data))
            for message in data.draw(st.permutations(wanted.messages))
        ),
    )
    calls = {call_and_changes(action) for action in plan_dialog(*situation, NOW).actions}
    assert calls == {call_and_changes(a) for a in plan_dialog(shuffled, situation.applied, NOW).actions}


def call_and_changes(action: Action) -> tuple[type[Action], UserId, int, frozenset[Change]]:
    return type(action), action.actor, action.attempt, frozenset(action.changes)


@given(situations)
def test_texts_go_before_marks_and_marks_of_the_dialog_last(situation: Situation) -> None:
    actions = plan_dialog(*situation, NOW).actions
    ranks = [_rank(action) for action in actions]
    assert ranks == sorted(ranks)


def _rank(action: Action) -> int:
    match action:
        case UpdateMessage(text=None):
            return 1
        case UpdateMessage():
            return 0
        case MarkDialog():
            return 2
