"""What every ledger does, whatever database holds it: only the fixtures know which one that is."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.core.action import Action
from reconciler.core.applied import (
    AppliedDialogMark,
    AppliedMark,
    AppliedState,
    AppliedText,
    DialogMark,
    FailedAttempt,
    Setback,
)
from reconciler.core.change_key import ChangeKey
from reconciler.core.condition import Condition, HeldReason
from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.message import DialogId, Mark
from reconciler.core.message_text import MessageText
from reconciler.core.outcome import Answer, Cause
from reconciler.core.problem import Origin, Problem
from reconciler.ledger.entry import ForgottenFile
from reconciler.ledger.history import RecordedText, Result
from reconciler.ledger.standing import Totals
from reconciler.ledger.writer import Ledger
from tests.core.builders import (
    ALICE,
    BOB,
    DELIVERED,
    DIALOG,
    EARLIER,
    HERE,
    M1,
    M2,
    M3,
    MINUTE,
    NOW,
    READ,
    THIS,
    digest,
    mark_of,
    text_of,
)
from tests.ledger.calls import (
    DOWN,
    GONE,
    LOST,
    NO_SESSION,
    NOT_SENT,
    NOTHING,
    OK,
    OTHER_DIALOG,
    REFUSED,
    SENT_FOR,
    TOO_FAST,
    OpenLedger,
    call,
    intent,
    put_dialog,
    put_marks,
    put_text,
    sent,
)

ANSWERED_AT = NOW + SENT_FOR
HI = AppliedText(digest=digest("Hi"), text=MessageText("Hi"), at=ANSWERED_AT)
HO = AppliedText(digest=digest("Ho"), text=MessageText("Ho"), at=ANSWERED_AT)
PERHAPS_HI = replace(HI, certain=False)


def test_a_new_ledger_knows_nothing(ledger: Ledger) -> None:
    assert ledger.applied(DIALOG) == NOTHING
    assert ledger.known_files() == {}
    assert (ledger.dialogs(), ledger.problems(), list(ledger.history())) == ((), (), [])
    assert ledger.totals() == Totals(applied=0, deferred=0, rejected=0, in_doubt=0, last_sent_at=None)
    assert ledger.next_number() == 1


def test_what_was_written_is_there_after_a_restart(ledger: Ledger, reopen: OpenLedger) -> None:
    ledger.write(sent(1, put_text("Hi", READ)))
    state, rows = ledger.applied(DIALOG), list(ledger.history())
    again = reopen()
    assert (again.applied(DIALOG), list(again.history())) == (state, rows)
    assert again.next_number() == 2


def test_an_intent_alone_applies_nothing(ledger: Ledger) -> None:
    ledger.write([intent(1, put_text("Hi", READ)), intent(2, put_dialog(READ))])
    assert ledger.applied(DIALOG) == NOTHING
    assert ledger.next_number() == 3


def test_a_confirmed_update_applies_its_text_and_its_marks(ledger: Ledger) -> None:
    ledger.write(sent(1, put_text("Hi", READ, DELIVERED)))
    assert ledger.applied(DIALOG) == AppliedState(
        texts={M1: HI},
        marks={AppliedMark(M1, READ, ALICE), AppliedMark(M1, DELIVERED, ALICE)},
        manifests={THIS},
    )


def test_dialogs_are_kept_apart(ledger: Ledger) -> None:
    ledger.write(sent(1, put_text("Hi")))
    assert ledger.applied(OTHER_DIALOG) == NOTHING


def test_the_last_text_counts_whoever_wrote_it(ledger: Ledger) -> None:
    ledger.write([*sent(1, put_text("Hi", by=ALICE)), *sent(2, put_text("Ho", by=BOB))])
    assert ledger.applied(DIALOG).texts == {M1: HO}


def test_a_confirmed_dialog_mark_applies_what_it_covers_too(ledger: Ledger) -> None:
    ledger.write(sent(1, put_dialog(READ, also=(M1, M2), requested_at="Monday")))
    assert ledger.applied(DIALOG) == AppliedState(
        marks={AppliedMark(M1, READ, ALICE), AppliedMark(M2, READ, ALICE)},
        dialog_marks={DialogMark(READ, ALICE): AppliedDialogMark(at=ANSWERED_AT, requested_at="Monday")},
        manifests={THIS},
    )


def test_the_state_tells_which_manifests_it_was_applied_for(ledger: Ledger) -> None:
    ledger.write(sent(1, put_text("Hi"), manifest=b"first"))
    ledger.write(sent(2, put_marks(READ), manifest=b"second"))
    ledger.write(sent(3, put_dialog(DELIVERED), manifest=b"third"))
    ledger.write(sent(4, put_text("Ho", of=M2), REFUSED, manifest=b"never"))
    assert ledger.applied(DIALOG).manifests == {b"first", b"second", b"third"}
    ledger.write([*sent(5, put_text("Ho"), manifest=b"third"), *sent(6, put_marks(READ), manifest=b"third")])
    assert ledger.applied(DIALOG).manifests == {b"third"}


def test_a_dialog_mark_that_is_asserted_again_has_the_later_time_and_request(ledger: Ledger) -> None:
    again = intent(2, put_dialog(READ), sent_at=NOW + MINUTE)
    ledger.write([*sent(1, put_dialog(READ, requested_at="Monday")), again, call(again)])
    assert ledger.applied(DIALOG).dialog_marks == {
        DialogMark(READ, ALICE): AppliedDialogMark(at=NOW + MINUTE + SENT_FOR, requested_at=None)
    }


@pytest.mark.parametrize(
    ("answer", "setback", "retry_at"),
    [
        (GONE, Setback.REJECTED, None),
        (TOO_FAST, Setback.DEFERRED, ANSWERED_AT + MINUTE),
        (NO_SESSION, Setback.DEFERRED, ANSWERED_AT + MINUTE),
        (DOWN, Setback.DEFERRED, ANSWERED_AT + MINUTE),
        (LOST, Setback.DEFERRED, ANSWERED_AT + MINUTE),
    ],
)
def test_a_failed_update_is_remembered_for_each_of_its_changes(
    ledger: Ledger, answer: Answer, setback: Setback, retry_at: datetime | None
) -> None:
    ledger.write(sent(1, put_text("Hi", READ, attempt=3), answer, manifest=EARLIER))
    failed = ledger.applied(DIALOG).failed
    assert failed.keys() == {text_of(M1), mark_of(M1, READ, ALICE)}
    text, mark = failed[text_of(M1)], failed[mark_of(M1, READ, ALICE)]
    assert (text.wanted, mark.wanted) == (digest("Hi"), None)
    assert replace(text, wanted=None) == mark
    assert mark == FailedAttempt(
        setback=setback,
        manifest=EARLIER,
        wanted=None,
        attempts=3,
        retry_at=retry_at,
        status=getattr(answer, "status", None),
        words=answer.words,
    )
    assert replace(ledger.applied(DIALOG), failed={}) == NOTHING


def test_a_text_and_marks_that_were_refused_together_are_to_be_tried_apart(ledger: Ledger) -> None:
    ledger.write(sent(1, put_text("Hi", READ), REFUSED))
    failed = ledger.applied(DIALOG).failed
    assert {(each.setback, each.alone) for each in failed.values()} == {(Setback.DEFERRED, True)}
    ledger.write([*sent(2, put_text("Hi"), REFUSED), *sent(3, put_marks(READ), DOWN)])
    assert {(each.setback, each.alone) for each in ledger.applied(DIALOG).failed.values()} == {
        (Setback.REJECTED, False),
        (Setback.DEFERRED, False),
    }


@pytest.mark.parametrize("answer", [REFUSED, DOWN])
def test_a_failed_dialog_mark_is_remembered_for_what_it_asserted_and_not_for_what_it_covered(
    ledger: Ledger, answer: Answer
) -> None:
    ledger.write(sent(1, put_dialog(READ, DELIVERED, also=(M1,)), answer))
    assert ledger.applied(DIALOG).failed.keys() == {
        mark_of(None, READ, ALICE),
        mark_of(None, DELIVERED, ALICE),
    }


def test_only_the_last_failure_of_a_change_is_remembered(ledger: Ledger) -> None:
    ledger.write(sent(1, put_text("Hi"), DOWN))
    ledger.write(sent(2, put_text("Ho", attempt=2), REFUSED))
    (failed,) = ledger.applied(DIALOG).failed.values()
    assert (failed.setback, failed.attempts, failed.wanted, failed.retry_at) == (
        Setback.REJECTED,
        2,
        digest("Ho"),
        None,
    )


def test_success_ends_the_failures_of_what_it_applies_and_of_nothing_else(ledger: Ledger) -> None:
    ledger.write(sent(1, put_text("Hi", READ), DOWN))
    ledger.write(sent(2, put_marks(DELIVERED, of=M2), DOWN))
    ledger.write(sent(3, put_dialog(READ), DOWN))
    ledger.write(sent(4, put_text("Hi")))
    ledger.write(sent(5, put_dialog(READ, also=(M1,))))
    assert ledger.applied(DIALOG).failed.keys() == {mark_of(M2, DELIVERED, ALICE)}


@pytest.mark.parametrize(
    ("what", "marks", "answer", "text"),
    [
        ("no answer is recorded", (), None, PERHAPS_HI),
        ("the connection was lost", (), LOST, PERHAPS_HI),
        ("the service failed", (), DOWN, PERHAPS_HI),
        ("it may be applied in part", (READ,), REFUSED, PERHAPS_HI),
        ("it may be applied in part", (READ,), GONE, PERHAPS_HI),
        ("it was refused", (), REFUSED, HI),
        ("it was too fast", (READ,), TOO_FAST, HI),
        ("the session was gone", (READ,), NO_SESSION, HI),
        ("it was never sent", (READ,), NOT_SENT, HI),
    ],
)
def test_a_text_is_certain_unless_a_later_call_may_have_changed_it(
    ledger: Ledger, what: str, marks: tuple[Mark, ...], answer: Answer | None, text: AppliedText
) -> None:
    ledger.write(sent(1, put_text("Hi")))
    ledger.write(
        [intent(2, put_text("Ho", *marks))] if answer is None else sent(2, put_text("Ho", *marks), answer)
    )
    assert ledger.applied(DIALOG).texts == {M1: text}, what


def test_a_first_text_that_was_not_confirmed_is_not_known_at_all(ledger: Ledger) -> None:
    ledger.write([*sent(1, put_text("Hi"), LOST), intent(2, put_text("Hi", of=M2))])
    assert ledger.applied(DIALOG).texts == {}
    assert ledger.texts_known() == 0


def test_a_doubt_is_ended_by_a_confirmation_and_by_nothing_less(ledger: Ledger) -> None:
    ledger.write([*sent(1, put_text("Hi")), *sent(2, put_text("Ho"), LOST)])
    ledger.write(sent(3, put_text("Hi"), REFUSED))
    assert ledger.applied(DIALOG).texts == {M1: PERHAPS_HI}
    ledger.write(sent(4, put_text("Hi")))
    assert ledger.applied(DIALOG).texts == {M1: HI}


def test_a_doubt_is_of_one_message(ledger: Ledger) -> None:
    ledger.write([*sent(1, put_text("Hi")), *sent(2, put_text("Hi", of=M2)), intent(3, put_text("Ho"))])
    assert ledger.applied(DIALOG).texts == {M1: PERHAPS_HI, M2: HI}


def test_a_mark_in_doubt_takes_no_text_with_it(ledger: Ledger) -> None:
    ledger.write([*sent(1, put_text("Hi")), intent(2, put_marks(READ)), intent(3, put_dialog(READ))])
    assert ledger.applied(DIALOG).texts == {M1: HI}


def test_the_texts_of_all_dialogs_are_counted_each_message_once_and_doubt_or_not(
    ledger: Ledger, reopen: OpenLedger
) -> None:
    assert ledger.texts_known() == 0
    ledger.write([*sent(1, put_text("Hi")), *sent(2, put_text("Ho")), *sent(3, put_text("Hi", of=M2))])
    ledger.write([*sent(4, put_text("Hi", dialog=OTHER_DIALOG)), *sent(5, put_marks(READ))])
    ledger.write([*sent(6, put_text("Ho", of=M2), LOST), *sent(7, put_text("Ho", of=M3), REFUSED)])
    assert ledger.texts_known() == 3
    assert reopen().texts_known() == 3


def test_a_batch_is_written_as_a_whole_or_not_at_all(ledger: Ledger) -> None:
    ledger.write(sent(1, put_text("Hi")))
    before = ledger.applied(DIALOG), list(ledger.history()), ledger.known_files()
    with pytest.raises(ValueError, match="contradicts"):
        ledger.write([*sent(2, put_text("Ho", READ)), file_report(), intent(1, put_text("twice"))])
    assert (ledger.applied(DIALOG), list(ledger.history()), ledger.known_files()) == before
    ledger.write(sent(2, put_text("Ho")))
    assert ledger.applied(DIALOG).texts == {M1: HO}


def test_of_a_batch_that_was_not_written_nothing_is_taken_for_written(ledger: Ledger) -> None:
    report = file_report("/a.yaml")
    ledger.write([report])
    with pytest.raises(ValueError, match="contradicts"):
        ledger.write([intent(1, put_text("Hi")), call(intent(2, put_text("without its intent")))])
    assert ledger.known_files() == {"/a.yaml": report}
    ledger.write(sent(1, put_text("Hi")))
    assert ledger.applied(DIALOG).texts == {M1: HI}
    assert not ledger.known_files()["/a.yaml"].settled


def test_a_call_without_its_intent_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="contradicts"):
        ledger.write([call(intent(1, put_text("Hi")))])
    assert list(ledger.history()) == []


def test_threads_take_turns(ledger: Ledger) -> None:
    def write_and_read(number: int) -> int:
        ledger.write(sent(number, put_marks(READ)))
        return len(ledger.applied(DIALOG).marks)

    with ThreadPoolExecutor(max_workers=4) as threads:
        assert set(threads.map(write_and_read, range(1, 101))) == {1}
    assert ledger.totals().applied == 100


def test_nothing_at_all_can_be_written(ledger: Ledger) -> None:
    ledger.write([])
    assert ledger.next_number() == 1


def test_history_tells_all_of_a_call(ledger: Ledger) -> None:
    ledger.write(sent(1, put_text("Hi")))
    ledger.write(sent(2, put_text("Ho", READ, attempt=2), GONE, manifest=EARLIER))
    row = next(ledger.history())
    assert (row.number, row.dialog, row.name, row.message, row.actor) == (2, DIALOG, "vip-lounge", M1, ALICE)
    assert (row.marks, row.origin, row.manifest, row.attempt) == (frozenset({READ}), HERE, EARLIER, 2)
    assert row.old == RecordedText(digest=digest("Hi"), text=MessageText("Hi"))
    assert row.new == RecordedText(digest=digest("Ho"), text=MessageText("Ho"))
    assert (row.sent_at, row.answered_at) == (NOW, ANSWERED_AT)
    assert (row.result, row.cause, row.status) == (Result.REJECTED, None, 404)
    assert (row.words, row.request_id) == ("no such message", "f3a3")


def test_history_tells_a_mark_of_a_whole_dialog_from_one_of_a_message(ledger: Ledger) -> None:
    ledger.write([*sent(1, put_marks(DELIVERED)), *sent(2, put_dialog(READ, also=(M1,)))])
    whole, single = ledger.history()
    assert (whole.message, whole.marks, whole.old, whole.new) == (None, frozenset({READ}), None, None)
    assert (single.message, single.marks, single.old, single.new) == (M1, frozenset({DELIVERED}), None, None)


def test_history_says_why_a_call_is_to_be_tried_again(ledger: Ledger) -> None:
    ledger.write([*sent(1, put_text("Hi"), TOO_FAST), *sent(2, put_text("Hi"), LOST)])
    ledger.write(sent(3, put_text("Hi", READ), REFUSED))
    mixed, lost, too_fast = ledger.history()
    assert (mixed.result, mixed.cause, mixed.status) == (Result.DEFERRED, Cause.MIXED, 403)
    assert (lost.result, lost.cause, lost.status, lost.words) == (
        Result.DEFERRED,
        Cause.OUTAGE,
        None,
        "the connection was lost",
    )
    assert (too_fast.result, too_fast.cause, too_fast.status) == (Result.DEFERRED, Cause.THROTTLED, 429)


def test_history_shows_an_action_without_an_answer_as_in_doubt(ledger: Ledger) -> None:
    ledger.write([*sent(1, put_text("Hi")), intent(2, put_text("Ho"))])
    row = next(ledger.history())
    assert (row.result, row.answered_at, row.status, row.words) == (Result.IN_DOUBT, None, None, "")
    assert row.old == RecordedText(digest=digest("Hi"), text=MessageText("Hi"))


def test_history_names_no_old_text_where_it_was_in_doubt(ledger: Ledger) -> None:
    ledger.write([*sent(1, put_text("Hi")), *sent(2, put_text("Ho"), LOST), *sent(3, put_text("Hi"))])
    assert next(ledger.history()).old is None


def test_history_is_newest_first_and_goes_on_where_it_ended(ledger: Ledger) -> None:
    numbers = range(1, 1203)  # more than two pages
    ledger.write([intent(number, put_marks(READ)) for number in numbers])
    assert [row.number for row in ledger.history()] == [*reversed(numbers)]
    assert [row.number for row in ledger.history(limit=2)] == [1202, 1201]
    assert [row.number for row in ledger.history(before=3)] == [2, 1]


def test_history_of_a_dialog_is_found_by_any_name_it_had_and_by_its_id(ledger: Ledger) -> None:
    ledger.write(
        [
            intent(1, put_marks(READ), name="lounge"),
            intent(2, put_marks(READ, dialog=OTHER_DIALOG), name="desk"),
            intent(3, put_marks(DELIVERED), name="vip-lounge"),
        ]
    )
    for asked in ("lounge", "vip-lounge", DIALOG.value):
        assert [row.number for row in ledger.history(asked)] == [3, 1]
    assert [row.name for row in ledger.history("lounge")] == ["vip-lounge", "lounge"]
    assert [row.number for row in ledger.history("desk", limit=1, before=3)] == [2]
    assert list(ledger.history("nobody")) == []


def test_a_manifest_that_moved_is_told_by_each_place(ledger: Ledger) -> None:
    def moved(path: str, number: int) -> Origin:
        origin = Origin(path, number, 1)
        action = put_marks(READ)
        (change,) = action.changes
        ledger.write([intent(number, replace(action, changes=(replace(change, origin=origin),)))])
        return origin

    origins = [moved("a.yaml", 1), moved("b.yaml", 2), moved("a.yaml", 3)]
    assert [row.origin for row in ledger.history()] == [*reversed(origins)]


def test_totals_count_by_what_came_of_it(ledger: Ledger) -> None:
    for number, answer in enumerate((OK, OK, OK, REFUSED, REFUSED, DOWN), start=1):
        ledger.write(sent(number, put_marks(READ), answer))
    ledger.write([intent(7, put_marks(READ), sent_at=NOW + MINUTE)])
    assert ledger.totals() == Totals(applied=3, deferred=1, rejected=2, in_doubt=1, last_sent_at=NOW + MINUTE)


@pytest.mark.parametrize(
    ("what", "doubted", "later", "in_doubt"),
    [
        ("nothing was repeated", put_text("Hi"), [], 1),
        ("the repeat was applied", put_text("Hi"), [(put_text("Hi"), OK)], 0),
        ("the repeat was rejected", put_text("Hi"), [(put_text("Hi"), GONE)], 0),
        ("the repeat is in doubt too", put_text("Hi"), [(put_text("Hi"), None)], 2),
        ("the repeat's answer was lost", put_text("Hi"), [(put_text("Hi"), LOST)], 1),
        ("the repeat was too fast", put_text("Hi"), [(put_text("Hi"), TOO_FAST)], 1),
        ("another text was applied", put_text("Hi"), [(put_text("Ho"), OK)], 0),
        ("another message was changed", put_text("Hi"), [(put_text("Hi", of=M2), OK)], 1),
        ("another dialog was changed", put_text("Hi"), [(put_text("Hi", dialog=OTHER_DIALOG), OK)], 1),
        ("half of it was repeated", put_text("Hi", READ), [(put_text("Hi"), OK)], 1),
        ("its parts were repeated", put_text("Hi", READ), [(put_text("Hi"), OK), (put_marks(READ), GONE)], 0),
        ("one mark of two", put_marks(READ, DELIVERED), [(put_marks(READ), OK)], 1),
        ("both marks", put_marks(READ, DELIVERED), [(put_marks(READ), OK), (put_marks(DELIVERED), OK)], 0),
        ("the marks of another user", put_marks(READ), [(put_marks(READ, by=BOB), OK)], 1),
        ("the whole dialog was marked since", put_marks(READ), [(put_dialog(READ), OK)], 0),
        ("the whole dialog, and that again", put_dialog(READ), [(put_dialog(READ), OK)], 0),
        ("a message of the whole dialog", put_dialog(READ), [(put_marks(READ), OK)], 1),
    ],
)
def test_a_call_is_counted_as_in_doubt_as_long_as_nothing_definite_came_after_it(
    ledger: Ledger, what: str, doubted: Action, later: list[tuple[Action, Answer | None]], in_doubt: int
) -> None:
    ledger.write([*sent(1, put_text("Ha")), *sent(2, put_marks(READ)), *sent(3, put_dialog(READ))])
    ledger.write([intent(4, doubted)])
    for number, (action, answer) in enumerate(later, start=5):
        ledger.write([intent(number, action)] if answer is None else sent(number, action, answer))
    assert ledger.totals().in_doubt == in_doubt, what
    assert {row.number: row.result for row in ledger.history()}[4] is Result.IN_DOUBT


def dialog_report(name: str | None = "vip-lounge", dialog: DialogId | None = DIALOG) -> DialogReport:
    return DialogReport(
        name=name,
        dialog=dialog,
        origin=HERE,
        condition=Condition.BACKING_OFF,
        labels={"team": "support", "größe": "\\u00e9"},
        declared=7,
        applied=3,
        pending=1,
        held={HeldReason.BACKING_OFF: 2, HeldReason.REJECTED: 1},
        note="503 unavailable",
        due_at=NOW + MINUTE,
    )


def file_report(location: str = "/manifests/support.yaml", *dialogs: DialogReport) -> FileReport:
    return FileReport(
        location=location,
        content=b"content",
        rules=b"rules",
        settled=True,
        due_at=NOW + MINUTE,
        dialogs=dialogs or (dialog_report(),),
        problems=(Problem(HERE, "read: false can't be reached", "remove the line"),),
        at=NOW,
    )


def test_a_files_report_comes_back_as_it_was(ledger: Ledger, reopen: OpenLedger) -> None:
    other = dialog_report("desk", OTHER_DIALOG)
    reports = (
        file_report("/manifests/support.yaml", dialog_report(), other, dialog_report(None, None)),
        replace(
            file_report("/manifests/bare.yaml"), settled=False, due_at=None, dialogs=(), problems=(), at=None
        ),
    )
    ledger.write(reports)
    assert ledger.known_files() == {report.location: report for report in reports}
    assert reopen().known_files() == {report.location: report for report in reports}


def test_a_later_report_on_a_file_replaces_all_of_the_earlier(ledger: Ledger) -> None:
    first = file_report("/a.yaml", dialog_report(), dialog_report("desk", OTHER_DIALOG))
    second = replace(file_report("/a.yaml"), content=b"other", problems=(), at=NOW + MINUTE)
    ledger.write([first, file_report("/b.yaml")])
    ledger.write([second])
    assert ledger.known_files() == {"/a.yaml": second, "/b.yaml": file_report("/b.yaml")}


def test_a_forgotten_file_is_gone_and_its_calls_are_not(ledger: Ledger) -> None:
    ledger.write([*sent(1, put_text("Hi")), file_report("/a.yaml"), file_report("/b.yaml")])
    ledger.write([ForgottenFile(location="/a.yaml"), ForgottenFile(location="/never.yaml")])
    assert ledger.known_files().keys() == {"/b.yaml"}
    assert (len(ledger.dialogs()), len(ledger.problems())) == (1, 1)
    assert ledger.applied(DIALOG).texts == {M1: HI}
    assert len(list(ledger.history())) == 1


def test_dialogs_and_problems_are_in_the_order_of_their_files(ledger: Ledger) -> None:
    ledger.write([file_report("/b.yaml", dialog_report("third"))])
    ledger.write([file_report("/a.yaml", dialog_report("first"), dialog_report("second"))])
    assert [dialog.name for dialog in ledger.dialogs()] == ["first", "second", "third"]
    assert ledger.problems() == file_report().problems * 2


def test_a_call_for_a_dialog_unsettles_its_files_until_they_are_reported_on_again(ledger: Ledger) -> None:
    report = file_report("/a.yaml")
    other = file_report("/b.yaml", dialog_report("desk", OTHER_DIALOG))
    ledger.write([report, other, intent(1, put_marks(READ))])
    assert {path: file.settled for path, file in ledger.known_files().items()} == {
        "/a.yaml": False,
        "/b.yaml": True,
    }
    for number in (2, 3):
        ledger.write([report])
        assert ledger.known_files() == {"/a.yaml": report, "/b.yaml": other}
        ledger.write([intent(number, put_marks(READ))])
        assert not ledger.known_files()["/a.yaml"].settled


def test_times_are_kept_to_the_millisecond_and_never_come_later(ledger: Ledger) -> None:
    odd = NOW + timedelta(microseconds=1999)
    first = intent(1, put_dialog(READ), sent_at=odd)
    ledger.write([first, replace(call(first), answered_at=odd)])
    assert ledger.applied(DIALOG).dialog_marks[DialogMark(READ, ALICE)].at == NOW + timedelta(milliseconds=1)


@pytest.mark.parametrize("odd", ["caf\udce9.yaml", "a\\udce9.yaml", "a\\\\b", "日本/ü.yaml", "\\", "\ud800"])
def test_file_names_that_are_not_utf_8_come_back_as_they_were(ledger: Ledger, odd: str) -> None:
    origin = Origin(odd, 1, 1)
    report = replace(
        file_report(f"/{odd}", replace(dialog_report(), origin=origin)),
        problems=(Problem(origin, "what", "todo"),),
    )
    action = put_marks(READ)
    (change,) = action.changes
    ledger.write([report, intent(1, replace(action, changes=(replace(change, origin=origin),)))])
    assert next(ledger.history()).origin == origin
    ledger.write([report])
    assert ledger.known_files() == {f"/{odd}": report}
    ledger.write([ForgottenFile(location=f"/{odd}")])
    assert ledger.known_files() == {}


def test_a_request_with_odd_characters_is_known_again(ledger: Ledger) -> None:
    ledger.write(sent(1, put_dialog(READ, requested_at="\\ud800 \ud800")))
    assert ledger.applied(DIALOG).dialog_marks[DialogMark(READ, ALICE)].requested_at == "\\ud800 \ud800"


def test_words_that_no_database_stores_are_spelt_out(ledger: Ledger) -> None:
    first, answered = sent(1, put_text("Hi"), replace(REFUSED, words="bad \ud800", request_id="\udcff"))
    ledger.write([first, answered])
    row = next(ledger.history())
    assert (row.words, row.request_id) == (r"bad \ud800", r"\udcff")
    assert ledger.applied(DIALOG).failed[ChangeKey(M1, None, None)].words == r"bad \ud800"


def test_texts_come_back_character_by_character(ledger: Ledger) -> None:
    text = "\tZeile 1\nZeile 2 “日本” 👩‍🚀 e\u0301 '; DROP TABLE action; --"
    ledger.write(sent(1, put_text(text)))
    kept = ledger.applied(DIALOG).texts[M1].text
    assert kept is not None
    assert kept.reveal() == text


def test_manifest_digests_tell_attempts_apart(ledger: Ledger) -> None:
    ledger.write([*sent(1, put_text("Hi"), REFUSED, manifest=EARLIER)])
    ledger.write([*sent(2, put_text("Hi"), REFUSED, manifest=THIS)])
    assert ledger.applied(DIALOG).failed[text_of(M1)].manifest == THIS
    assert [row.manifest for row in ledger.history()] == [THIS, EARLIER]
