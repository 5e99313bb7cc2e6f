"""What the daemon does becomes events of the right level, each told once."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.core.action import Action, MarkDialog
from reconciler.core.call import Call, Intent
from reconciler.core.condition import Condition
from reconciler.core.diff import DialogMarkChange
from reconciler.core.file_report import DialogReport
from reconciler.core.notice import Unmanaged, UsableAgain, ValidAgain
from reconciler.core.outcome import Answer, Answered, Unanswered, judge
from reconciler.core.problem import Origin, Problem
from reconciler.core.refusal import Guard, Refusal
from reconciler.core.report import Report
from reconciler.log_lines import events
from reconciler.log_lines.observer import LogLines
from reconciler.reconcile.file_plan import FilePlan
from reconciler.reconcile.planning import PassPlan
from reconciler.source.directory import ManifestFile
from tests.core.builders import ALICE, DIALOG, HERE, NOW, READ
from tests.reconcile.parts import message_id, plan, text_and_mark

DOCUMENT = (Path(__file__).parents[2] / "docs/logs.md").read_text()
EVENT_TABLE = DOCUMENT.split("## Events")[1].split("## Fields")[0]
SECOND = timedelta(seconds=1)
PROBLEM = Problem(HERE, "the id is empty", "give one")
SUPPORT = DialogReport(name="support", dialog=DIALOG, origin=HERE, condition=Condition.IN_SYNC)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG, "reconciler"):
        yield caplog


def said(log: pytest.LogCaptureFixture) -> Sequence[tuple[str, events.Event]]:
    """Give level and event of all that was said since this was asked last."""
    told = [(record.levelname.lower(), record.msg) for record in log.records]
    log.clear()
    assert all(isinstance(event, events.Event) for _, event in told)
    return [(level, event) for level, event in told if isinstance(event, events.Event)]


def call(action: Action, answer: Answer) -> Call:
    intent = Intent(number=7, action=action, name="support", manifest=b"", sent_at=NOW)
    return Call(intent=intent, answer=answer, outcome=judge(answer), answered_at=NOW + SECOND / 4)


def a_plan(*problems: Problem, calls: bool = True, refusals: Sequence[Refusal] = ()) -> PassPlan:
    file = FilePlan(
        file=ManifestFile(path="support.yaml", location="/support.yaml", content=b""),
        rules=b"",
        dialogs=(plan(1, "one", "two"),) if calls else (),
        broken=(),
        problems=problems,
    )
    return PassPlan(started_at=NOW, files=(file,), refusals=tuple(refusals))


def a_report(*calls: Call) -> Report:
    return Report(started_at=NOW, finished_at=NOW + 2 * SECOND, files=(), calls=calls, problems=())


def refusal(number: int) -> Refusal:
    return Refusal(
        guard=Guard.REWRITES,
        plan=f"{number:012}",
        command=f"reconciler approve {number:012}",
        figure=4,
        known=10,
        limit=0.3,
        changes=frozenset({b"1", b"2"}),
        dialogs=frozenset({DIALOG}),
        replaces=None,
    )


TEXT = plan(1, "one").actions[0]
TEXT_AND_MARK = text_and_mark().actions[0]
WHOLE_DIALOG = MarkDialog(
    dialog=DIALOG,
    actor=ALICE,
    asserted=(DialogMarkChange(mark=READ, user=ALICE, requested_at=None, origin=HERE),),
)


def test_a_call_is_told_with_what_the_ledger_records_of_it(log: pytest.LogCaptureFixture) -> None:
    LogLines().called(call(TEXT, Answered(status=200, request_id="r-1")))
    assert said(log) == [
        (
            "info",
            events.Called(
                number=7,
                action="message",
                dialog=str(TEXT.dialog),
                name="support",
                message=str(message_id(100)),
                actor=ALICE.value,
                fields=("text",),
                attempt=1,
                result="applied",
                cause=None,
                status=200,
                words=None,
                request_id="r-1",
                origin="1.yaml:8:7",
                sent_at=NOW,
                answered_at=NOW + SECOND / 4,
                seconds=0.25,
                retry_at=None,
            ),
        )
    ]


@pytest.mark.parametrize(
    ("action", "answer", "level", "expected"),
    [
        (TEXT_AND_MARK, Answered(status=204), "info", {"fields": ("text", "read"), "result": "applied"}),
        (
            WHOLE_DIALOG,
            Answered(status=200),
            "info",
            {"action": "dialog", "message": None, "fields": ("read",)},
        ),
        (
            TEXT,
            Answered(status=429, words="slow down"),
            "warning",
            {"result": "deferred", "cause": "throttled", "words": "slow down"},
        ),
        (
            TEXT,
            Unanswered(words="the connection was lost", sent=True),
            "warning",
            {"result": "deferred", "cause": "outage", "status": None, "words": "the connection was lost"},
        ),
        (
            TEXT,
            Answered(status=403, words="no"),
            "error",
            {"result": "rejected", "status": 403, "words": "no"},
        ),
    ],
)
def test_what_came_of_a_call_is_told_in_the_ledger_s_words(
    log: pytest.LogCaptureFixture, action: Action, answer: Answer, level: str, expected: Mapping[str, object]
) -> None:
    LogLines().called(call(action, answer))
    [(told, event)] = said(log)
    assert told == level
    assert {name: getattr(event, name) for name in expected} == expected


def test_a_problem_is_told_once_and_again_when_it_changes(log: pytest.LogCaptureFixture) -> None:
    lines, other = LogLines(), PROBLEM._replace(what="the id is too long")
    invalid = ("error", events.Invalid(origin=str(HERE), what="the id is empty", todo="give one"))
    lines.planned(a_plan(PROBLEM))
    assert said(log)[1:] == [invalid]
    lines.planned(a_plan(PROBLEM))
    assert said(log)[1:] == []
    lines.planned(a_plan(PROBLEM, other))
    assert [event for _, event in said(log)[1:]] == [replace(invalid[1], what="the id is too long")]
    lines.planned(a_plan())
    lines.planned(a_plan(PROBLEM))
    assert said(log)[-1] == invalid


def test_a_file_that_cannot_be_read_is_told_once(log: pytest.LogCaptureFixture) -> None:
    lines, other = LogLines(), PROBLEM._replace(origin=Origin("other.yaml", 1, 1))
    lines.unusable([PROBLEM])
    lines.unusable([PROBLEM, other])
    assert [event.origin for _, event in said(log) if isinstance(event, events.Unreadable)] == [
        str(HERE),
        "other.yaml:1:1",
    ]


def test_what_a_guard_holds_is_told_once(log: pytest.LogCaptureFixture) -> None:
    lines = LogLines()
    lines.planned(a_plan(refusals=[refusal(1)]))
    lines.planned(a_plan(refusals=[refusal(1)]))
    lines.planned(a_plan(refusals=[refusal(2)]))
    told = [event for _, event in said(log) if isinstance(event, events.Guarded)]
    assert [event.plan for event in told] == [f"{number:012}" for number in (1, 2)]
    assert (told[0].guard, told[0].dialogs, told[0].changes) == ("rewrites", 1, 2)
    assert told[0].what == "would rewrite 4 of 10 known texts (40 %), more than 30 %"
    assert told[0].todo == "to let it pass: reconciler approve 000000000001"


def test_every_event_has_the_levels_that_the_document_lists(log: pytest.LogCaptureFixture) -> None:
    lines = LogLines()
    lines.planned(a_plan(PROBLEM, refusals=[refusal(1)]))
    lines.planned(a_plan(calls=False))
    for answer in (Answered(status=200), Answered(status=500), Answered(status=404)):
        lines.called(call(TEXT, answer))
        lines.reported(a_report(call(TEXT, answer)))
    lines.reported(a_report())
    lines.noticed(ValidAgain(dialog=SUPPORT))
    lines.noticed(Unmanaged(dialog=SUPPORT))
    lines.noticed(UsableAgain(origin=HERE))
    lines.unusable([PROBLEM])
    for reason in ("inotify is full", None):
        lines.polling(reason)
        lines.hindered("service", reason)
    lines.bug("KeyError in f, line 1")
    told: dict[str, set[str]] = {}
    for level, event in said(log):
        told.setdefault(event.event(), set()).add(level)
    rows = re.findall(r"^\| `([a-z ]+)` \| ([^|]+) \| .*\|$", EVENT_TABLE, re.MULTILINE)
    listed = {name: {part.split()[0] for part in levels.split("; ")} for name, levels in rows}
    elsewhere = {"started", "stopped", "gave up", "failed", "unknown setting", "credential", "log"}
    assert told == {name: levels for name, levels in listed.items() if name not in elsewhere}
