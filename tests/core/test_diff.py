from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.core.applied import AppliedDialogMark, AppliedState, AppliedText, DialogMark
from reconciler.core.diff import DialogMarkChange, MarkChange, TextChange, diff, next_assertion
from reconciler.core.manifest import DeclaredMessage, DeclaredText, Manifest
from reconciler.core.message_text import MessageText
from reconciler.core.problem import Origin
from tests.core.builders import (
    ALICE,
    BOB,
    DELIVERED,
    DELIVERED_TO_ALICE,
    M1,
    M2,
    M3,
    MINUTE,
    NOTHING,
    NOW,
    READ,
    READ_BY_ALICE,
    SECOND,
    applied,
    change_in_words,
    digest,
    manifest,
    mark_of,
    marked,
    message,
    text_of,
    users,
)

TEN_MINUTES = 10 * MINUTE


def changes(wanted: Manifest, known: AppliedState = NOTHING, now: datetime = NOW) -> list[str]:
    return [change_in_words(change) for change in diff(wanted, known, now)]


@pytest.mark.parametrize(
    ("known", "differs"),
    [
        pytest.param(NOTHING, True, id="never applied"),
        pytest.param(applied({M2: "Hi"}), True, id="applied to another message"),
        pytest.param(applied({M1: "Ho"}), True, id="another text applied"),
        pytest.param(applied({M1: "hi"}), True, id="another case applied"),
        pytest.param(applied({M1: "Hi "}), True, id="a space more applied"),
        pytest.param(applied({M1: "Hi"}), False, id="the same text applied"),
        pytest.param(
            AppliedState(texts={M1: AppliedText(digest=digest("Hi"))}), False, id="its digest applied"
        ),
        pytest.param(
            applied({M1: "Hi"}, doubted=[M1]), True, id="the same text applied, another call in doubt"
        ),
        pytest.param(applied({M1: "Ho"}, doubted=[M1]), True, id="another text applied, a call in doubt"),
        pytest.param(applied({M1: "Hi", M2: "Ho"}, doubted=[M2]), False, id="another message's in doubt"),
    ],
)
def test_a_text_differs_where_the_applied_one_is_not_equal(known: AppliedState, differs: bool) -> None:  # noqa: FBT001  # a column of the table
    assert changes(manifest(message(M1, "Hi")), known) == ["m1 text Hi"] * differs


def test_another_author_of_an_equal_text_is_no_change() -> None:
    assert changes(manifest(message(M1, "Hi", by=BOB)), applied({M1: "Hi"})) == []


def test_what_is_not_declared_is_no_change() -> None:
    known = applied({M1: "Hi", M3: "Hm"}, [(M1, READ, BOB), (M3, READ, ALICE)], {READ_BY_ALICE: marked()})
    assert changes(manifest(message(M1), message(M2)), known) == []
    assert changes(manifest(), known) == []


@pytest.mark.parametrize(
    ("known", "differing"),
    [
        pytest.param(
            NOTHING, ["m1 read by alice", "m1 read by bob", "m1 delivered by alice"], id="none applied"
        ),
        pytest.param(
            applied(marks=[(M1, READ, ALICE)]), ["m1 read by bob", "m1 delivered by alice"], id="one applied"
        ),
        pytest.param(
            applied(marks=[(M2, READ, ALICE), (M1, DELIVERED, BOB)]),
            ["m1 read by alice", "m1 read by bob", "m1 delivered by alice"],
            id="another message's, another user's",
        ),
        pytest.param(
            applied(dialog_marks={READ_BY_ALICE: marked()}),
            ["m1 read by alice", "m1 read by bob", "m1 delivered by alice"],
            id="a mark of the dialog says nothing of one message",
        ),
        pytest.param(
            applied(marks=[(M1, READ, ALICE), (M1, READ, BOB), (M1, DELIVERED, ALICE)]), [], id="all applied"
        ),
    ],
)
def test_a_mark_differs_for_each_user_whose_mark_is_not_applied(
    known: AppliedState, differing: list[str]
) -> None:
    assert changes(manifest(message(M1, read=[ALICE, BOB], delivered=[ALICE])), known) == differing


@pytest.mark.parametrize(
    ("last", "interval", "requested_at", "due"),
    [
        pytest.param(None, None, None, True, id="never asserted"),
        pytest.param(None, TEN_MINUTES, "Monday", True, id="never asserted, whatever else is asked"),
        pytest.param(marked(), None, None, False, id="asserted, and once is enough"),
        pytest.param(marked(TEN_MINUTES - SECOND), TEN_MINUTES, None, False, id="the interval is not over"),
        pytest.param(marked(TEN_MINUTES), TEN_MINUTES, None, True, id="the interval is over now"),
        pytest.param(
            marked(TEN_MINUTES + SECOND), TEN_MINUTES, None, True, id="the interval was over before"
        ),
        pytest.param(marked(-2 * SECOND), TEN_MINUTES, None, False, id="the clock was set back by a step"),
        pytest.param(marked(-3 * SECOND), TEN_MINUTES, None, True, id="asserted by a clock that was ahead"),
        pytest.param(marked(-120 * MINUTE), TEN_MINUTES, None, True, id="by one that was far ahead"),
        pytest.param(
            marked(-120 * MINUTE), None, None, False, id="by one that was ahead, and once is enough"
        ),
        pytest.param(marked(), None, "Monday", True, id="asked for once more, for the first time"),
        pytest.param(marked(requested_at="Monday"), None, "Monday", False, id="asked for, and done"),
        pytest.param(marked(requested_at="Monday"), None, "Tuesday", True, id="asked for once more"),
        pytest.param(marked(requested_at="Monday"), None, None, False, id="no longer asked for"),
        pytest.param(
            marked(requested_at="Monday"), TEN_MINUTES, "Tuesday", True, id="asked for within the interval"
        ),
        pytest.param(
            marked(TEN_MINUTES, "Monday"),
            TEN_MINUTES,
            "Monday",
            True,
            id="done when asked, and the interval is over",
        ),
    ],
)
def test_a_mark_of_the_dialog_is_due(
    last: AppliedDialogMark | None,
    interval: timedelta | None,
    requested_at: str | None,
    due: bool,  # noqa: FBT001  # a column of the table
) -> None:
    wanted = manifest(read=[ALICE], interval=interval, requested_at=requested_at)
    known = applied(dialog_marks={READ_BY_ALICE: last} if last else {})
    assert changes(wanted, known) == ["the dialog read by alice"] * due


