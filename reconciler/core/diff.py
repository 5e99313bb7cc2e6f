"""What differs between a manifest and the applied state: one change a field, in sending order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core.applied import AppliedMark, AppliedState, AppliedText, DialogMark, FailedAttempt
from reconciler.core.change_key import ChangeKey
from reconciler.core.clock import was_ahead
from reconciler.core.manifest import DeclaredUsers, Manifest
from reconciler.core.message import Mark, MessageId, UserId
from reconciler.core.message_text import MessageText
from reconciler.core.problem import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """A message must say something else."""

    message: MessageId
    actor: UserId
    new: MessageText
    old: AppliedText | None
    origin: Origin

    @property
    def key(self) -> ChangeKey:
        """Give which part of the dialog this is about."""
        return ChangeKey(self.message, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkChange:
    """A message must be marked for a user."""

    message: MessageId
    mark: Mark
    user: UserId
    origin: Origin

    @property
    def key(self) -> ChangeKey:
        """Give which part of the dialog this is about."""
        return ChangeKey(self.message, self.mark, self.user)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogMarkChange:
    """Every message of the dialog must be marked for a user, as the manifest asks by name."""

    mark: Mark
    user: UserId
    requested_at: str | None
    origin: Origin

    @property
    def key(self) -> ChangeKey:
        """Give which part of the dialog this is about."""
        return ChangeKey(None, self.mark, self.user)


Change = TextChange | MarkChange | DialogMarkChange


def diff(manifest: Manifest, applied: AppliedState, now: datetime) -> tuple[Change, ...]:
    """Give every change, texts first, then marks of single messages, then marks of the dialog."""
    return (
        *_texts(manifest, applied),
        *_marks(manifest, applied),
        *_dialog_marks(manifest, applied, now),
    )


def next_assertion(manifest: Manifest, applied: AppliedState, now: datetime) -> datetime | None:
    """Give when the next of the dialog's marks that is not due now becomes due; None where none does."""
    if manifest.interval is None:
        return None
    made = (
        applied.dialog_marks[mark].at
        for mark, _ in _declared_dialog_marks(manifest)
        if mark in applied.dialog_marks
    )
    times = (at + manifest.interval for at in made if not _is_over(manifest.interval, at, now))
    return min(times, default=None)


def tried(change: Change, applied: AppliedState) -> FailedAttempt | None:
    """Give what is remembered of attempts at this very change; those at another text don't count."""
    failed = applied.failed.get(change.key) if applied.failed else None
    if failed is None or (isinstance(change, TextChange) and change.new.digest() != failed.wanted):
        return None
    return failed


def _texts(manifest: Manifest, applied: AppliedState) -> Iterator[TextChange]:
    for message in manifest.messages:
        if message.text is None:
            continue
        old = applied.texts.get(message.id)
        if old is None or not old.certain or old.digest != message.text.text.digest():
            yield TextChange(
                message=message.id,
                actor=message.text.actor,
                new=message.text.text,
                old=old,
                origin=message.text.origin,
            )


def _marks(manifest: Manifest, applied: AppliedState) -> Iterator[MarkChange]:
    for message in manifest.messages:
        for mark, declared in _by_mark(message.read, message.delivered):
            for user in declared.users:
                if AppliedMark(message.id, mark, user) not in applied.marks:
                    yield MarkChange(message=message.id, mark=mark, user=user, origin=declared.origin)


def _dialog_marks(manifest: Manifest, applied: AppliedState, now: datetime) -> Iterator[DialogMarkChange]:
    for dialog_mark, origin in _declared_dialog_marks(manifest):
        last = applied.dialog_marks.get(dialog_mark)
        asked_again = manifest.requested_at is not None
        if (
            last is None
            or (asked_again and last.requested_at != manifest.requested_at)
            or (manifest.interval is not None and _is_over(manifest.interval, last.at, now))
        ):
            yield DialogMarkChange(
                mark=dialog_mark.mark,
                user=dialog_mark.user,
                requested_at=manifest.requested_at,
                origin=origin,
            )


def _is_over(interval: timedelta, since: datetime, now: datetime) -> bool:
    """Tell whether an interval is over: nobody knows when it began where a clock told that was ahead."""
    return now >= since + interval or was_ahead(since, now)


def _declared_dialog_marks(manifest: Manifest) -> Iterator[tuple[DialogMark, Origin]]:
    for mark, declared in _by_mark(manifest.read, manifest.delivered):
        for user in declared.users:
            yield DialogMark(mark, user), declared.origin


def _by_mark(
    read: DeclaredUsers | None, delivered: DeclaredUsers | None
) -> Iterator[tuple[Mark, DeclaredUsers]]:
    if read is not None:
        yield Mark.READ, read
    if delivered is not None:
        yield Mark.DELIVERED, delivered
