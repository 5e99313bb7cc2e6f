"""What a manifest asks for, and the fewest calls for it, found by trying: nothing here is the planner's.

A goal is one thing that must come true. A call is known by the goals that it makes true.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, combinations

from reconciler.core.applied import AppliedDialogMark, AppliedMark, AppliedState, DialogMark, Setback
from reconciler.core.change_key import ChangeKey
from reconciler.core.manifest import Manifest
from reconciler.core.message import Mark, UserId
from reconciler.core.message_text import MessageText
from tests.core.chat_model import Service

Goal = ChangeKey
Goals = frozenset[Goal]


def declared_texts(manifest: Manifest) -> dict[Goal, tuple[UserId, MessageText]]:
    return {
        Goal(message.id, None, None): (message.text.actor, message.text.text)
        for message in manifest.messages
        if message.text is not None
    }


def declared_marks(manifest: Manifest) -> set[Goal]:
    """Give the marks of single messages that are declared."""
    return {
        Goal(message.id, mark, user)
        for message in manifest.messages
        for mark, declared in ((Mark.READ, message.read), (Mark.DELIVERED, message.delivered))
        if declared is not None
        for user in declared.users
    }


def declared_dialog_marks(manifest: Manifest) -> set[Goal]:
    return {
        Goal(None, mark, user)
        for mark, declared in ((Mark.READ, manifest.read), (Mark.DELIVERED, manifest.delivered))
        if declared is not None
        for user in declared.users
    }


def declared(manifest: Manifest) -> Goals:
    """Give all that is declared, done or not."""
    texts = declared_texts(manifest).keys()
    return frozenset(texts | declared_marks(manifest) | declared_dialog_marks(manifest))


def due_goals(manifest: Manifest, applied: AppliedState, now: datetime) -> Goals:
    """Give all that is declared and not applied, or to be asserted again."""
    said = {Goal(which, None, None): text.digest for which, text in applied.texts.items() if text.certain}
    done = {Goal(*mark) for mark in applied.marks}
    asserted = {Goal(None, *mark): last for mark, last in applied.dialog_marks.items()}
    texts = {goal for goal, (_, text) in declared_texts(manifest).items() if said.get(goal) != text.digest()}
    dialog = {goal for goal in declared_dialog_marks(manifest) if _is_due(asserted.get(goal), manifest, now)}
    return frozenset(texts | (declared_marks(manifest) - done) | dialog)


def _is_due(last: AppliedDialogMark | None, manifest: Manifest, now: datetime) -> bool:
    if last is None:
        return True
    over = manifest.interval is not None and now - last.at >= manifest.interval
    return over or manifest.requested_at not in (None, last.requested_at)


def ready_goals(manifest: Manifest, applied: AppliedState, now: datetime) -> Goals:
    """Give the due goals that nothing holds."""
    due = due_goals(manifest, applied, now)
    if manifest.suspend is not None and now < manifest.suspend.until:
        return frozenset()
    rejected = {goal for goal in due if _failed_by(goal, Setback.REJECTED, manifest, applied, now)}
    waiting = {goal for goal in due if _failed_by(goal, Setback.DEFERRED, manifest, applied, now)}
    tried = due - rejected - waiting
    made_too = {goal for goal in waiting if goal.message and goal._replace(message=None) in tried}
    waits_with = {goal for goal in tried if goal.message and goal._replace(message=None) in waiting}
    return frozenset((tried | made_too) - waits_with)


def _failed_by(
    goal: Goal, setback: Setback, manifest: Manifest, applied: AppliedState, now: datetime
) -> bool:
    failed = applied.failed.get(goal)
    if failed is None or failed.setback is not setback:
        return False
    if setback is Setback.REJECTED:
        return failed.manifest == manifest.digest
    text = declared_texts(manifest).get(goal)
    same_value = text is None or failed.wanted == text[1].digest()
    return same_value and failed.retry_at is not None and now < failed.retry_at


def is_met(goal: Goal, manifest: Manifest, service: Service) -> bool:
    """Tell whether the service is as a goal wants it."""
    match goal:
        case ChangeKey(message=None, mark=Mark() as mark, user=UserId() as user):
            return DialogMark(mark, user) in service.events
        case ChangeKey(message=message, mark=Mark() as mark, user=UserId() as user) if message is not None:
            return AppliedMark(message, mark, user) in service.marks
        case _:
            assert goal.message is not None
            return service.texts[goal.message] == declared_texts(manifest)[goal][1].reveal()


def goals_alone(manifest: Manifest, applied: AppliedState) -> Goals:
    """Give the texts that were refused together with marks: they are to be tried without."""
    texts = declared_texts(manifest)
    return frozenset(
        goal
        for goal, failed in applied.failed.items()
        if failed.alone and goal in texts and failed.wanted == texts[goal][1].digest()
    )


def legal_calls(manifest: Manifest, goals: Goals, alone: Goals = frozenset()) -> set[Goals]:
    """Give the goals met by each call that could be made without touching what nobody declared.

    A call for one message carries any of what is declared of it for one user, but nothing beside a
    text that goes `alone`. A call for the dialog carries marks of one user that are goals themselves.
    """
    single = {
        frozenset(fields)
        for message in manifest.messages
        for user in _users(manifest)
        for fields in _subsets(
            goal
            for goal in declared(manifest)
            if goal.message == message.id and user == _actor(goal, manifest)
        )
        if len(fields) == 1 or alone.isdisjoint(fields)
    }
    whole = {
        frozenset(goal for goal in goals if goal.user == user and any(goal.mark == m.mark for m in marks))
        for user in _users(manifest)
        for marks in _subsets(goal for goal in goals if goal.message is None and goal.user == user)
    }
    return {call & goals for call in single | whole} - {frozenset()}


def _actor(goal: Goal, manifest: Manifest) -> UserId:
    return goal.user or declared_texts(manifest)[goal][0]


def _users(manifest: Manifest) -> set[UserId]:
    return {_actor(goal, manifest) for goal in declared(manifest)}


def _subsets(goals: Iterable[Goal]) -> Iterator[tuple[Goal, ...]]:
    several = tuple(goals)
    return chain.from_iterable(combinations(several, size) for size in range(1, len(several) + 1))


def fewest_calls(manifest: Manifest, goals: Goals, alone: Goals = frozenset()) -> int:
    """Give the least number of legal calls that meet all goals, by breadth-first search.

    What is met stays met, so the order of calls is of no matter: each step may as well be one
    that meets the first goal that is not met yet.
    """
    bits = {goal: 1 << place for place, goal in enumerate(goals)}
    calls = [sum(bits[goal] for goal in call) for call in legal_calls(manifest, goals, alone)]
    everything = (1 << len(bits)) - 1
    reached, steps = {0}, 0
    while everything not in reached:
        steps += 1
        reached = {met | call for met in reached for call in calls if call & _first_unmet(met)}
    return steps


def _first_unmet(met: int) -> int:
    return ~met & (met + 1)
