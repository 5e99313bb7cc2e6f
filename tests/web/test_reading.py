"""What is read of the daemon for pages and API, from values, files and a ledger."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.core.acting import Acting
from reconciler.core.action import UpdateMessage
from reconciler.core.applied import AppliedState
from reconciler.core.call import Call, Intent
from reconciler.core.condition import Condition, HeldReason
from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.guard_note import words_and_command
from reconciler.core.message import DialogId, MessageId
from reconciler.core.outcome import Answer, Answered, Unanswered, judge
from reconciler.core.plan import plan_dialog
from reconciler.core.problem import Origin, Problem
from reconciler.core.refusal import Guard, Refusal
from reconciler.core.report import Report, report_broken, report_dialog
from reconciler.daemon.health import Health
from reconciler.ledger.errors import LedgerError, LedgerMissing, LedgerUnreadable
from reconciler.ledger.history import Result
from reconciler.ledger.opening import open_ledger
from reconciler.metrics.moment import Traffic
from reconciler.source.directory import Directory
from reconciler.source.rules import Rules
from reconciler.source.yaml_file import load
from reconciler.web.changes import MOST_WAITING, Changes
from reconciler.web.listing import list_dialogs
from reconciler.web.model import DialogQuery, DialogSort, HistoryQuery, TooMany
from reconciler.web.overview import Seen, overview
from reconciler.web.reading import MOST_EXPORTS, Live, Reading
from reconciler.web.recent import Recent
from reconciler.web.resting_thread import RestingThread
from reconciler.web.state import Overview, State
from tests.ledger.test_long_record import fill
from tests.program.chat import dialog_id, manifest, message_id

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES: Final = Rules(acting=Acting())
IDLE: Final = Traffic(ceiling=20, present_rate=20, waiting=0, tripped=False, watch_errors=0)


def dialog(number: int, condition: Condition = Condition.IN_SYNC, **more: Any) -> DialogReport:
    return DialogReport(
        name=f"dialog-{number}",
        dialog=DialogId(dialog_id(number)),
        origin=Origin(f"manifests/{number}.yaml", 1, 1),
        condition=condition,
        **more,
    )


def file_of(*dialogs: DialogReport, problems: Iterable[Problem] = ()) -> FileReport:
    return FileReport(
        location=f"/srv/{dialogs[0].origin.path}",
        content=b"",
        rules=b"",
        settled=True,
        due_at=None,
        dialogs=dialogs,
        problems=tuple(problems),
    )


def seen(*dialogs: DialogReport, **more: Any) -> Overview:
    values = {
        "at": NOW,
        "files": [file_of(each) for each in dialogs],
        "unreadable": (),
        "hindrances": {},
        "first_pass_done": True,
        "traffic": IDLE,
        "watch": "inotify",
        "watch_reason": None,
        "last_pass_at": None,
        "last_success_at": None,
        "passes": (),
        "doubts": {},
        "ledger": Path("reconciler.db"),
    }
    return overview(Seen(**{**values, **more}))


STALLED: Final = dialog(1, Condition.STALLED, held={HeldReason.REJECTED: 1}, note="403 no permission")
BACKING_OFF: Final = dialog(2, Condition.BACKING_OFF, held={HeldReason.BACKING_OFF: 2})
PENDING: Final = dialog(3, Condition.PENDING, pending=7)
SUSPENDED: Final = dialog(4, Condition.SUSPENDED, held={HeldReason.SUSPENDED: 1})
INVALID: Final = dialog(5, Condition.INVALID)
FINE: Final = (dialog(6), dialog(7))
PROBLEM: Final = Problem(Origin("manifests/5.yaml", 7, 9), "read: false can't be reached", "remove the line")


@pytest.mark.parametrize(
    ("shown", "state", "sentence"),
    [
        (seen(), State.IN_SYNC, "No dialog is declared."),
        (seen(FINE[0]), State.IN_SYNC, "The one dialog is in sync."),
        (seen(*FINE), State.IN_SYNC, "All 2 dialogs are in sync."),
        (seen(*FINE, SUSPENDED), State.IN_SYNC, "2 dialogs in sync, 1 suspended."),
        (seen(*FINE, PENDING), State.WORKING, "7 changes to be sent; 2 of 3 dialogs in sync."),
        (
            seen(*FINE, PENDING, traffic=replace(IDLE, waiting=100)),
            State.WORKING,
            "7 changes to be sent, which takes 5 s; 2 of 3 dialogs in sync.",
        ),
        (seen(*FINE, BACKING_OFF), State.WORKING, "1 dialog will be tried again; 2 of 3 dialogs in sync."),
        (
            seen(*FINE, first_pass_done=False),
            State.WORKING,
            "The first look at all manifests is under way; 2 of 2 dialogs in sync.",
        ),
        (seen(*FINE, STALLED, PENDING), State.ATTENTION, "1 dialog needs a person; 2 of 4 dialogs in sync."),
        (seen(STALLED, INVALID), State.ATTENTION, "2 dialogs need a person; 0 of 2 dialogs in sync."),
        (
            seen(*FINE, unreadable=(PROBLEM,)),
            State.ATTENTION,
            "Something needs a person; 2 of 2 dialogs in sync.",
        ),
        (
            seen(STALLED, hindrances={"source": None, "ledger": "the disk is full; free some space"}),
            State.HINDERED,
            "Something stands in the way: the disk is full; free some space.",
        ),
    ],
)
def test_one_sentence_says_how_everything_stands(shown: Overview, state: State, sentence: str) -> None:
    assert (shown.state, shown.sentence) == (state, sentence)


def waiting(shown: Overview) -> list[str]:
    return [waits.what for waits in shown.attention]


def test_what_waits_for_a_person_stands_in_the_order_of_what_it_holds_up() -> None:
    guarded = dialog(
        8, Condition.STALLED, held={HeldReason.GUARDED: 3}, note="too much; to let it pass: approve it"
    )
    shown = seen(
        STALLED,
        INVALID,
        guarded,
        BACKING_OFF,
        unreadable=(PROBLEM,),
        hindrances={"source": "manifests: not there", "service": None},
        doubts={DialogId(dialog_id(2)): NOW - timedelta(hours=1)},
    )
    assert waiting(shown) == [
        "manifests: not there",
        "a guard holds 1 dialog: too much",
        "the chat service refused changes of dialog-1: 403 no permission",
        "1 problem in manifests; 1 dialog stays as last applied",
        "nobody knows what a call for dialog-2 did: its answer was never recorded",
    ]
    assert shown.attention[1].command == "approve it"
    assert all(waits.todo for waits in shown.attention)


def test_a_hundred_dialogs_with_one_reason_are_one_thing_to_do() -> None:
    refused = [
        dialog(
            n, Condition.STALLED, held={HeldReason.REJECTED: 1}, note=f"403 {'once' if n % 50 else 'twice'}"
        )
        for n in range(100)
    ]
    shown = seen(*refused)
    assert waiting(shown) == [
        "the chat service refused changes of 98 dialogs: 403 once",
        "the chat service refused changes of 2 dialogs: 403 twice",
    ]
    assert {waits.path for waits in shown.attention} == {"/dialogs?condition=stalled"}
    assert {waits.command for waits in shown.attention} == {'reconciler retry --reason "…"'}


def test_a_hundred_reasons_are_not_a_hundred_things_to_do() -> None:
    refused = [
        dialog(n, Condition.STALLED, held={HeldReason.REJECTED: 1}, note=f"403 {n}") for n in range(100)
    ]
    shown = seen(*refused)
    assert len(shown.attention) == 11
    assert waiting(shown)[-1] == "the chat service refused changes of 90 more dialogs, for other reasons"


def test_a_command_names_the_ledger_where_that_is_not_the_usual_one() -> None:
    shown = seen(STALLED, ledger=Path("/srv/the ledger.db"))
    expected = "reconciler retry --dialog dialog-1 --reason \"…\" --ledger '/srv/the ledger.db'"
    assert shown.attention[0].command == expected


def test_a_refused_credential_asks_for_a_better_one() -> None:
    for words in (
        "the chat service refuses the credential; correct it",
        "no session with the chat service: 401",
    ):
        (waits,) = seen(*FINE, hindrances={"service": words}).attention
        assert waits.todo.startswith("correct the API key, token or login")
    (waits,) = seen(*FINE, hindrances={"service": "the chat service gives no useful answer"}).attention
    assert waits.todo.startswith("nothing is lost")


def test_a_call_that_was_made_just_now_may_still_be_answered() -> None:
    doubts = {DialogId(dialog_id(2)): NOW - timedelta(minutes=14)}
    assert seen(BACKING_OFF, doubts=doubts).attention == ()
    later = {each: at - timedelta(minutes=1) for each, at in doubts.items()}
    (waits,) = seen(BACKING_OFF, doubts=later).attention
    assert waits.what == "nobody knows what a call for dialog-2 did: its answer was never recorded"
    assert waits.path == "/dialogs/dialog-2"


def test_calls_in_doubt_of_several_dialogs_are_one_thing_to_look_at() -> None:
    long_ago = NOW - timedelta(days=1)
    stalled = dialog(7, Condition.STALLED)
    shown = seen(BACKING_OFF, stalled, doubts={DialogId(dialog_id(number)): long_ago for number in (2, 7)})
    (waits,) = shown.attention
    assert waits.what == "nobody knows what a call for each of 2 dialogs did: its answer was never recorded"
    assert waits.todo == "it is made again by itself once nothing else holds its dialog; see what does"
    assert waits.path == "/history?result=in%20doubt"


def test_a_doubt_about_what_is_as_declared_or_declared_no_more_waits_for_nobody() -> None:
    long_ago = NOW - timedelta(days=1)
    doubts = {DialogId(dialog_id(number)): long_ago for number in (4, 6, 99)}
    assert seen(*FINE, SUSPENDED, doubts=doubts).attention == ()


def test_the_note_of_a_guard_is_its_words_and_its_command() -> None:
    refusal = Refusal(
        guard=Guard.DIALOG_MARKS,
        plan="0123456789ab",
        command='reconciler approve 0123456789ab --reason "…"',
        figure=30,
        known=0,
        limit=25,
        changes=frozenset(),
        dialogs=frozenset(),
        replaces=None,
    )
    assert words_and_command(refusal.note) == (refusal.words, refusal.command)


MOST: Final = 0.3
"""Seconds; it takes a tenth of that where processors are not shared."""


@pytest.mark.no_cover  # what is counted is the processor's time without a tracer's
def test_ten_thousand_dialogs_are_found_and_sorted_in_a_fraction_of_a_second() -> None:
    conditions = list(Condition)
    files = [
        file_of(
            dialog(n, conditions[n % 7 % 6], labels={"team": f"team-{n % 50}", "tier": "gold"}, note="403")
        )
        for n in range(10_000)
    ]
    queries = (
        DialogQuery(),
        DialogQuery(search="dialog-9999"),
        DialogQuery(search="said by nobody", size=200),
        DialogQuery(labels=("team=team-7", "tier"), sort=DialogSort.ORIGIN, descending=True),
        DialogQuery(conditions=frozenset({Condition.STALLED}), sort=DialogSort.PENDING, page=20),
    )
    for query in queries:
        assert min(_seconds(partial(list_dialogs, files, query)) for _ in range(5)) < MOST
    assert list_dialogs(files, queries[1]).total == 1
    assert list_dialogs(files, queries[3]).total == 200
    assert min(_seconds(partial(overview_of, files)) for _ in range(5)) < MOST


def _seconds(work: Callable[[], object]) -> float:
    """Measure the processor's time, for the machine may be busy; what other tests left is not collected."""
    gc.disable()
    began = time.thread_time()
    work()
    took = time.thread_time() - began
    gc.enable()
    return took


