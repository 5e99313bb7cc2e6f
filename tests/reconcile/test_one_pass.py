"""One pass: dialogs side by side, each file recorded once its dialogs are done."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from reconciler.core.action import Action
from reconciler.core.call import Call, Intent, Withdrawal
from reconciler.core.condition import Condition
from reconciler.core.file_report import FileReport
from reconciler.core.outcome import Answer
from reconciler.core.plan import DialogPlan
from reconciler.core.report import Report
from reconciler.ledger.entry import Entry
from reconciler.ledger.errors import LedgerReplaced
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.writer import Ledger
from reconciler.reconcile.file_plan import FilePlan
from reconciler.reconcile.group_commit import GroupCommit
from reconciler.reconcile.one_pass import send_pass
from reconciler.reconcile.planning import PassPlan
from reconciler.reconcile.sender import Sender
from reconciler.reconcile.underway import Underway
from reconciler.source.directory import ManifestFile
from tests.core.builders import MINUTE, NOW
from tests.reconcile.parts import OK, REFUSED, Chat, Clock, FreeRate, dialog_id, plan, texts, until


class Recorder:
    """A real ledger that fails for the entries that it is told to."""

    def __init__(self, ledger: Ledger, thread: ThreadPoolExecutor) -> None:
        self._group_commit = GroupCommit(ledger, thread)
        self._path = ledger.path
        self.fails: Callable[[Entry], bool] = lambda _: False

    def next_number(self) -> int:
        return self._group_commit.next_number()

    async def write(self, entry: Intent | Call | Withdrawal | FileReport) -> None:
        if self.fails(entry):
            raise LedgerReplaced(self._path)
        await self._group_commit.write(entry)


class World:
    def __init__(self, ledger: Ledger, thread: ThreadPoolExecutor, clock: Clock) -> None:
        self.chat = Chat()
        self.clock = clock
        self.underway = Underway()
        self.planned_anew: set[str] = set()
        self.recorder = Recorder(ledger, thread)
        self.noted: list[str] = []
        self.sender = Sender(
            service=self.chat,
            rate=FreeRate(),
            recorder=self.recorder,
            concurrency=8,
            clock=clock,
            jitter=lambda: 1.0,
            on_call=lambda _: None,
        )

    async def send(self, *files: FilePlan) -> Report:
        for each in files:
            for dialog in each.dialogs:
                self.underway.begin(dialog)
        return await send_pass(
            PassPlan(started_at=NOW, files=files),
            sender=self.sender,
            recorder=self.recorder,
            clock=self.clock,
            underway=self.underway,
            current=lambda file: file.file.location not in self.planned_anew,
            on_file=lambda report: self.noted.append(report.location),
        )


@pytest.fixture
async def world(ledger: Ledger, thread: ThreadPoolExecutor, clock: Clock) -> World:
    return World(ledger, thread, clock)


def file(name: str, *dialogs: DialogPlan, conflicting: bool = False) -> FilePlan:
    return FilePlan(
        file=ManifestFile(path=f"{name}.yaml", location=f"/{name}.yaml", content=name.encode()),
        rules=b"rules",
        dialogs=dialogs,
        broken=(),
        problems=(),
        conflicting=conflicting,
    )


async def test_a_pass_reports_on_each_file_and_records_it(world: World, reader: LedgerReader) -> None:
    report = await world.send(file("a", plan(0, *texts(2)), plan(1, "Hello")), file("b", plan(2, "Hello")))
    assert [[dialog.condition for dialog in each.dialogs] for each in report.files] == [
        [Condition.IN_SYNC, Condition.IN_SYNC],
        [Condition.IN_SYNC],
    ]
    assert len(report.calls) == 4
    assert reader.known_files() == {each.location: each for each in report.files}


async def test_a_report_is_of_now_or_of_the_latest_time_that_it_goes_by(world: World) -> None:
    async def report_at() -> datetime | None:
        return (await world.send(file("a", plan(0, "Hello")))).files[0].at

    def put_back(_: Action) -> Answer:
        world.clock.advance(hours=-2)
        return OK

    world.clock.advance(minutes=1)
    assert await report_at() == world.clock.now == NOW + MINUTE
    world.chat.answer = put_back
    assert await report_at() == NOW  # when it was planned


async def test_a_file_is_recorded_while_others_are_still_being_sent(
    world: World, reader: LedgerReader
) -> None:
    gate = asyncio.Event()
    world.chat.open = gate
    sending = asyncio.ensure_future(world.send(file("a", plan(0, "Hello")), file("b")))
    await until(lambda: "/b.yaml" in world.noted, "the file that has nothing to send")
    assert reader.known_files().keys() == {"/b.yaml"}
    gate.set()
    await sending


async def test_what_a_stop_leaves_over_is_pending_and_due_at_once(world: World) -> None:
    world.chat.open.clear()
    sending = asyncio.ensure_future(world.send(file("a", plan(0, *texts(3)))))
    await until(lambda: world.chat.under_way, "a call under way")
    world.underway.call_off_all()
    world.chat.open.set()
    report = await sending
    (dialog,) = report.files[0].dialogs
    assert (dialog.condition, dialog.pending, dialog.due_at) == (Condition.PENDING, 2, NOW)
    assert report.files[0].due_at == NOW
    assert len(world.chat.arrived) == 1


async def test_a_refused_call_stalls_its_dialog_and_no_other(world: World) -> None:
    world.chat.answer = lambda action: REFUSED if action.dialog == dialog_id(0) else OK
    report = await world.send(file("a", plan(0, "Hello"), plan(1, "Hello")))
    assert [dialog.condition for dialog in report.files[0].dialogs] == [Condition.STALLED, Condition.IN_SYNC]


async def test_a_file_that_shares_a_dialog_with_another_is_not_settled(world: World) -> None:
    report = await world.send(file("a", conflicting=True), file("b"))
    assert [each.settled for each in report.files] == [False, True]


async def test_a_bug_in_one_dialog_holds_that_dialog_for_a_minute_and_quotes_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(action: Action) -> Answer:
        if action.dialog == dialog_id(0):
            msg = "canary text"
            raise ZeroDivisionError(msg)
        return OK

    world.chat.answer = answer
    with caplog.at_level(logging.DEBUG):
        report = await world.send(file("a", plan(0, "Hello"), plan(1, "Hello")), file("b", plan(2, "Hello")))
    first, second = report.files[0].dialogs
    assert (first.condition, first.due_at) == (Condition.PENDING, NOW + MINUTE)
    assert second.condition is report.files[1].dialogs[0].condition is Condition.IN_SYNC
    assert "dialog-0: ZeroDivisionError" in caplog.text
    assert "canary" not in caplog.text


async def test_a_ledger_that_fails_ends_the_pass(world: World) -> None:
    world.recorder.fails = lambda entry: isinstance(entry, Intent)
    with pytest.raises(LedgerReplaced):
        await world.send(file("a", plan(0, "Hello")), file("b", plan(1, "Hello")))
    assert not world.chat.arrived


async def test_nothing_of_a_pass_goes_on_once_it_ended_with_an_error(world: World) -> None:
    """A second dialog of the file whose first could not be recorded is not sent on its own."""
    world.recorder.fails = lambda entry: isinstance(entry, Intent) and entry.name == "dialog-0"
    before = asyncio.all_tasks()
    with pytest.raises(LedgerReplaced):
        await world.send(file("a", plan(0, "Hello"), plan(1, *texts(5))))
    left = {task for task in asyncio.all_tasks() - before if "_send_dialog" in repr(task)}
    assert not left
