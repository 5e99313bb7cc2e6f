"""Small named entries, so that a case fits a line."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from reconciler.core.action import Action, MarkDialog, UpdateMessage
from reconciler.core.applied import AppliedState
from reconciler.core.call import Call, Intent
from reconciler.core.diff import DialogMarkChange, MarkChange, TextChange
from reconciler.core.message import DialogId, Mark, MessageId, UserId
from reconciler.core.message_text import MessageText
from reconciler.core.outcome import Answer, Answered, Deferred, Unanswered, judge
from reconciler.ledger.writer import Ledger
from tests.core.builders import ALICE, DIALOG, HERE, M1, MINUTE, NOW, THIS

OpenLedger = Callable[[], Ledger]
"""Opens the one ledger of a test; what was open before is closed."""

NOTHING: Final = AppliedState()
"""All that is known of a dialog that was never acted on."""

OTHER_DIALOG: Final = DialogId("e" * 24)

SENT_FOR: Final = timedelta(milliseconds=250)
"""How long each call takes."""

OK: Final = Answered(status=200, request_id="f3a1")
REFUSED: Final = Answered(status=403, words="no permission", request_id="f3a2")
GONE: Final = Answered(status=404, words="no such message", request_id="f3a3")
TOO_FAST: Final = Answered(status=429, words="slow down", retry_after=3.0)
NO_SESSION: Final = Answered(status=401, words="Required session does not exist")
DOWN: Final = Answered(status=503, words="unavailable")
LOST: Final = Unanswered(words="the connection was lost", sent=True)
NOT_SENT: Final = Unanswered(words="connection refused", sent=False)


def put_text(
    says: str,
    *marks: Mark,
    of: MessageId = M1,
    by: UserId = ALICE,
    dialog: DialogId = DIALOG,
    attempt: int = 1,
) -> UpdateMessage:
    change = TextChange(message=of, actor=by, new=MessageText(says), old=None, origin=HERE)
    return UpdateMessage(
        dialog=dialog, message=of, actor=by, changes=(change, *mark_changes(of, by, marks)), attempt=attempt
    )


def put_marks(
    *marks: Mark, of: MessageId = M1, by: UserId = ALICE, dialog: DialogId = DIALOG, attempt: int = 1
) -> UpdateMessage:
    return UpdateMessage(
        dialog=dialog, message=of, actor=by, changes=mark_changes(of, by, marks), attempt=attempt
    )


def put_dialog(
    *marks: Mark,
    by: UserId = ALICE,
    also: Iterable[MessageId] = (),
    requested_at: str | None = None,
    dialog: DialogId = DIALOG,
    attempt: int = 1,
) -> MarkDialog:
    asserted = tuple(
        DialogMarkChange(mark=mark, user=by, requested_at=requested_at, origin=HERE) for mark in marks
    )
    covered = tuple(change for which in also for change in mark_changes(which, by, marks))
    return MarkDialog(dialog=dialog, actor=by, asserted=asserted, covered=covered, attempt=attempt)


def mark_changes(of: MessageId, by: UserId, marks: Iterable[Mark]) -> tuple[MarkChange, ...]:
    return tuple(MarkChange(message=of, mark=mark, user=by, origin=HERE) for mark in marks)


def intent(
    number: int,
    action: Action,
    *,
    name: str = "vip-lounge",
    manifest: bytes = THIS,
    sent_at: datetime = NOW,
) -> Intent:
    return Intent(number=number, action=action, name=name, manifest=manifest, sent_at=sent_at)


def call(intent: Intent, answer: Answer = OK) -> Call:
    """Give the call that an answer makes of an intent; a deferral is tried again after a minute."""
    outcome = judge(answer, mixed=intent.action.mixed)
    answered_at = intent.sent_at + SENT_FOR
    retry_at = answered_at + MINUTE if isinstance(outcome, Deferred) else None
    return Call(intent=intent, answer=answer, outcome=outcome, answered_at=answered_at, retry_at=retry_at)


def sent(number: int, action: Action, answer: Answer = OK, *, manifest: bytes = THIS) -> tuple[Intent, Call]:
    """Give both entries of an action that was answered."""
    first = intent(number, action, manifest=manifest)
    return first, call(first, answer)
