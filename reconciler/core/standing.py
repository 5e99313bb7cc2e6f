"""How each declared part of one dialog stands, for a reader: a function of its plan.

| a part | is |
|---|---|
| stands in an action of the plan | pending |
| stands in a held item of the plan | held, and why |
| neither | applied |
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from reconciler.core.applied import AppliedText
from reconciler.core.change_key import ChangeKey
from reconciler.core.condition import HeldReason
from reconciler.core.diff import TextChange
from reconciler.core.manifest import DeclaredText, DeclaredUsers, Manifest
from reconciler.core.message import Mark, MessageId, UserId
from reconciler.core.message_text import MessageText
from reconciler.core.plan import DialogPlan
from reconciler.core.problem import Origin


class PartState(StrEnum):
    """How one part stands."""

    APPLIED = "applied"
    PENDING = "pending"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One text, or one mark of one user.

    `mark` is None for a text, `user` who has the mark or whose text it is. `reason`, `detail` and
    `until` say what holds it. `old` is the text that a change replaces, where the ledger has it.
    """

    mark: Mark | None
    user: UserId
    origin: Origin
    state: PartState
    reason: HeldReason | None = None
    detail: str = ""
    until: datetime | None = None
    old: AppliedText | None = None
    new: MessageText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStanding:
    """What is declared of one message, in the manifest's order; `message` is None for the whole dialog."""

    message: MessageId | None
    origin: Origin
    parts: tuple[Part, ...]


def standings(plan: DialogPlan) -> tuple[MessageStanding, ...]:
    """Give how every declared part stands by this plan: the dialog's own marks first, then its messages."""
    return tuple(standing for standing in _Standings(plan).all() if standing.parts)


class _Standings:
    def __init__(self, plan: DialogPlan) -> None:
        self._manifest = plan.manifest
        self._pending = {change.key: change for action in plan.actions for change in action.changes}
        self._held = {held.change.key: held for held in plan.held}

    def all(self) -> Iterator[MessageStanding]:
        manifest: Manifest = self._manifest
        whole = (
            *self._marks(None, Mark.READ, manifest.read),
            *self._marks(None, Mark.DELIVERED, manifest.delivered),
        )
        yield MessageStanding(message=None, origin=manifest.origin, parts=whole)
        for message in manifest.messages:
            parts = (
                *self._text(message.id, message.text),
                *self._marks(message.id, Mark.READ, message.read),
                *self._marks(message.id, Mark.DELIVERED, message.delivered),
            )
            yield MessageStanding(message=message.id, origin=message.origin, parts=parts)

    def _text(self, message: MessageId, declared: DeclaredText | None) -> Iterator[Part]:
        if declared is not None:
            yield self._part(
                ChangeKey(message, None, None), None, declared.actor, declared.origin, declared.text
            )

    def _marks(self, message: MessageId | None, mark: Mark, declared: DeclaredUsers | None) -> Iterator[Part]:
        if declared is None:
            return
        for user in declared.users:
            yield self._part(ChangeKey(message, mark, user), mark, user, declared.origin, None)

    def _part(
        self, key: ChangeKey, mark: Mark | None, user: UserId, origin: Origin, text: MessageText | None
    ) -> Part:
        part = Part(mark=mark, user=user, origin=origin, state=PartState.APPLIED, new=text)
        if (held := self._held.get(key)) is not None:
            part = replace(
                part, state=PartState.HELD, reason=held.reason, detail=held.detail, until=held.until
            )
        elif key in self._pending:
            part = replace(part, state=PartState.PENDING)
        change = held.change if held is not None else self._pending.get(key)
        return replace(part, old=change.old) if isinstance(change, TextChange) else part
