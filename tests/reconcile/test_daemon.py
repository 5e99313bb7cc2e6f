"""The daemon put together from real parts: files on disk, a ledger, the sandbox on a socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from reconciler.chat_api.client import ChatApi, ChatApiOptions
from reconciler.chat_api.credentials import ApiKey
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.url import ApiUrl
from reconciler.core.acting import Acting
from reconciler.core.call import Call
from reconciler.core.condition import Condition
from reconciler.core.notice import Notice
from reconciler.core.outcome import Answer
from reconciler.core.problem import Problem
from reconciler.core.refusal import Guards
from reconciler.core.report import Report
from reconciler.daemon.loop import Daemon
from reconciler.ledger.errors import LedgerError
from reconciler.ledger.existing import open_reader
from reconciler.ledger.history import Result
from reconciler.ledger.opening import open_ledger
from reconciler.ledger.reader import LedgerReader
from reconciler.reconcile.group_commit import GroupCommit
from reconciler.reconcile.planning import FEW, PassPlan
from reconciler.reconcile.sender import Sender
from reconciler.sandbox.faults import Delay, FaultRule, Status, When
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.sandbox import Sandbox
from reconciler.sandbox.server import running_sandbox
from reconciler.source.directory import Directory
from reconciler.source.places import places
from reconciler.source.rules import Rules
from reconciler.source.watch import Watch
from tests.program.chat import KEY, chat, dialog_id, manifest, message_id
from tests.reconcile.parts import LONGEST, Clock, until
from tests.simulation.folder import HandWatch


@dataclass
class Seen:
    """Somebody who is told what the daemon does."""

    plans: list[PassPlan] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    hindrances: list[str | None] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    failures: int = 0
    fails: int = 0
    """How often to fail where a plan is told."""

    def planned(self, plan: PassPlan) -> None:
        if self.fails:
            self.fails -= 1
            raise ArithmeticError
        self.plans.append(plan)

    def called(self, call: Call) -> None:
        pass

    def reported(self, report: Report) -> None:
        self.reports.append(report)

    def failed(self) -> None:
        self.failures += 1

    def noticed(self, notice: Notice) -> None:
        pass

    def unusable(self, problems: Sequence[Problem]) -> None:
        pass

    def polling(self, reason: str | None) -> None:
        pass

    def bug(self, words: str) -> None:
        self.bugs.append(words)

    def hindered(self, by: str, reason: str | None) -> None:
        del by
        self.hindrances.append(reason)


@dataclass
class World:
    folder: Path
    ledger: Path
    sandbox: Sandbox
    clock: Clock
    roots: Sequence[Path]
    told: HandWatch | None = None
    """Who alone tells of changes, where the system does not; then no look comes by itself."""

    def write(self, name: str, *documents: str) -> None:
        """Write a file as careful editors do: whole, in one step."""
        new = self.folder / f".{name}.new"
        new.write_text("---\n".join(documents))
        new.rename(self.folder / name)

    def says(self, dialog: int, message: int = 0) -> str | None:
        return self.sandbox.chat.messages[message_id(dialog, message)].text

    @property
    def puts(self) -> int:
        return len(self.sandbox.log.puts())

    async def identify(self) -> Rules | Answer:
        return Rules(acting=Acting())

    @asynccontextmanager
    async def daemon(self, *, expected: str = "none") -> AsyncIterator[tuple[Daemon, Seen]]:
        """Run a daemon for as long as the block lasts; then stop it and wait until it is done."""
        seen, stop = Seen(), asyncio.Event()
        async with AsyncExitStack() as stack:
            writing = stack.enter_context(ThreadPoolExecutor(1))
            reading = stack.enter_context(ThreadPoolExecutor(1))
            ledger = stack.enter_context(open_ledger(self.ledger, keep_text=True))
            reader = stack.enter_context(open_reader(self.ledger, LedgerReader))
            options = ChatApiOptions(url=ApiUrl.parse(self.sandbox.url), credential=ApiKey(Secret(KEY)))
            service = await ChatApi.open(options, writes=True)
            stack.push_async_callback(service.aclose)
            watch = await stack.enter_async_context(aclosing(Watch(self.roots)))
            recorder = GroupCommit(ledger, writing)
            sender = Sender(
                service=service,
                rate=Limiter(1000),
                recorder=recorder,
                concurrency=8,
                clock=self.clock,
                jitter=lambda: 1.0,
                on_call=seen.called,
            )
            daemon = Daemon(
                source=Directory(self.roots),
                watch=self.told or watch,
                identify=self.identify,
                guards=Guards(),
                known=reader.known_files(),
                ledger=reader,
                recorder=recorder,
                sender=sender,
                rescan=3600.0 if self.told else 1.0,
                clock=self.clock,
                reading=reading,
                observers=[seen],
            )
            running = asyncio.ensure_future(daemon.run(stop))
            try:
                yield daemon, seen
            finally:
                stop.set()
                await asyncio.wait_for(running, LONGEST)
            assert all(bug.startswith(expected) for bug in seen.bugs)


@pytest.fixture
async def world(tmp_path: Path, clock: Clock) -> AsyncIterator[World]:
    folder = tmp_path / "manifests"
    folder.mkdir()
    async with running_sandbox(SandboxOptions(seed=chat(dialogs=150, messages=20))) as sandbox:
        yield World(folder, tmp_path / "ledger.db", sandbox, clock, [folder])


def says(dialog: int, text: str, *, name: str | None = None, messages: int = 1) -> str:
    return manifest(dialog, messages=dict.fromkeys(range(messages), f"text: {text}"), name=name)


def conditions(daemon: Daemon) -> set[Condition]:
    return {dialog.condition for file in daemon.files.values() for dialog in file.dialogs}


async def test_what_is_declared_at_the_start_is_applied_and_then_the_daemon_is_ready(world: World) -> None:
    world.write("a.yaml", says(0, "Hello", messages=3), says(1, "Hello"))
    async with world.daemon() as (daemon, _):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        assert daemon.health.hindrance is None
    assert world.puts == 4


async def test_an_edit_makes_the_one_call_that_it_needs(world: World) -> None:
    world.write("a.yaml", says(0, "Hello", messages=3), says(1, "Hello"))
    async with world.daemon() as (daemon, seen):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        seen.plans.clear()
        world.write("b.yaml", says(2, "Hi"))
        await until(lambda: world.says(2) == "Hi", "the new file's call")
        assert [file.file.path for plan in seen.plans for file in plan.files] == [
            str(world.folder / "b.yaml")
        ]
    assert world.puts == 5


@pytest.mark.slow
async def test_each_look_is_an_attempt_and_a_success_where_all_is_as_declared(world: World) -> None:
    world.write("a.yaml", says(0, "Hello"))
    async with world.daemon() as (daemon, seen):
        await until(lambda: daemon.health.last_success_at == world.clock.now, "the first success")
        world.clock.advance(minutes=1)
        await until(
            lambda: daemon.health.last_success_at == world.clock.now, "a look that finds nothing to do"
        )
        assert len(seen.plans) == 1
        last = world.clock.now
        world.write("b.yaml", "nonsense")
        await until(lambda: len(seen.reports) == 2, "the pass")
        world.clock.advance(minutes=1)
        await until(lambda: daemon.health.last_attempt_at == world.clock.now, "another look")
        assert daemon.health.last_success_at == last
        (world.folder / "b.yaml").unlink()
        await until(lambda: daemon.health.last_success_at == world.clock.now, "the next success")
        assert daemon.health.last_attempt_at == world.clock.now


async def test_the_time_of_a_change_stands_in_the_first_plan_that_it_leads_to(world: World) -> None:
    world.sandbox.faults.add(FaultRule(fault=Status(status=503), times=1))
    world.write("a.yaml", says(0, "Hello"))
    async with world.daemon() as (daemon, seen):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        world.clock.advance(minutes=1)
        await until(lambda: world.says(0) == "Hello", "the second attempt")
        times = [file.changed_at is not None for plan in seen.plans for file in plan.files]
    assert times == [True, False]
    async with world.daemon() as (daemon, seen):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        world.write("a.yaml", says(0, "Hello"), "# and no more\n")
        await until(lambda: len(seen.plans) == 2, "a plan")
        assert [file.changed_at is not None for file in seen.plans[1].files] == [True]


async def test_a_restart_in_sync_reads_no_file_and_makes_no_call(world: World) -> None:
    world.write("a.yaml", says(0, "Hello"))
    async with world.daemon() as (daemon, _):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
    async with world.daemon() as (daemon, seen):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        assert [plan.files for plan in seen.plans] == [()]
    assert world.puts == 1


async def test_what_failed_is_tried_again_when_its_time_has_come_and_not_before(world: World) -> None:
    world.sandbox.faults.add(FaultRule(fault=Status(status=503), times=1))
    world.write("a.yaml", says(0, "Hello"))
    async with world.daemon() as (daemon, seen):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        world.write("b.yaml", says(1, "Hello"))
        await until(lambda: world.says(1) == "Hello", "another file's call")
        assert world.puts == 2
        world.clock.advance(minutes=1)
        await until(lambda: world.says(0) == "Hello", "the second attempt")
        await until(lambda: len(seen.reports) >= 3, "its report")
    assert world.puts == 3


@pytest.mark.slow
async def test_a_file_that_is_due_and_changed_untold_is_looked_at_and_then_sent_as_it_is(
    world: World,
) -> None:
    world.told = HandWatch()
    world.sandbox.faults.add(FaultRule(fault=Status(status=503), times=1, when=When(dialog=dialog_id(0))))
    world.write("a.yaml", says(0, "Hello"))
    world.write("b.yaml", says(1, "Hello"))
    async with world.daemon() as (daemon, _):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        world.sandbox.faults.add(FaultRule(fault=Delay(seconds=4), times=1))
        world.clock.advance(seconds=1)
        world.write("b.yaml", says(1, "Hi"))
        world.told.tell(places([str(world.folder / "b.yaml")]))
        await until(
            lambda: daemon.health.last_attempt_at == world.clock.now, "the look at everything after it"
        )
        world.write("a.yaml", says(0, "Hi"))
        world.clock.advance(minutes=1)
        await until(lambda: world.says(1) == "Hi", "an answer, after which the daemon looks what is due")
        await until(lambda: world.says(0) == "Hi", "what the file says now")


@pytest.mark.slow
async def test_everything_is_looked_at_soon_after_a_place(world: World) -> None:
    world.told = HandWatch()
    for dialog, name in enumerate(("a.yaml", "b.yaml")):
        world.write(name, says(dialog, "Hello"))
    async with world.daemon() as (daemon, _):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        looked_at = daemon.health.last_attempt_at
        world.clock.advance(seconds=1)
        for dialog, name in enumerate(("a.yaml", "b.yaml")):
            world.write(name, says(dialog, "Hi"))
        world.told.tell(places([str(world.folder / "a.yaml")]))
        await until(lambda: world.says(0) == "Hi", "the edit that was told of")
        assert (daemon.health.last_attempt_at, world.says(1)) == (looked_at, "Hello")
        await until(lambda: world.says(1) == "Hi", "the other edit")
        assert daemon.health.last_attempt_at == world.clock.now
        await until(lambda: daemon.health.last_success_at == world.clock.now, "a success")


async def test_a_dialog_is_tried_again_although_another_of_its_file_is_in_conflict(world: World) -> None:
    failing = FaultRule(fault=Status(status=503), times=1, when=When(dialog=dialog_id(1)))
    world.sandbox.faults.add(failing)
    world.write("a.yaml", says(0, "Hello"), says(1, "Hello"))
    world.write("b.yaml", says(0, "Hi", name="another"))
    async with world.daemon() as (daemon, _):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        assert world.puts == 1
        world.clock.advance(minutes=1)
        await until(lambda: world.says(1) == "Hello", "the second attempt")
    assert world.puts == 2


@pytest.mark.slow
async def test_a_call_that_hangs_keeps_neither_other_files_nor_documents_of_its_own_file_waiting(
    world: World,
) -> None:
    hanging = Delay(seconds=LONGEST / 10)
    world.sandbox.faults.add(FaultRule(fault=hanging, times=1, when=When(dialog=dialog_id(0))))
    world.write("a.yaml", says(0, "Hello"), says(1, "Hello"))
    async with world.daemon() as (daemon, _):
        await until(lambda: world.says(1) == "Hello", "the other document")
        world.write("a.yaml", says(0, "Hello"), says(1, "Hi"))
        await until(lambda: world.says(1) == "Hi", "the edit of the other document")
        world.write("b.yaml", says(2, "Hi"))
        await until(lambda: world.says(2) == "Hi", "the other file")
        assert world.sandbox.log.in_flight == 1
        await until(lambda: world.says(0) == "Hello", "the call that hung")
        await until(lambda: daemon.health.first_pass_done, "everything to be in sync")
    assert world.puts == 4


async def test_what_is_declared_anew_while_a_call_is_under_way_follows_it(world: World) -> None:
    delay = FaultRule(fault=Delay(seconds=0.3), times=1)
    world.sandbox.faults.add(delay)
    world.write("a.yaml", says(0, "Hello", messages=10))
    async with world.daemon() as (daemon, _):
        await until(lambda: world.sandbox.log.in_flight, "a call under way")
        world.write("a.yaml", says(0, "Hi", messages=10))
        await until(lambda: world.says(0, 9) == "Hi", "the new texts")
        await until(lambda: daemon.health.first_pass_done, "everything to be in sync")
        assert world.says(0, 0) == "Hi"
    assert world.puts == 11  # of the old texts only the one that was under way


async def test_a_text_that_is_taken_back_while_its_call_is_under_way_is_taken_back(world: World) -> None:
    world.write("a.yaml", says(0, "Hello"))
    async with world.daemon() as (daemon, _):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        world.sandbox.faults.add(FaultRule(fault=Delay(seconds=0.5), times=1))
        world.write("a.yaml", says(0, "Hi"))
        await until(lambda: world.sandbox.log.in_flight, "a call under way")
        world.write("a.yaml", says(0, "Hello"))
        await until(lambda: world.puts == 3, "the text to be taken back")
        await until(lambda: not daemon.sending, "its answer")
        assert world.says(0) == "Hello"


@pytest.mark.slow
async def test_what_is_due_does_not_wait_for_a_pass_that_lasts(world: World) -> None:
    hanging = FaultRule(fault=Delay(seconds=LONGEST / 5), times=1, when=When(dialog=dialog_id(0)))
    failing = FaultRule(fault=Status(status=503), times=1, when=When(dialog=dialog_id(1)))
    world.sandbox.faults.add(hanging, failing)
    world.write("a.yaml", says(0, "Hello"))
    world.write("b.yaml", says(1, "Hello"))
    async with world.daemon() as (daemon, seen):
        await until(lambda: Condition.BACKING_OFF in conditions(daemon), "the refusal")
        assert (world.puts, world.sandbox.log.in_flight) == (1, 1)
        world.clock.advance(minutes=1)
        await until(lambda: world.says(1) == "Hello", "the second attempt")
        assert world.sandbox.log.in_flight == 1
        assert not seen.reports


async def test_a_file_that_is_removed_while_it_is_sent_is_not_sent_to_its_end(world: World) -> None:
    world.sandbox.faults.add(FaultRule(fault=Delay(seconds=0.3), times=1))
    world.write("a.yaml", says(0, "Hello", messages=10))
    world.write("b.yaml", says(1, "Hello"))
    async with world.daemon() as (daemon, _):
        await until(lambda: world.sandbox.log.in_flight, "a call under way")
        (world.folder / "a.yaml").unlink()
        await until(lambda: daemon.health.first_pass_done, "the rest")
        assert [report.location for report in daemon.files.values()] == [str(world.folder / "b.yaml")]
    assert world.puts == 2
    with open_reader(world.ledger, LedgerReader) as reader:
        assert list(reader.known_files()) == [str(world.folder / "b.yaml")]


@pytest.mark.slow
async def test_a_bug_is_told_and_the_daemon_goes_on(world: World) -> None:
    """Who is told of a pass fails: that is nobody's reason to stop."""
    world.write("a.yaml", says(0, "Hello"))
    async with world.daemon(expected="ArithmeticError in planned") as (daemon, seen):
        seen.fails = 1
        await until(lambda: daemon.health.hindrances.get("bug"), "the bug")
        await until(lambda: world.says(0) == "Hello", "the call")
        await until(lambda: daemon.health.hindrance is None, "the bug to be over")
        await until(lambda: daemon.health.last_success_at, "a look that found all well")
    assert len(seen.bugs) == seen.failures == 1