def overview_of(files: list[FileReport]) -> Overview:
    return seen(files=files)


@asynccontextmanager
async def reading(
    tmp_path: Path,
    files: Mapping[str, FileReport],
    *,
    rules: Rules | None = RULES,
    source: Directory | None = None,
) -> AsyncIterator[Reading]:
    """Give what reads the files and the ledger of a directory."""
    changes = Changes()
    live = Live(
        files=files,
        health=Health(),
        traffic=lambda: IDLE,
        watch=lambda: ("inotify", None),
        rules=lambda: rules,
        source=source or Directory([tmp_path]),
        ledger=tmp_path / "reconciler.db",
        doubts=dict,
        clock=lambda: NOW,
    )
    with ThreadPoolExecutor(1) as thread:
        yield Reading(live, Recent(changes), changes, thread)


def declared(tmp_path: Path, *documents: str) -> tuple[Directory, FileReport]:
    """Write a manifest file; give its directory, looked at, and how the file stands after it was read."""
    folder = tmp_path / "manifests"
    folder.mkdir(exist_ok=True)
    (folder / "some.yaml").write_text("---\n".join(documents))
    source = Directory([folder])
    (file,) = source.scan().files
    data = source.read(file)
    assert data is not None
    loaded = load(data, file.path, RULES)
    sound = [report_dialog(plan_dialog(each, AppliedState(), NOW), ()) for each in loaded.manifests]
    broken = [report_broken(each, loaded.problems) for each in loaded.broken]
    return source, FileReport(
        location=file.location,
        content=file.content,
        rules=RULES.fingerprint(),
        settled=False,
        due_at=None,
        dialogs=tuple(sorted((*sound, *broken), key=lambda each: each.origin)),
        problems=loaded.problems,
    )


