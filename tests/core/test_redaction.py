"""No rendering of a value that holds a message's text shows it, unless it was asked to reveal it."""

import io
import json
import logging
import pprint
import traceback
from collections.abc import Callable
from typing import Final

import pytest

from reconciler.core.action import UpdateMessage
from reconciler.core.applied import AppliedText
from reconciler.core.call import Call, Intent
from reconciler.core.diff import TextChange
from reconciler.core.message_text import MessageText
from reconciler.core.outcome import Answered, Applied
from reconciler.core.plan import plan_dialog
from reconciler.core.report import report_dialog
from tests.core.builders import (
    ALICE,
    DIALOG,
    HERE,
    M1,
    M2,
    MINUTE,
    NOW,
    THIS,
    applied,
    manifest,
    message,
    suspended,
)

NEW: Final = "Your new PIN is 4711"
OLD: Final = "Your old PIN is 0815"

WANTED: Final = manifest(message(M1, NEW), message(M2, OLD))
KNOWN: Final = applied(texts={M1: OLD})
PLAN: Final = plan_dialog(WANTED, KNOWN, NOW)
HOLD: Final = plan_dialog(manifest(message(M1, NEW), suspend=suspended(NOW + MINUTE)), KNOWN, NOW)
INTENT: Final = Intent(number=1, action=PLAN.actions[0], name="vip-lounge", manifest=THIS, sent_at=NOW)
CALL: Final = Call(intent=INTENT, answer=Answered(status=200), outcome=Applied(), answered_at=NOW)
CHANGE: Final = TextChange(
    message=M1,
    actor=ALICE,
    new=MessageText(NEW),
    old=AppliedText(digest=MessageText(OLD).digest()),
    origin=HERE,
)

HOLDERS: Final[dict[str, object]] = {
    "text": MessageText(NEW),
    "applied text": KNOWN.texts[M1],
    "applied state": KNOWN,
    "declared text": WANTED.messages[0].text,
    "declared message": WANTED.messages[0],
    "manifest": WANTED,
    "change": CHANGE,
    "action": UpdateMessage(dialog=DIALOG, message=M1, actor=ALICE, changes=(CHANGE,)),
    "plan": PLAN,
    "held": HOLD.held[0],
    "plan that holds": HOLD,
    "intent": INTENT,
    "call": CALL,
    "report": report_dialog(PLAN, [CALL]),
    "a tuple of them": (MessageText(NEW), CHANGE),
    "a mapping of them": {"m1": MessageText(NEW)},
}


def _logged(value: object) -> str:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    record = logging.LogRecord("any", logging.INFO, "file.py", 1, "%s %r", (value, value), None)
    handler.handle(record)
    return out.getvalue()


def _raised(value: object) -> str:
    """Give the traceback of an error about `value`, with the local variables that debuggers show."""
    with pytest.raises(LookupError) as raised:
        raise LookupError(value)
    shown = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    return "".join(shown.format())


RENDERINGS: Final[dict[str, Callable[[object], str]]] = {
    "repr": repr,
    "str": str,
    "format": format,
    "f-string": lambda value: f"{value} {value!r} {value!s} {value!a}",
    "percent": lambda value: "%s %r" % (value, value),  # noqa: UP031  # this is one of the ways to be proven
    "str.format": "{0} {0!r}".format,
    "pprint": pprint.pformat,
    "json": lambda value: json.dumps([value], default=str),
    "log record": _logged,
    "traceback": _raised,
}


@pytest.mark.parametrize("render", RENDERINGS.values(), ids=RENDERINGS.keys())
@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS.keys())
def test_no_rendering_shows_a_text(holder: object, render: Callable[[object], str]) -> None:
    shown = render(holder)
    assert shown
    assert "PIN" not in shown


def test_a_text_shows_its_length() -> None:
    assert repr(MessageText("five!")) == str(MessageText("five!")) == "MessageText(<5 characters>)"


def test_a_format_specification_does_not_show_a_text() -> None:
    with pytest.raises(TypeError) as refusal:
        format(MessageText(NEW), ">40")
    assert "PIN" not in str(refusal.value)


def test_a_text_that_cannot_be_made_is_not_in_its_error() -> None:
    with pytest.raises(ValueError, match="cannot hold") as refusal:
        MessageText(f"{NEW}\x00")
    assert "PIN" not in "".join(traceback.format_exception(refusal.value))


def test_revealing_shows_a_text() -> None:
    assert MessageText(NEW).reveal() == NEW
