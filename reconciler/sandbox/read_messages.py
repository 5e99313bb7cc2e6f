"""List Messages, Get Message and the unread counts.

Source: the vendor's *List Messages*, *Get Message by ID* and *Get Unread Messages Count* pages.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from reconciler.sandbox.access import Caller
from reconciler.sandbox.answer import BAD_BODY, FORBIDDEN, NOT_FOUND, Answer, json_answer
from reconciler.sandbox.chat import Chat, Mark, Message
from reconciler.sandbox.options import Assumptions

_FILTER: Final = re.compile(r"(?P<field>\w+)(?:\[(?P<operator>\w+)\])?")

_NUMBERS: Final[Mapping[str, Callable[[Message], float]]] = {
    "date_sent": lambda message: message.date_sent,
    "updated_at": lambda message: message.updated_at,
    "sender_id": lambda message: message.sender,
    "recipient_id": lambda message: message.recipient,
}
_TEXTS: Final[Mapping[str, Callable[[Message], str]]] = {
    "_id": lambda message: message.id,
    "message": lambda message: message.text or "",
}
_ORDERS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "ne": operator.ne,
}


def list_messages(
    chat: Chat, assumptions: Assumptions, caller: Caller, parameters: Mapping[str, str]
) -> Answer:
    """Answer `GET /chat/Message.json`: one page, which is then marked as read for the caller."""
    dialog = chat.dialogs.get(parameters.get("chat_dialog_id", ""))
    if dialog is None:
        return NOT_FOUND
    if caller.user is not None and not dialog.admits(caller.user):
        return FORBIDDEN
    try:
        skip = int(parameters.get("skip", "0"))
        limit = int(parameters.get("limit", str(assumptions.page_limit)))
        found = [
            message for message in dialog.messages.values() if _matches(message, assumptions, parameters)
        ]
    except ValueError:
        return BAD_BODY
    if skip < 0 or limit < 0:
        return BAD_BODY
    limit = min(limit, assumptions.page_limit)
    page = _sorted(found, parameters)[skip : skip + limit]
    answer = json_answer({"skip": skip, "limit": limit, "items": [message.model() for message in page]})
    if caller.user is not None and parameters.get("mark_as_read") != "0":
        chat.mark(page, [Mark.READ], caller.user)
    return answer


def get_message(chat: Chat, caller: Caller, message_id: str) -> Answer:
    """Answer `GET /chat/Message/{id}.json`: the bare message. Nothing is marked."""
    message = chat.messages.get(message_id)
    if message is None:
        return NOT_FOUND
    if caller.user is not None and not message.dialog.admits(caller.user):
        return FORBIDDEN
    return json_answer(message.model())


def count_unread(chat: Chat, caller: Caller, parameters: Mapping[str, str]) -> Answer:
    """Answer `GET /chat/Message/unread.json`: the caller's total, and a count for each dialog asked for."""
    if caller.user is None:
        return FORBIDDEN
    user = caller.user
    counts = {dialog.id: chat.unread(dialog, user) for dialog in chat.dialogs.values()}
    asked = [each for each in parameters.get("chat_dialog_ids", "").split(",") if each]
    return json_answer({"total": sum(counts.values()), **{each: counts.get(each, 0) for each in asked}})


def _matches(message: Message, assumptions: Assumptions, parameters: Mapping[str, str]) -> bool:
    return all(_passes(message, assumptions, name, value) for name, value in parameters.items())


def _passes(message: Message, assumptions: Assumptions, name: str, value: str) -> bool:
    """Tell whether a message passes one filter; what is no documented filter is ignored.

    Raises ValueError where a number is expected and `value` is none.
    """
    if (found := _FILTER.fullmatch(name)) is None:
        return True
    field, kind = found["field"], found["operator"]
    if field in _NUMBERS:
        return _passes_number(_NUMBERS[field](message), field, kind, value)
    return _passes_text(message, field, kind, value, id_filter=assumptions.id_filter)


def _passes_text(message: Message, field: str, kind: str | None, value: str, *, id_filter: bool) -> bool:
    match field, kind:
        case "_id", None:
            return message.id == value
        case (("_id" | "message"), "ne"):
            return _TEXTS[field](message) != value
        case "_id", "in" if id_filter:
            return message.id in value.split(",")
        case "message", "ctn":
            return value in (message.text or "")
        case _:
            return True


def _passes_number(number: float, field: str, kind: str | None, value: str) -> bool:
    match kind:
        case "lt" | "lte" | "gt" | "gte":
            return _ORDERS[kind](number, float(value))
        case "ne" if field != "updated_at":
            return number != float(value)
        case "in" if field != "updated_at":
            return number in {float(each) for each in value.split(",")}
        case "nin" if field != "updated_at":
            return number not in {float(each) for each in value.split(",")}
        case _:
            return True


def _sorted(messages: list[Message], parameters: Mapping[str, str]) -> list[Message]:
    """Give the messages by `sort_desc` or `sort_asc`, by the date they were sent otherwise."""
    if key := _NUMBERS.get(parameters.get("sort_desc", "")):
        return sorted(messages, key=key, reverse=True)
    return sorted(messages, key=_NUMBERS.get(parameters.get("sort_asc", ""), _NUMBERS["date_sent"]))
