"""A call as one line for people: what was sent, and what the service said."""

from reconciler.core.action import MarkDialog, UpdateMessage
from reconciler.core.call import Call
from reconciler.core.outcome import Applied, said
from reconciler.render.line import Line, Piece
from reconciler.render.words import visible


def call_line(call: Call) -> Line:
    """Give the request without the text, whose dialog it is about, and the answer."""
    action = call.intent.action
    match action:
        case UpdateMessage(message=message):
            path = f"/chat/Message/{message}.json"
            text = [] if action.text is None else ["text"]
        case MarkDialog():
            path, text = "/chat/Message.json", []
    fields = ", ".join([*text, *(f"{mark}=1" for mark in sorted(action.marks))])
    return (
        Piece(f"PUT {path}"),
        Piece(f" {fields} as {action.actor} in {visible(call.intent.name)}", "place"),
        Piece(f" → {visible(said(call.answer))}", "good" if isinstance(call.outcome, Applied) else "bad"),
    )