def test_each_invalid_dialog_of_a_file_shows_its_own_problems(tmp_path: Path) -> None:
    documents = (
        manifest(1, "read: false"),
        manifest(2, "read: [222]"),
        manifest(3, "reed: true", "delivered: x"),
    )
    source, file = declared(tmp_path, *documents)
    assert len(file.problems) == 3
    open_ledger(tmp_path / "reconciler.db", keep_text=True).close()

    async def look() -> list[int]:
        async with reading(tmp_path, {file.location: file}, source=source) as read:
            details = [await read.dialog(f"dialog-{number}") for number in (1, 2, 3)]
            assert await read.dialog("dialog-4") is None
            assert await read.dialog(dialog_id(3)) == details[2]
            return [len(detail.problems) for detail in details if detail is not None]

    assert asyncio.run(look()) == [1, 0, 2]


def test_a_file_that_breaks_as_a_whole_is_a_problem_of_each_of_its_dialogs(tmp_path: Path) -> None:
    source, file = declared(tmp_path, manifest(1, "read: [222]"), manifest(2, "read: [222]") + "\x07")
    assert [each.condition for each in file.dialogs] == [Condition.INVALID] * 2
    open_ledger(tmp_path / "reconciler.db", keep_text=True).close()

    async def look() -> list[tuple[Problem, ...]]:
        async with reading(tmp_path, {file.location: file}, source=source) as read:
            details = [await read.dialog(f"dialog-{number}") for number in (1, 2)]
            return [detail.problems for detail in details if detail is not None]

    assert asyncio.run(look()) == [file.problems] * 2


