from collections.abc import Sequence

import pytest

from reconciler.core.action import MarkDialog, UpdateMessage
from reconciler.core.change_key import ChangeKey
from reconciler.core.diff import DialogMarkChange, MarkChange, TextChange
from reconciler.core.message import Mark, MessageId, UserId
from reconciler.core.message_text import MessageText
from reconciler.core.problem import Origin
from tests.core.builders import ALICE, BOB, DELIVERED, DIALOG, M1, M2, READ

FIRST = Origin("support.yaml", 3, 1)
SECOND = Origin("support.yaml", 9, 1)


def text(which: MessageId = M1, actor: UserId = ALICE) -> TextChange:
    return TextChange(message=which, actor=actor, new=MessageText("Hi"), old=None, origin=FIRST)


def mark(which: MessageId = M1, user: UserId = ALICE, kind: Mark = READ) -> MarkChange:
    return MarkChange(message=which, mark=kind, user=user, origin=SECOND)


def dialog_mark(user: UserId = ALICE, kind: Mark = READ, origin: Origin = FIRST) -> DialogMarkChange:
    return DialogMarkChange(mark=kind, user=user, requested_at=None, origin=origin)


def update(*changes: TextChange | MarkChange) -> UpdateMessage:
    return UpdateMessage(dialog=DIALOG, message=M1, actor=ALICE, changes=changes)


def mark_dialog(*asserted: DialogMarkChange, covered: Sequence[MarkChange] = ()) -> MarkDialog:
    return MarkDialog(dialog=DIALOG, actor=ALICE, asserted=asserted, covered=tuple(covered))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param((), id="nothing to do"),
        pytest.param((text(M2),), id="a text of another message"),
        pytest.param((mark(M2),), id="a mark of another message"),
        pytest.param((text(actor=BOB),), id="a text by another author"),
        pytest.param((mark(user=BOB),), id="a mark of another user"),
        pytest.param((text(), mark(user=BOB)), id="one of two by another user"),
        pytest.param((text(), mark(M2)), id="one of two of another message"),
    ],
)
def test_an_update_is_of_one_message_by_one_user(changes: tuple[TextChange | MarkChange, ...]) -> None:
    with pytest.raises(ValueError, match="an update is of one message by one user"):
        update(*changes)


def test_an_update_without_a_text_sends_marks_only() -> None:
    action = update(mark(kind=DELIVERED))
    assert (action.text, action.marks, action.origin) == (None, frozenset({DELIVERED}), SECOND)


def test_an_update_without_marks_sends_a_text_only() -> None:
    action = update(text())
    assert (action.text, action.marks, action.origin) == (MessageText("Hi"), frozenset(), FIRST)


def test_an_update_sends_all_that_changes() -> None:
    action = update(text(), mark(kind=READ), mark(kind=DELIVERED))
    assert (action.text, action.marks, action.origin) == (MessageText("Hi"), frozenset(Mark), FIRST)


@pytest.mark.parametrize(
    "asserted",
    [
        pytest.param((), id="that no manifest asked for"),
        pytest.param((dialog_mark(BOB),), id="of another user"),
        pytest.param((dialog_mark(), dialog_mark(BOB)), id="of two users"),
    ],
)
def test_a_whole_dialog_call_cannot_be_made(asserted: tuple[DialogMarkChange, ...]) -> None:
    with pytest.raises(ValueError, match="only for a user whom the manifest names"):
        mark_dialog(*asserted)
    with pytest.raises(ValueError, match="only for a user whom the manifest names"):
        mark_dialog(*asserted, covered=[mark()])


@pytest.mark.parametrize(
    "covered", [mark(user=BOB), mark(kind=DELIVERED)], ids=["another user's", "another mark"]
)
def test_a_whole_dialog_call_covers_no_mark_that_it_does_not_make(covered: MarkChange) -> None:
    with pytest.raises(ValueError, match="a covered mark is one that this call makes"):
        mark_dialog(dialog_mark(), covered=[mark(), covered])


def test_a_whole_dialog_call_sends_the_marks_that_were_asked_for() -> None:
    action = mark_dialog(dialog_mark(origin=SECOND), dialog_mark(kind=DELIVERED), covered=[mark(), mark(M2)])
    assert (action.marks, action.origin) == (frozenset(Mark), SECOND)


def test_a_whole_dialog_call_brings_about_what_it_asserts_and_what_it_covers() -> None:
    action = mark_dialog(dialog_mark(), covered=[mark(), mark(M2)])
    assert [change.key for change in action.changes] == [
        ChangeKey(None, READ, ALICE),
        ChangeKey(M1, READ, ALICE),
        ChangeKey(M2, READ, ALICE),
    ]