async def test_while_the_service_is_down_one_file_is_enough_for_a_probe(world: World) -> None:
    world.sandbox.faults.add(FaultRule(fault=Status(status=503)))
    for dialog in range(12):
        world.write(f"{dialog}.yaml", says(dialog, "Hello", messages=3))
    async with world.daemon() as (daemon, seen):

        def probed(before: int) -> bool:
            return world.puts > before and not daemon.sending

        await until(lambda: daemon.health.hindrance and not daemon.sending, "the calls to be stopped")
        for probe in range(1, 4):
            seen.plans.clear()
            before = world.puts
            world.clock.advance(seconds=30 * probe + 1)
            await until(partial(probed, before), "a probe")
            assert world.puts == before + 1
            assert [len(plan.files) for plan in seen.plans] == [1]
        world.sandbox.faults.clear()
        world.clock.advance(minutes=5)
        await until(lambda: all(world.says(d, 2) == "Hello" for d in range(12)), "all calls")
        await until(lambda: daemon.health.first_pass_done and daemon.health.hindrance is None, "rest")


async def test_a_conflict_holds_both_sides_until_one_gives_way(world: World) -> None:
    world.write("a.yaml", says(0, "Hello"), says(1, "Hello"))
    world.write("b.yaml", says(0, "Hi", name="another"))
    async with world.daemon() as (daemon, _):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        assert (world.says(0), world.says(1)) == ("as it was", "Hello")
        world.write("a.yaml", says(1, "Hello"))
        await until(lambda: world.says(0) == "Hi", "the side that is left")
        await until(lambda: all(f.settled for f in daemon.files.values()), "the conflict to be over")
    assert world.puts == 2


