"""An action as an HTTP request. Pure.

Source: the vendor's *Update Message* page: `PUT /chat/Message/{id}.json` is one message, and `PUT
/chat/Message.json` is every message of the dialog. An id left out is thus the largest possible
write, so ids are checked here once more, just before the wire.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.core.action import Action, MarkDialog, UpdateMessage
from reconciler.core.message import Mark, UserId

_COLLECTION: Final = "/chat/Message.json"
_ONE: Final = re.compile(r"/chat/Message/[0-9a-f]{24}\.json")
_ID: Final = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One request, complete but for the host and the credential. Its `repr` shows no fields.

    Raises ValueError where it would write more than an action can mean.
    """

    method: str
    path: str
    actor: UserId
    fields: Mapping[str, str | int] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse an id that could address something else, and a text for a whole dialog."""
        if self.path != _COLLECTION and _ONE.fullmatch(self.path) is None:
            msg = "a message's address ends with its id: 24 lower-case hex digits"
            raise ValueError(msg)
        if self.path == _COLLECTION and "message" in self.fields:
            msg = "a text is of one message, never of a whole dialog"
            raise ValueError(msg)
        if _ID.fullmatch(str(self.fields["chat_dialog_id"])) is None:
            msg = "a dialog id is 24 lower-case hex digits"
            raise ValueError(msg)

    def body(self) -> bytes:
        """Give the JSON body."""
        return json.dumps(self.fields, ensure_ascii=False, separators=(",", ":")).encode()


def request_for(action: Action) -> ApiRequest:
    """Give the request that makes an action: only the fields that it changes."""
    fields: dict[str, str | int] = {"chat_dialog_id": str(action.dialog)}
    match action:
        case UpdateMessage(message=message, text=text):
            path = f"/chat/Message/{message}.json"
            if text is not None:
                fields["message"] = text.reveal()
        case MarkDialog():
            path = _COLLECTION
    fields.update(_marks(action.marks))
    return ApiRequest(method="PUT", path=path, actor=action.actor, fields=fields)


def _marks(marks: Iterable[Mark]) -> dict[str, int]:
    """Give the marks as the reference types them: integer 1, and nothing for a mark not set."""
    return {mark.value: 1 for mark in Mark if mark in marks}
