"""Small named actions, so that a case fits a line."""

from collections.abc import Iterable
from typing import Final

from reconciler.core.action import MarkDialog, UpdateMessage
from reconciler.core.diff import DialogMarkChange, MarkChange, TextChange
from reconciler.core.message import DialogId, Mark, MessageId, UserId
from reconciler.core.message_text import MessageText
from reconciler.core.problem import Origin

DIALOG: Final = DialogId("53a99a7be4b094c7c6d31b41")
MESSAGE: Final = MessageId("53aabe15e4b077ddd43e7fd3")
ALICE: Final = UserId(123)
BOB: Final = UserId(456)
HERE: Final = Origin("support.yaml", 7, 11)

_Change = TextChange | MarkChange


def update(text: str | None = None, *, marks: Iterable[Mark] = (), by: UserId = ALICE) -> UpdateMessage:
    texts: tuple[_Change, ...] = (
        ()
        if text is None
        else (TextChange(message=MESSAGE, actor=by, new=MessageText(text), old=None, origin=HERE),)
    )
    marked = tuple(MarkChange(message=MESSAGE, mark=mark, user=by, origin=HERE) for mark in marks)
    return UpdateMessage(dialog=DIALOG, message=MESSAGE, actor=by, changes=(*texts, *marked))


def mark_dialog(*marks: Mark, by: UserId = ALICE) -> MarkDialog:
    asserted = tuple(DialogMarkChange(mark=m, user=by, requested_at=None, origin=HERE) for m in marks)
    return MarkDialog(dialog=DIALOG, actor=by, asserted=asserted)