async def test_a_dialog_that_moves_to_another_file_is_not_sent_again(world: World) -> None:
    world.write("a.yaml", says(0, "Hello"), says(1, "Hello"))
    world.write("b.yaml", says(2, "Hello"))
    async with world.daemon() as (daemon, _):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        world.write("b.yaml", says(2, "Hello"), says(1, "Hello"))
        at = str(world.folder / "b.yaml")
        await until(lambda: not daemon.files[at].settled, "the conflict")
        world.write("a.yaml", says(0, "Hello"))
        await until(lambda: daemon.files[at].settled, "the conflict to be over")
        assert [d.condition for d in daemon.files[at].dialogs] == [Condition.IN_SYNC] * 2
    assert world.puts == 3


async def test_a_renamed_file_is_the_same_dialog_also_where_another_root_is_empty(world: World) -> None:
    extra = world.folder.parent / "extra"
    extra.mkdir()
    world.roots = [world.folder, extra]
    world.write("a.yaml", says(0, "Hello"))
    async with world.daemon() as (daemon, _):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        (world.folder / "a.yaml").unlink()
        world.write("renamed.yaml", says(0, "Hello again"))
        await until(lambda: str(world.folder / "renamed.yaml") in daemon.files, "the new name to be seen")
        assert not daemon.files[str(world.folder / "renamed.yaml")].problems


