"""Small named values and the words to say a plan in, so that a case fits a line."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
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
from reconciler.core.change_key import ChangeKey
from reconciler.core.diff import Change, DialogMarkChange, MarkChange, TextChange
from reconciler.core.manifest import DeclaredMessage, DeclaredText, DeclaredUsers, Manifest, Suspend
from reconciler.core.message import DialogId, Mark, MessageId, UserId
from reconciler.core.message_text import MessageText, TextDigest
from reconciler.core.plan import DialogPlan, Held
from reconciler.core.problem import Origin

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)

DIALOG: Final = DialogId("d" * 24)
M1, M2, M3 = MessageId("1" * 24), MessageId("2" * 24), MessageId("3" * 24)
MESSAGES: Final = (M1, M2, M3)
ALICE, BOB, CAROL = UserId(1), UserId(2), UserId(3)
USERS: Final = (ALICE, BOB, CAROL)
READ, DELIVERED = Mark.READ, Mark.DELIVERED

HERE: Final = Origin("support.yaml", 7, 11)
THIS: Final = b"this manifest"
EARLIER: Final = b"an earlier manifest"

READ_BY_ALICE: Final = DialogMark(READ, ALICE)
DELIVERED_TO_ALICE: Final = DialogMark(DELIVERED, ALICE)

_MESSAGE_NAMES: Final = {M1: "m1", M2: "m2", M3: "m3"}
_USER_NAMES: Final = {ALICE: "alice", BOB: "bob", CAROL: "carol"}


def users(*ids: UserId, origin: Origin = HERE) -> DeclaredUsers | None:
    return DeclaredUsers(users=ids, origin=origin) if ids else None


def message(
    which: MessageId,
    says: str | None = None,
    *,
    by: UserId = ALICE,
    read: Iterable[UserId] = (),
    delivered: Iterable[UserId] = (),
) -> DeclaredMessage:
    text = None if says is None else DeclaredText(text=MessageText(says), actor=by, origin=HERE)
    return DeclaredMessage(id=which, origin=HERE, text=text, read=users(*read), delivered=users(*delivered))


def manifest(
    *messages: DeclaredMessage,
    read: Iterable[UserId] = (),
    delivered: Iterable[UserId] = (),
    interval: timedelta | None = None,
    requested_at: str | None = None,
    suspend: Suspend | None = None,
) -> Manifest:
    return Manifest(
        name="vip-lounge",
        dialog=DIALOG,
        origin=HERE,
        digest=THIS,
        labels={},
        read=users(*read),
        delivered=users(*delivered),
        interval=interval,
        requested_at=requested_at,
        suspend=suspend,
        messages=messages,
    )


def suspended(until: datetime) -> Suspend:
    return Suspend(reason="legal hold", until=until)


def digest(says: str) -> TextDigest:
    return MessageText(says).digest()


def applied(
    texts: Mapping[MessageId, str] | None = None,
    marks: Iterable[tuple[MessageId, Mark, UserId]] = (),
    dialog_marks: Mapping[DialogMark, AppliedDialogMark] | None = None,
    failed: Mapping[ChangeKey, FailedAttempt] | None = None,
    *,
    doubted: Collection[MessageId] = (),
    ago: timedelta = MINUTE,
    under: Iterable[bytes] = (EARLIER,),
) -> AppliedState:
    """Say what the ledger knows; of the texts those of `doubted` messages may say something else by now."""
    return AppliedState(
        texts={
            which: AppliedText(
                digest=digest(says), text=MessageText(says), at=NOW - ago, certain=which not in doubted
            )
            for which, says in (texts or {}).items()
        },
        marks=frozenset(AppliedMark(*mark) for mark in marks),
        dialog_marks=dialog_marks or {},
        failed=failed or {},
        manifests=frozenset(under),
    )


NOTHING: Final = applied()


def marked(ago: timedelta = MINUTE, requested_at: str | None = None) -> AppliedDialogMark:
    return AppliedDialogMark(at=NOW - ago, requested_at=requested_at)


def text_of(which: MessageId) -> ChangeKey:
    return ChangeKey(which, None, None)


def mark_of(which: MessageId | None, mark: Mark, user: UserId) -> ChangeKey:
    """Give the key of a message's mark, or of the dialog's where `which` is None."""
    return ChangeKey(which, mark, user)


def rejected(
    *, under: bytes = THIS, wanted: str | None = None, status: int = 403, words: str = "no permission"
) -> FailedAttempt:
    return FailedAttempt(
        setback=Setback.REJECTED,
        manifest=under,
        wanted=None if wanted is None else digest(wanted),
        attempts=1,
        retry_at=None,
        status=status,
        words=words,
    )


def deferred(
    retry_in: timedelta | None = MINUTE,
    *,
    wanted: str | None = None,
    attempts: int = 1,
    status: int | None = 503,
    words: str = "down",
    alone: bool = False,
) -> FailedAttempt:
    return FailedAttempt(
        setback=Setback.DEFERRED,
        manifest=THIS,
        wanted=None if wanted is None else digest(wanted),
        attempts=attempts,
        retry_at=None if retry_in is None else NOW + retry_in,
        status=status,
        words=words,
        alone=alone,
    )


def actions_in_words(plan: DialogPlan) -> list[str]:
    """Say each call in a line: `alice puts m1: text Hi, read`."""
    return [action_in_words(action) for action in plan.actions]


def action_in_words(action: Action) -> str:
    fields = ", ".join(mark for mark in Mark if mark in action.marks)
    match action:
        case UpdateMessage(message=which, actor=actor, text=text):
            said = None if text is None else f"text {text.reveal()}"
            body = ", ".join(part for part in (said, fields) if part)
            return f"{_USER_NAMES[actor]} puts {_MESSAGE_NAMES[which]}: {body}"
        case MarkDialog(actor=actor, covered=covered):
            line = f"{_USER_NAMES[actor]} puts the dialog: {fields}"
            made_too = ", ".join(f"{_MESSAGE_NAMES[c.message]} {c.mark}" for c in covered)
            return f"{line} (also {made_too})" if made_too else line


def held_in_words(plan: DialogPlan) -> list[str]:
    """Say each held change in a line: `m1 read by alice: rejected`."""
    return [f"{change_in_words(held.change)}: {held.reason}{_until(held)}" for held in plan.held]


def _until(held: Held) -> str:
    return "" if held.until is None else f" for {(held.until - NOW) // SECOND} s"


def change_in_words(change: Change) -> str:
    match change:
        case TextChange(message=which, new=new):
            return f"{_MESSAGE_NAMES[which]} text {new.reveal()}"
        case MarkChange(message=which, mark=mark, user=user):
            return f"{_MESSAGE_NAMES[which]} {mark} by {_USER_NAMES[user]}"
        case DialogMarkChange(mark=mark, user=user):
            return f"the dialog {mark} by {_USER_NAMES[user]}"
