"""A call as the parameters of the queries that record it."""

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.core.action import Action, MarkDialog, UpdateMessage
from reconciler.core.call import Call
from reconciler.core.change_key import ChangeKey
from reconciler.core.diff import TextChange
from reconciler.core.outcome import Answered, Applied, Cause, Deferred, Rejected, Unanswered
from reconciler.ledger.encoding import well_formed


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


def outcome_row(call: Call) -> Mapping[str, Any]:
    """Give the parameters of `add_outcome` that say what came of a call."""
    match call.outcome:
        case Applied():
            return {"kind": "applied", "cause": None}
        case Deferred(cause=cause):
            return {"kind": "deferred", "cause": cause.value}
        case Rejected():
            return {"kind": "rejected", "cause": None}


def answer_row(call: Call) -> Mapping[str, Any]:
    """Give those that say what was answered."""
    match call.answer:
        case Answered(status=status, words=words, request_id=request_id):
            identified = None if request_id is None else well_formed(request_id)
            return {"status": status, "words": well_formed(words), "request_id": identified}
        case Unanswered(words=words):
            return {"status": None, "words": well_formed(words), "request_id": None}


def keys(dialog: str, keys: Iterable[ChangeKey]) -> list[Mapping[str, Any]]:
    """Give the parameters that name what changes of a dialog are about."""
    return [
        {
            "dialog": dialog,
            "message": "" if key.message is None else key.message.value,
            "mark": "" if key.mark is None else key.mark.value,
            "user": 0 if key.user is None else key.user.value,
        }
        for key in keys
    ]