async def test_a_removed_file_is_forgotten_and_nothing_is_sent(world: World) -> None:
    world.write("a.yaml", says(0, "Hello"))
    world.write("b.yaml", says(1, "Hello"))
    async with world.daemon() as (daemon, _):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        (world.folder / "b.yaml").unlink()
        await until(lambda: len(daemon.files) == 1, "the file to be forgotten")
    assert world.puts == 2
    with open_reader(world.ledger, LedgerReader) as reader:
        assert [dialog.name for dialog in reader.dialogs()] == ["dialog-0"]
        assert len(list(reader.history("dialog-1", limit=9))) == 1


async def test_an_empty_folder_means_that_something_is_wrong(world: World) -> None:
    world.write("a.yaml", says(0, "Hello"))
    async with world.daemon() as (daemon, seen):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        (world.folder / "a.yaml").unlink()
        await until(lambda: daemon.health.hindrance, "the hindrance")
        assert len(daemon.files) == 1
        world.write("a.yaml", says(0, "Hello"))
        await until(lambda: daemon.health.hindrance is None, "the folder to be whole again")
        assert [reason is None for reason in seen.hindrances] == [False, True]
    assert world.puts == 1


@pytest.mark.slow
async def test_nothing_is_sent_while_the_ledger_is_not_the_one_on_disk(world: World) -> None:
    world.write("a.yaml", says(0, "Hello"))
    async with world.daemon() as (daemon, seen):
        await until(lambda: daemon.health.first_pass_done, "the first pass")
        aside = world.ledger.with_suffix(".aside")
        world.ledger.rename(aside)
        world.write("a.yaml", says(0, "Hi"))
        await until(lambda: daemon.health.hindrance, "the hindrance")
        assert world.puts == 1
        aside.rename(world.ledger)
        await until(lambda: world.says(0) == "Hi", "the call")
        assert [reason is None for reason in seen.hindrances] == [False, True]


