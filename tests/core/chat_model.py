"""What calls do, told twice: to the chat service, and to the ledger that remembers the answers.

Written from the vendor's *Update Message* page and from the meaning of the applied state; it
knows nothing of how a plan is made.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from reconciler.core.action import Action, MarkDialog, UpdateMessage
from reconciler.core.applied import (
    AppliedDialogMark,
    AppliedMark,
    AppliedState,
    AppliedText,
    DialogMark,
    FailedAttempt,
    Setback,
)
from reconciler.core.diff import Change, DialogMarkChange, MarkChange, TextChange
from reconciler.core.message import MessageId
from tests.core.builders import MESSAGES, MINUTE, NOW, THIS

STRANGER: Final = MessageId("9" * 24)
"""A message of the dialog that no manifest declares."""

RETRY_AT: Final = NOW + MINUTE
"""When what was deferred is to be tried again."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """The dialog as the service holds it; `events` are the whole-dialog marks that were made."""

    texts: dict[MessageId, str]
    marks: frozenset[AppliedMark]
    events: frozenset[DialogMark] = frozenset()

    def after(self, *actions: Action) -> "Service":
        service = self
        for action in actions:
            service = service._after_one(action)
        return service

    def _after_one(self, action: Action) -> "Service":
        match action:
            case UpdateMessage(message=which, actor=actor, text=text, marks=marks):
                said = {} if text is None else {which: text.reveal()}
                added = frozenset(AppliedMark(which, mark, actor) for mark in marks)
                return replace(self, texts=self.texts | said, marks=self.marks | added)
            case MarkDialog(actor=actor, marks=marks):
                added = frozenset(AppliedMark(each, mark, actor) for each in self.texts for mark in marks)
                events = frozenset(DialogMark(mark, actor) for mark in marks)
                return replace(self, marks=self.marks | added, events=self.events | events)


def service_as_known(applied: AppliedState) -> Service:
    """Give a service in which exactly what the ledger remembers was done."""
    texts = dict.fromkeys((*MESSAGES, STRANGER), "what nobody declared")
    known = {
        which: text.text.reveal() if text.certain else "what a lost call said"
        for which, text in applied.texts.items()
        if text.text is not None
    }
    return Service(texts=texts | known, marks=frozenset(applied.marks))


def remember_applied(applied: AppliedState, actions: Iterable[Action], at: datetime = NOW) -> AppliedState:
    """Give what the ledger knows once the service has confirmed `actions`."""
    texts, marks = dict(applied.texts), set(applied.marks)
    dialog_marks, failed = dict(applied.dialog_marks), dict(applied.failed)
    for action in actions:
        for change in action.changes:
            failed.pop(change.key, None)
            match change:
                case TextChange(message=which, new=new):
                    texts[which] = AppliedText(digest=new.digest(), text=new, at=at)
                case MarkChange(message=which, mark=mark, user=user):
                    marks.add(AppliedMark(which, mark, user))
                case DialogMarkChange(mark=mark, user=user, requested_at=asked):
                    dialog_marks[DialogMark(mark, user)] = AppliedDialogMark(at=at, requested_at=asked)
    return AppliedState(texts=texts, marks=frozenset(marks), dialog_marks=dialog_marks, failed=failed)


def remember_failed(applied: AppliedState, actions: Iterable[Action], setback: Setback) -> AppliedState:
    """Give what the ledger knows once the service has deferred or rejected `actions`.

    A mark that a call for the dialog covered was not asked for by itself: it has not failed.
    """
    failed = dict(applied.failed)
    for action in actions:
        for change in asked_for(action):
            failed[change.key] = FailedAttempt(
                setback=setback,
                manifest=THIS,
                wanted=change.new.digest() if isinstance(change, TextChange) else None,
                attempts=action.attempt,
                retry_at=RETRY_AT if setback is Setback.DEFERRED else None,
                status=503 if setback is Setback.DEFERRED else 403,
                words="",
            )
    return replace(applied, failed=failed)


def asked_for(action: Action) -> tuple[Change, ...]:
    match action:
        case UpdateMessage(changes=changes):
            return changes
        case MarkDialog(asserted=asserted):
            return asserted