async def test_a_manifest_that_is_just_being_changed_is_not_shown_as_something_it_is_not(
    tmp_path: Path,
) -> None:
    source, file = declared(tmp_path, manifest(1, messages={0: "text: hello"}))
    manifests = tmp_path / "manifests"
    open_ledger(tmp_path / "reconciler.db", keep_text=True).close()
    async with reading(tmp_path, {file.location: file}, source=source) as read:
        before = await read.dialog("dialog-1")
        assert before is not None
        assert [len(standing.parts) for standing in before.standings] == [1]
        declared(tmp_path, manifest(1, messages={0: "text: hullo"}))
        changed = await read.dialog("dialog-1")
        assert changed is not None
        assert changed.standings == ()
        assert (
            changed.unseen
            == "the manifest is being changed, or was just now; it is looked at again in a moment"
        )
        manifests.rename(tmp_path / "elsewhere")
        assert await read.dialog("dialog-1") == changed


async def test_without_a_ledger_there_is_no_history_and_no_dialog_but_all_else(tmp_path: Path) -> None:
    source, file = declared(tmp_path, manifest(1, messages={0: "text: hello"}))
    async with reading(tmp_path, {file.location: file}, source=source) as read:
        assert (await read.dialogs(DialogQuery())).total == 1
        assert (await read.overview()).files == 1
        assert (await read.problems()).problems == ()
        for asked in (read.history(HistoryQuery()), read.dialog("dialog-1")):
            with pytest.raises(LedgerMissing):
                await asked
        (tmp_path / "reconciler.db").write_bytes(b"no ledger" * 1000)
        with pytest.raises(LedgerError, match="not a SQLite database"):
            await read.history(HistoryQuery())


async def test_so_many_exports_run_at_once_and_each_that_ends_makes_room(tmp_path: Path) -> None:
    open_ledger(tmp_path / "reconciler.db", keep_text=True).close()
    async with reading(tmp_path, {}) as read:
        running = [read.export(HistoryQuery(), lambda _: iter([b"x", b"y"])) for _ in range(MOST_EXPORTS)]
        for export in running:
            pieces = await export.__aenter__()
            assert await anext(aiter(pieces)) == b"x"
        with pytest.raises(TooMany):
            await read.export(HistoryQuery(), lambda _: iter([])).__aenter__()
        for export in running:
            await export.__aexit__(None, None, None)
        async with read.export(HistoryQuery(), lambda _: iter([b"z"])) as pieces:
            assert [piece async for piece in pieces] == [b"z"]


