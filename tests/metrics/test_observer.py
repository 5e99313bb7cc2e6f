"""What is counted as it happens."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.call import Call
from reconciler.core.condition import Condition
from reconciler.core.file_report import FileReport
from reconciler.core.outcome import Answered
from reconciler.core.problem import Problem
from reconciler.core.refusal import Guard, Refusal
from reconciler.core.report import Report
from reconciler.reconcile.planning import PassPlan
from tests.core.builders import DIALOG, HERE, MINUTE, NOW, READ, SECOND
from tests.ledger.calls import GONE, OK, TOO_FAST, put_dialog, put_text, sent
from tests.metrics.shown import file, metrics, moment, series

BROKEN = Problem(HERE, "is wrong", "correct it")


def report(*files: FileReport, calls: Sequence[Call] = (), problems: tuple[Problem, ...] = ()) -> Report:
    return Report(
        started_at=NOW, finished_at=NOW + 5 * SECOND, files=files, calls=tuple(calls), problems=problems
    )


def refusal(guard: Guard, plan: str) -> Refusal:
    return Refusal(
        guard=guard,
        plan=plan,
        command="approve",
        figure=9,
        known=10,
        limit=0.1,
        changes=frozenset({hashlib.sha256(plan.encode()).digest()}),
        dialogs=frozenset({DIALOG}),
        replaces=None,
    )


@pytest.mark.parametrize(
    ("ended", "result"),
    [
        (report(), "success"),
        (report(file("a", Condition.IN_SYNC, Condition.SUSPENDED)), "success"),
        (report(file("a", Condition.IN_SYNC), calls=sent(1, put_text("Hello"), OK)[1:]), "success"),
        (report(file("a", Condition.IN_SYNC), calls=sent(1, put_text("Hello"), GONE)[1:]), "incomplete"),
        (report(file("a", Condition.STALLED)), "incomplete"),
        (report(file("a", Condition.BACKING_OFF)), "incomplete"),
        (report(file("a", Condition.INVALID)), "incomplete"),
        (report(file("a", Condition.PENDING)), "incomplete"),
        (report(file("a", Condition.IN_SYNC), problems=(BROKEN,)), "incomplete"),
    ],
)
def test_a_pass_is_a_success_where_every_call_was_applied_and_nothing_is_left(
    ended: Report, result: str
) -> None:
    shown = metrics()
    shown.reported(ended)
    passes = {name: value for name, value in series(shown).items() if "passes_total" in name and value}
    assert passes == {f'reconciler_passes_total{{result="{result}"}}': 1}
    assert series(shown)["reconciler_pass_duration_seconds_sum"] == 5


def test_a_pass_that_a_bug_or_the_ledger_ended_is_an_error() -> None:
    shown = metrics()
    shown.failed()
    assert series(shown)['reconciler_passes_total{result="error"}'] == 1
    assert series(shown)["reconciler_pass_duration_seconds_count"] == 0


def test_what_a_guard_holds_counts_once_a_plan_id_however_often_it_is_planned() -> None:
    shown = metrics()
    held, other = refusal(Guard.REWRITES, "aaa"), refusal(Guard.DIALOG_MARKS, "bbb")
    for refusals in [(held,), (held, other), (), (held,), (refusal(Guard.REWRITES, "ccc"),)]:
        shown.planned(PassPlan(started_at=NOW, files=(), refusals=refusals))
    assert series(shown)['reconciler_guard_refusals_total{guard="rewrites"}'] == 2
    assert series(shown)['reconciler_guard_refusals_total{guard="dialog marks"}'] == 1


def test_calls_count_by_form_and_result_and_throttled_ones_with_the_logins_that_were() -> None:
    shown = metrics(now=lambda: moment(throttled_logins=2))
    for number, answer in enumerate((OK, TOO_FAST, Answered(status=503))):
        shown.called(sent(number + 1, put_text("Hello"), answer)[1])
    shown.called(sent(4, put_dialog(READ), GONE)[1])
    found = series(shown)
    assert found['reconciler_api_calls_total{action="message",result="applied"}'] == 1
    assert found['reconciler_api_calls_total{action="message",result="deferred"}'] == 2
    assert found['reconciler_api_calls_total{action="dialog",result="rejected"}'] == 1
    assert found["reconciler_api_call_duration_seconds_count"] == 4
    assert found["reconciler_api_throttles_total"] == 3


def test_a_call_that_follows_from_no_change_of_a_file_has_no_latency() -> None:
    shown = metrics()
    shown.called(sent(1, put_text("Hello"), OK)[1])
    assert series(shown)["reconciler_change_latency_seconds_count"] == 0, (
        "it follows from no change of a file"
    )


def test_what_is_told_of_a_moment_is_shown() -> None:
    shown = metrics(
        [file("a", Condition.IN_SYNC, Condition.INVALID), file("b", Condition.IN_SYNC)],
        lambda: moment(
            session_ends_at=NOW,
            watch_mode="poll",
            hindered_by={"ledger", "service"},
            last_attempt_at=NOW,
            last_success_at=NOW - MINUTE,
            ledger_committed=7,
            ledger_failed=1,
            ledger_size=4096,
        ),
    )
    found = series(shown)
    assert found["reconciler_session_expiry_timestamp_seconds"] == NOW.timestamp()
    assert [found[f'reconciler_watch_mode{{mode="{mode}"}}'] for mode in ("inotify", "poll")] == [0, 1]
    by = {by: found[f'reconciler_hindered{{by="{by}"}}'] for by in ("source", "ledger", "service", "bug")}
    assert by == {"source": 0, "ledger": 1, "service": 1, "bug": 0}
    assert found["reconciler_last_attempt_timestamp_seconds"] == NOW.timestamp()
    assert found["reconciler_last_success_timestamp_seconds"] == NOW.timestamp() - 60
    assert found['reconciler_ledger_writes_total{result="committed"}'] == 7
    assert found['reconciler_ledger_writes_total{result="failed"}'] == 1
    assert found["reconciler_ledger_size_bytes"] == 4096
    assert found['reconciler_dialogs{condition="in sync"}'] == 2
    assert found["reconciler_manifest_files"] == 2


@pytest.mark.parametrize(
    ("condition", "age"),
    [
        (Condition.PENDING, 90),
        (Condition.BACKING_OFF, 90),
        (Condition.STALLED, 90),
        (Condition.INVALID, 90),
        (Condition.IN_SYNC, 0),
        (Condition.SUSPENDED, 0),
    ],
)
def test_a_call_without_an_answer_counts_while_its_dialog_is_not_as_declared(
    condition: Condition, age: float
) -> None:
    doubts = {DIALOG: NOW - timedelta(seconds=90)}
    shown = metrics([file("a", condition, dialog=DIALOG)], lambda: moment(doubts=doubts))
    assert series(shown)["reconciler_ledger_oldest_doubt_seconds"] == age


def test_a_call_without_an_answer_does_not_count_where_nobody_declares_its_dialog() -> None:
    shown = metrics(now=lambda: moment(doubts={DIALOG: NOW - MINUTE}))
    assert series(shown)["reconciler_ledger_oldest_doubt_seconds"] == 0


def test_files_that_cannot_be_read_count_with_the_problems() -> None:
    shown = metrics()
    shown.unusable([BROKEN])
    assert series(shown)["reconciler_manifest_problems"] == 1
    shown.unusable([])
    assert series(shown)["reconciler_manifest_problems"] == 0


def test_a_problem_of_two_files_is_one() -> None:
    both = [replace(file(name, Condition.INVALID), problems=(BROKEN,)) for name in ("a", "b")]
    shown = metrics(both)
    shown.unusable([BROKEN])
    assert series(shown)["reconciler_manifest_problems"] == 1


def test_bugs_count_whether_they_ended_a_turn_or_held_a_dialog() -> None:
    shown = metrics()
    shown.bug("ArithmeticError in there, line 1")
    shown.reported(Report(started_at=NOW, finished_at=NOW, files=(), calls=(), problems=(), bugs=2))
    assert series(shown)["reconciler_bugs_total"] == 3