def test_each_mark_of_the_dialog_is_due_by_itself() -> None:
    wanted = manifest(read=[ALICE, BOB], delivered=[ALICE], interval=TEN_MINUTES)
    known = applied(
        dialog_marks={
            READ_BY_ALICE: marked(),
            DELIVERED_TO_ALICE: marked(TEN_MINUTES),
            DialogMark(DELIVERED, BOB): marked(TEN_MINUTES),
        }
    )
    assert changes(wanted, known) == ["the dialog read by bob", "the dialog delivered by alice"]


def test_texts_come_first_then_marks_of_messages_then_marks_of_the_dialog() -> None:
    wanted = manifest(message(M1, "Hi", read=[ALICE]), message(M2, "Ho", delivered=[BOB]), read=[BOB])
    assert changes(wanted) == [
        "m1 text Hi",
        "m2 text Ho",
        "m1 read by alice",
        "m2 delivered by bob",
        "the dialog read by bob",
    ]


def test_a_change_carries_what_it_needs_and_where_it_was_asked_for() -> None:
    text, read, delivered = (Origin("vip.yaml", line, 9) for line in (3, 4, 5))
    wanted = replace(
        manifest(
            DeclaredMessage(
                id=M1,
                origin=Origin("vip.yaml", 2, 7),
                text=DeclaredText(text=MessageText("Hi"), actor=BOB, origin=text),
                read=users(ALICE, origin=read),
            ),
            requested_at="Monday",
        ),
        delivered=users(ALICE, origin=delivered),
    )
    known = applied({M1: "Ho"})
    assert diff(wanted, known, NOW) == (
        TextChange(message=M1, actor=BOB, new=MessageText("Hi"), old=known.texts[M1], origin=text),
        MarkChange(message=M1, mark=READ, user=ALICE, origin=read),
        DialogMarkChange(mark=DELIVERED, user=ALICE, requested_at="Monday", origin=delivered),
    )


def test_a_key_names_the_part_of_the_dialog_and_not_its_value() -> None:
    wanted = manifest(message(M1, "Hi", by=BOB, read=[ALICE]), read=[ALICE])
    assert [change.key for change in diff(wanted, NOTHING, NOW)] == [
        text_of(M1),
        mark_of(M1, READ, ALICE),
        mark_of(None, READ, ALICE),
    ]


@pytest.mark.parametrize(
    ("wanted", "known", "expected"),
    [
        pytest.param(manifest(read=[ALICE]), {READ_BY_ALICE: marked()}, None, id="no interval"),
        pytest.param(manifest(read=[ALICE], interval=TEN_MINUTES), {}, None, id="never asserted: due now"),
        pytest.param(manifest(interval=TEN_MINUTES), {READ_BY_ALICE: marked()}, None, id="not declared"),
        pytest.param(
            manifest(read=[ALICE], interval=TEN_MINUTES),
            {READ_BY_ALICE: marked(TEN_MINUTES)},
            None,
            id="due now",
        ),
        pytest.param(
            manifest(read=[ALICE], interval=TEN_MINUTES),
            {READ_BY_ALICE: marked(MINUTE)},
            NOW + 9 * MINUTE,
            id="an interval after the last time",
        ),
        pytest.param(
            manifest(read=[ALICE], delivered=[ALICE], interval=TEN_MINUTES),
            {READ_BY_ALICE: marked(MINUTE), DELIVERED_TO_ALICE: marked(2 * MINUTE)},
            NOW + 8 * MINUTE,
            id="the first of several",
        ),
        pytest.param(
            manifest(read=[ALICE], delivered=[ALICE], interval=TEN_MINUTES),
            {READ_BY_ALICE: marked(MINUTE), DELIVERED_TO_ALICE: marked(11 * MINUTE)},
            NOW + 9 * MINUTE,
            id="the first that is not due now",
        ),
        pytest.param(
            manifest(read=[ALICE], interval=TEN_MINUTES),
            {READ_BY_ALICE: marked(-MINUTE)},
            None,
            id="asserted by a clock that was ahead: due now",
        ),
    ],
)
def test_the_next_assertion_is_the_first_that_is_not_due_now(
    wanted: Manifest, known: dict[DialogMark, AppliedDialogMark], expected: datetime | None
) -> None:
    assert next_assertion(wanted, applied(dialog_marks=known), NOW) == expected
