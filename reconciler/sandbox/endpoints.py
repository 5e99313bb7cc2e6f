"""Which request is which endpoint: the whole contract as one function of a request and a caller."""

import re
from dataclasses import replace
from typing import Final

from reconciler.sandbox.access import Access, Caller, expiration
from reconciler.sandbox.answer import NOT_FOUND, NOT_FOUND_XML, Answer
from reconciler.sandbox.chat import Chat
from reconciler.sandbox.options import Assumptions
from reconciler.sandbox.read_messages import count_unread, get_message, list_messages
from reconciler.sandbox.request import ChatRequest
from reconciler.sandbox.update_message import update_dialog, update_messages

_SESSION: Final = "/session.json"
_MESSAGE: Final = re.compile(r"/chat/Message/([^/]+)\.json")


class Endpoints:
    """Answers as the service does, and keeps the chat's state."""

    def __init__(self, chat: Chat, access: Access, assumptions: Assumptions) -> None:
        self._chat = chat
        self._access = access
        self._assumptions = assumptions

    def answer(self, request: ChatRequest, caller: Caller | Answer) -> Answer:
        """Carry a request out and give its answer. `caller` is a refusal where nobody was let in."""
        if not request.path.endswith(".json"):
            return NOT_FOUND_XML
        if (request.method, request.path) == ("POST", _SESSION):
            return request.malformed or self._access.create_session(request.fields)
        answer = self._answer_for(request, caller)
        if isinstance(caller, Answer) or caller.expires_at is None:
            return answer
        return replace(answer, headers=expiration(caller.expires_at))

    def _answer_for(self, request: ChatRequest, caller: Caller | Answer) -> Answer:
        if (request.method, request.path) == ("GET", _SESSION):
            return self._access.show_session(request.headers)
        if isinstance(caller, Answer):
            return caller
        return request.malformed or self._answer_chat(request, caller)

    def _answer_chat(self, request: ChatRequest, caller: Caller) -> Answer:
        ids = message_ids(request.path)
        match request.method, request.path:
            case "PUT", "/chat/Message.json":
                return update_dialog(self._chat, caller, request.fields)
            case "PUT", _ if ids and (len(ids) == 1 or self._assumptions.several_ids):
                return update_messages(self._chat, self._assumptions, caller, ids, request.fields)
            case "GET", "/chat/Message.json":
                return list_messages(self._chat, self._assumptions, caller, request.parameters())
            case "GET", "/chat/Message/unread.json":
                return count_unread(self._chat, caller, request.parameters_and_fields())
            case "GET", _ if len(ids) == 1:
                return get_message(self._chat, caller, ids[0])
            case _:
                return NOT_FOUND


def message_ids(path: str) -> tuple[str, ...]:
    """Give the message ids that a path names, as they stand there; none for other paths."""
    found = _MESSAGE.fullmatch(path)
    return tuple(found[1].split(",")) if found else ()
