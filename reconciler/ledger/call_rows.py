"""Intents and calls as the rows that record them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from reconciler.core.action import Action, MarkDialog, UpdateMessage
from reconciler.core.call import Call, Intent
from reconciler.core.change_key import ChangeKey
from reconciler.core.diff import DialogMarkChange, TextChange
from reconciler.core.message import Mark
from reconciler.core.outcome import Answered, Applied, Cause, Deferred, Outcome, Rejected, Unanswered
from reconciler.ledger.encoding import escape, milliseconds, well_formed

Row = Sequence[str | int | None]
"""What JSON can hold; the queries that take rows tell what each column is."""

_NO_DIGEST: Final = bytes(32)
"""Stands where an action changes no text."""


class ManifestIds(NamedTuple):
    """Where one version of a manifest, and its dialog, stand in the ledger."""

    manifest: int
    dialog: int


class ActionRow(NamedTuple):
    """A row of `add_actions`."""

    number: int
    manifest_id: int
    dialog_id: int
    message: str | None
    actor: int
    changes_text: bool
    text: str | None
    read: bool
    delivered: bool
    line: int
    column: int
    attempt: int
    intended_at: int


def target(action: Action) -> tuple[str, str | None, TextChange | None]:
    """Give the dialog, the message if it is one, and the change of its text if there is one."""
    match action:
        case UpdateMessage(dialog=dialog, message=message, changes=changes):
            text = next((c for c in changes if isinstance(c, TextChange)), None)
            return dialog.value, message.value, text
        case MarkDialog(dialog=dialog):
            return dialog.value, None, None


def may_have_changed_text(call: Call) -> bool:
    """Tell whether the message may say the new text although the service did not confirm it.

    Whether a refused call with several fields changes some of them is not documented.
    """
    match call.outcome:
        case Applied():
            return True
        case Rejected():
            return bool(call.intent.action.marks)
        case Deferred(cause=Cause.THROTTLED | Cause.CREDENTIAL):
            return False
        case Deferred():
            return not isinstance(call.answer, Unanswered) or call.answer.sent


def manifest_row(intent: Intent) -> dict[str, Any]:
    """Give the parameters that name the manifest that led to an intent."""
    return {
        "dialog": intent.action.dialog.value,
        "name": well_formed(intent.name),
        "path": escape(intent.action.origin.path),
        "digest": intent.manifest,
    }


def action_row(intent: Intent, ids: ManifestIds, *, keep_text: bool) -> ActionRow:
    """Give the row that records an intent, but for the digest of its text."""
    action = intent.action
    _, message, text = target(action)
    marks, origin = action.marks, action.origin
    return ActionRow(
        number=intent.number,
        manifest_id=ids.manifest,
        dialog_id=ids.dialog,
        message=message,
        actor=action.actor.value,
        changes_text=text is not None,
        text=text.new.reveal() if text is not None and keep_text else None,
        read=Mark.READ in marks,
        delivered=Mark.DELIVERED in marks,
        line=origin.line,
        column=origin.column,
        attempt=action.attempt,
        intended_at=milliseconds(intent.sent_at),
    )


def text_digest(intent: Intent) -> bytes:
    """Give the digest that goes with the row of an intent; zeros where it changes no text."""
    _, _, text = target(intent.action)
    return _NO_DIGEST if text is None else text.new.digest().value


def outcome_row(call: Call) -> Row:
    """Give a row of `add_outcomes`."""
    status, words, request_id = _answer(call)
    return [
        call.intent.number,
        *_kind(call.outcome),
        status,
        well_formed(words),
        None if request_id is None else well_formed(request_id),
        milliseconds(call.intent.sent_at),
        milliseconds(call.answered_at),
    ]


def applied_rows(call: Call) -> list[Row]:
    """Give the rows of `apply_texts` and its like: one a change, all of which were applied."""
    number, action = call.intent.number, call.intent.action
    dialog = action.dialog.value
    return [[dialog, *_key(change.key), number, _requested_at(change)] for change in action.changes]


def json_rows(rows: Iterable[Row]) -> str:
    """Give rows as the parameter `rows` of a query. No text holds NUL, where SQLite would cut it off."""
    return json.dumps(list(rows), ensure_ascii=False, separators=(",", ":"))


def keys(dialog: str, keys: Iterable[ChangeKey]) -> list[Mapping[str, Any]]:
    """Give the parameters that name what changes of a dialog are about."""
    return [
        {"dialog": dialog, **dict(zip(("message", "mark", "user"), _key(key), strict=True))} for key in keys
    ]


def _key(key: ChangeKey) -> tuple[str, str, int]:
    message, mark, user = key
    return (
        "" if message is None else message.value,
        "" if mark is None else mark.value,
        0 if user is None else user.value,
    )


def _requested_at(change: object) -> str | None:
    if isinstance(change, DialogMarkChange) and change.requested_at is not None:
        return escape(change.requested_at)
    return None


def _kind(outcome: Outcome) -> tuple[str, str | None]:
    match outcome:
        case Applied():
            return "applied", None
        case Deferred(cause=cause):
            return "deferred", cause.value
        case Rejected():
            return "rejected", None


def _answer(call: Call) -> tuple[int | None, str, str | None]:
    match call.answer:
        case Answered(status=status, words=words, request_id=request_id):
            return status, words, request_id
        case Unanswered(words=words):
            return None, words, None