async def test_a_ledger_that_is_lost_at_the_end_is_said_to_be_so(world: World) -> None:
    """Whatever `run` makes of it, a group of exceptions has no words for a person."""
    world.sandbox.faults.add(FaultRule(fault=Delay(seconds=0.3)))
    world.write("a.yaml", says(0, "Hello"))
    with contextlib.suppress(LedgerError):
        async with world.daemon():
            await until(lambda: world.sandbox.log.in_flight, "a call under way")
            world.ledger.rename(world.ledger.with_suffix(".aside"))
    assert world.puts == 1


async def test_a_stop_waits_for_the_answers_under_way_and_makes_no_new_call(world: World) -> None:
    world.sandbox.faults.add(FaultRule(fault=Delay(seconds=0.3)))
    for dialog in range(12):
        world.write(f"{dialog}.yaml", says(dialog, "Hello", messages=4))
    async with world.daemon():
        await until(lambda: world.sandbox.log.in_flight == 8, "calls under way")
        arrived = world.sandbox.log.arrived
    assert world.sandbox.log.arrived == arrived == world.puts
    with open_reader(world.ledger, LedgerReader) as reader:
        results = [row.result for row in reader.history(None, limit=1000)]
    assert results.count(Result.APPLIED) == arrived
    assert Result.IN_DOUBT not in results