def test_who_reads_rests_as_long_as_that_took_so_that_the_daemon_can_send() -> None:
    worked: list[tuple[float, float]] = []

    def work(seconds: float) -> None:
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            pass
        worked.append((began, time.monotonic()))
        if seconds < 0.02:
            raise ValueError

    with RestingThread("reading") as thread:
        done = [thread.submit(work, seconds) for seconds in (0.03, 0.01, 0.05, 0.02)]
    assert [each.exception() is not None for each in done] == [False, True, False, False]
    for (began, ended), (following, _) in pairwise(worked):
        assert following - ended >= 0.95 * (ended - began)


async def test_once_the_daemon_ends_nothing_is_looked_for_in_the_ledger(tmp_path: Path) -> None:
    async with reading(tmp_path, {}) as reader:
        open_ledger(tmp_path / "reconciler.db", keep_text=False).close()
        fill(tmp_path / "reconciler.db")
        rare = HistoryQuery(results=frozenset({Result.IN_DOUBT}))
        assert len((await reader.history(rare)).entries) == 1
        reader.end()
        with pytest.raises(LedgerUnreadable, match="the daemon is ending"):
            await reader.history(rare)
        assert await reader.changed_since(reader.change, 60) == reader.change


async def test_a_change_is_told_at_once_and_a_burst_of_them_twice() -> None:
    changes = Changes()
    first = changes.number
    assert await changes.since(first - 1, 10) == first, (
        "somebody who knows another number is answered at once"
    )
    waits = asyncio.create_task(changes.since(first, 10))
    await asyncio.sleep(0)
    began = time.monotonic()
    for _ in range(1000):
        changes.note()
    assert await waits == first + 1
    assert time.monotonic() - began < 0.5
    assert await changes.since(first + 1, 10) == first + 2, (
        "the rest of the burst is one more, a second later"
    )
    assert time.monotonic() - began > 0.9
    assert await changes.since(first + 2, 0) == first + 2, "and nothing follows"


async def test_who_waits_is_answered_when_the_time_is_over_or_the_daemon_ends() -> None:
    changes = Changes()
    assert await changes.since(changes.number, 0.01) == changes.number
    waits = [asyncio.create_task(changes.since(changes.number, 60)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await changes.since(changes.number, 60)
    changes.end()
    assert await asyncio.gather(*waits) == [changes.number] * MOST_WAITING
    assert await changes.since(changes.number, 60) == changes.number
    changes.note()


def call(number: int, answer: Answer, seconds: float) -> Call:
    (manifested,) = load(manifest(1, messages={0: "text: hello"}).encode(), "one.yaml", RULES).manifests
    (action,) = plan_dialog(manifested, AppliedState(), NOW).actions
    assert isinstance(action, UpdateMessage)
    assert action.message == MessageId(message_id(1, 0))
    return Call(
        intent=Intent(number=number, action=action, name="dialog-1", manifest=b"", sent_at=NOW),
        answer=answer,
        outcome=judge(answer),
        answered_at=NOW + timedelta(seconds=seconds),
    )


def report(*calls: Call) -> Report:
    return Report(started_at=NOW, finished_at=NOW + timedelta(seconds=3), files=(), calls=calls, problems=())


async def test_the_last_passes_that_made_calls_are_remembered() -> None:
    recent = Recent(Changes())
    ok, no, later = Answered(status=200), Answered(status=403), Unanswered(words="down", sent=True)
    recent.reported(report(call(1, ok, 0.1), call(2, ok, 0.3), call(3, no, 0.2), call(4, later, 9)))
    recent.reported(report())
    (summary,) = recent.passes
    assert (summary.applied, summary.rejected, summary.deferred) == (2, 1, 1)
    assert (summary.seconds, summary.call_seconds) == (3.0, 0.25)
    for number in range(100):
        recent.reported(report(*[call(number, ok, number)] * (number + 1)))
    assert [summary.applied for summary in recent.passes] == list(range(41, 101))
