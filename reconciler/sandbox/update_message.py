"""Update Message: both forms of the PUT, and the several-ids form where it is assumed.

Source: the vendor's *Update Message* page.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.sandbox.access import Caller
from reconciler.sandbox.answer import DONE, FORBIDDEN, NOT_FOUND, Answer, invalid
from reconciler.sandbox.chat import Chat, Dialog, Mark
from reconciler.sandbox.options import Assumptions, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class _Update:
    user: int
    dialog: Dialog
    text: str | None
    marks: frozenset[Mark]


def update_dialog(chat: Chat, caller: Caller, fields: Mapping[str, object]) -> Answer:
    """Answer `PUT /chat/Message.json`: mark every message that the dialog has now."""
    update = _read(chat, caller, fields)
    if isinstance(update, Answer):
        return update
    if update.text is not None:
        return invalid("message", "can't be updated without a message ID")
    chat.mark(update.dialog.messages.values(), update.marks, update.user)
    return DONE


def update_messages(
    chat: Chat, assumptions: Assumptions, caller: Caller, ids: tuple[str, ...], fields: Mapping[str, object]
) -> Answer:
    """Answer `PUT /chat/Message/{id}.json`: edit and mark one message; or mark several."""
    update = _read(chat, caller, fields)
    if isinstance(update, Answer):
        return update
    if update.text is not None and len(ids) > 1:
        return invalid("message", "can't be updated for several messages at once")
    messages = [message for each in ids if (message := update.dialog.messages.get(each)) is not None]
    if len(messages) != len(ids):
        return NOT_FOUND
    strange = assumptions.authors_only and any(message.sender != update.user for message in messages)
    refused = update.text is not None and strange
    if not (refused and assumptions.atomic):
        whole = assumptions.reading is Reading.DIALOG
        chat.mark(update.dialog.messages.values() if whole else messages, update.marks, update.user)
    if update.text is not None and not refused:
        chat.edit(messages[0], update.text)
    return FORBIDDEN if refused else DONE


def _read(chat: Chat, caller: Caller, fields: Mapping[str, object]) -> _Update | Answer:
    """Give what to update for whom, or the refusal, in the order: caller, fields, dialog, occupants."""
    if caller.user is None:
        return FORBIDDEN
    if (refusal := _refuse_fields(fields)) is not None:
        return refusal
    dialog = chat.dialogs.get(str(fields["chat_dialog_id"]))
    if dialog is None:
        return NOT_FOUND
    if not dialog.admits(caller.user):
        return FORBIDDEN
    text = fields.get("message")
    return _Update(
        user=caller.user,
        dialog=dialog,
        text=text if isinstance(text, str) else None,
        marks=frozenset(mark for mark in Mark if mark in fields),
    )


def _refuse_fields(fields: Mapping[str, object]) -> Answer | None:
    dialog = fields.get("chat_dialog_id")
    if not isinstance(dialog, str) or not dialog:
        return invalid("chat_dialog_id", "is required")
    if "message" in fields and not isinstance(fields["message"], str):
        return invalid("message", "must be a string")
    wrong = next((mark for mark in Mark if mark in fields and not _is_one(fields[mark])), None)
    return invalid(wrong, "must be 1") if wrong else None


def _is_one(value: object) -> bool:
    return value == "1" or (type(value) is int and value == 1)