async def test_what_a_stop_left_over_is_sent_by_the_next_daemon_once(world: World) -> None:
    world.sandbox.faults.add(FaultRule(fault=Delay(seconds=0.2), times=8))
    for dialog in range(12):
        world.write(f"{dialog}.yaml", says(dialog, "Hello", messages=4))
    async with world.daemon():
        await until(lambda: world.sandbox.log.in_flight == 8, "calls under way")
    async with world.daemon() as (daemon, _):
        await until(lambda: daemon.health.first_pass_done, "the rest")
    assert world.puts == 48


@pytest.mark.slow
async def test_many_files_are_planned_and_sent_portion_by_portion(world: World) -> None:
    for number in range(FEW + 20):
        world.write(f"{number:03}.yaml", says(number, "Hello", messages=20))
    async with world.daemon() as (daemon, seen):
        await until(lambda: daemon.health.first_pass_done and not daemon.sending, "all is sent")
        assert conditions(daemon) == {Condition.IN_SYNC}
        assert len(seen.plans) > 1
        assert len({file.file.path for plan in seen.plans for file in plan.files}) == FEW + 20
    assert world.puts == 20 * (FEW + 20)


@pytest.mark.slow
async def test_what_is_withdrawn_while_many_files_are_planned_is_sent_no_more(
    world: World,
) -> None:
    """The rest is planned anew once that was seen, and not before: it may take long."""
    for number in range(FEW + 20):
        world.write(f"{number:03}.yaml", says(number, "Hello", messages=20))
    last = world.folder / f"{FEW + 19:03}.yaml"
    async with world.daemon() as (daemon, seen):
        await until(lambda: seen.plans, "the first portion")
        last.unlink()
        await until(lambda: daemon.health.first_pass_done and not daemon.sending, "all is sent")
    assert str(last) not in {file.file.path for plan in seen.plans for file in plan.files}
