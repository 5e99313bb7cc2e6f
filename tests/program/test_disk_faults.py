"""The ledger's disk fails the program: it is full, its syncs fail, or the program ends at a write or sync.

`RECONCILER_DISK_FAULTS` says how many lives of the program each of these meets (`make disk-faults`: 160).
`--log-cli-level=info` shows what was measured.
"""

import itertools
import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.ledger.opening import open_ledger
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.request_log import LogEntry
from tests.program.chat import KEY, chat, manifest
from tests.program.failing_disk import Fault, Trace, failing, trace, why_not
from tests.program.live_sandbox import LiveSandbox, live_sandbox
from tests.program.program import Program
from tests.program.test_kill import (
    Put,
    assert_as_declared,
    assert_ledger_tells_the_truth,
    declare_round,
    doubts_of_a_whole,
    made,
    recorded,
)
from tests.program.waiting import LONGEST, wait_for

LIVES: Final = int(os.environ.get("RECONCILER_DISK_FAULTS", "6"))
SIDE_BY_SIDE: Final = 4
DAEMONS: Final = max(SIDE_BY_SIDE, LIVES // 4)
"""They wait for seconds before they try again, so some wait side by side."""

FULL: Final = Fault(call="pwrite64", what="error=ENOSPC")
FULL_AT_A_SYNC: Final = Fault(call="fdatasync", what="error=ENOSPC")
NO_FAULT: Final = Fault(call="fdatasync", what="error=EIO", when="60000")
BROKEN_SYNC: Final = Fault(call="fdatasync", what="error=EIO")
KILLED_AT_A_SYNC: Final = Fault(call="fdatasync", what="signal=SIGKILL")
KILLED_AT_A_WRITE: Final = Fault(call="pwrite64", what="signal=SIGKILL")

AT_LEAST: Final = {"fdatasync": 1, "pwrite64": 5}
"""System calls for each call that is made, where several are made side by side; one at a time takes twice."""

BESIDES: Final = 25
"""As many calls take as many system calls as a start and an end."""

KILLED: Final = -9
TEXTS: Final = 8

_TOLD: Final = re.compile(r"reconciler: reconciler\.db: [^;]+; [^;]+")
_log: Final = logging.getLogger(__name__)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def _disk() -> None:
    if (reason := why_not()) is not None:
        pytest.skip(reason)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory for the program alone."""
    directory = tmp_path / "program"
    directory.mkdir()
    return directory


def program_in(directory: Path, sandbox: LiveSandbox) -> Program:
    settings = {"RECONCILER_API_URL": sandbox.url, "RECONCILER_API_KEY": KEY, "RECONCILER_RATE": "10000"}
    return Program(directory, **settings)


def spread(last: int, count: int) -> Iterator[int]:
    """Give `count` numbers, or all, from 1 to `last`, and both of these in any case."""
    steps = max(1, min(last, count) - 1)
    return (1 + round(step * (last - 1) / steps) for step in range(steps + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How a run of `apply` ended on a disk that failed."""

    code: int
    said: Sequence[str]
    trace: Trace


def live(program: Program, fault: Fault, *settings: str) -> Life:
    """Let the program apply what is declared while the fault happens to it; check what a person is told."""
    log = program.directory.with_name("trace")
    program.under = fault.starting(log)
    with program.start("apply", *settings) as running:
        code = running.process.wait(2 * LONGEST)
        said = [line for line in running.stderr.splitlines() if not line.startswith("strace: ")]
        life = Life(code=code, said=said, trace=trace(log, running.process.pid))
    if code in {0, KILLED}:
        assert said == []
    else:
        assert (code, len(said)) == (1, 1), said
        assert _TOLD.fullmatch(said[0]), said
        assert life.trace.faults
    return life


class Work:
    """What is declared, round after round, and how much of it was not seen by the service yet."""

    def __init__(self, program: Program, sandbox: LiveSandbox) -> None:
        self._program = program
        self._sandbox = sandbox
        self._missing: set[Put] = set()
        self.declared: Counter[Put] = Counter()
        self.rounds = 0

    def more(self) -> int:
        """Declare a round once nothing is missing; give how many calls are."""
        self._missing -= set(made(self._sandbox.puts()))
        if not self._missing:
            new = declare_round(self._program, self._sandbox, self.rounds)
            self.declared.update(new)
            self._missing |= new
            self.rounds += 1
        return len(self._missing)


def moment(number: int, system_calls: int) -> int:
    """Give which system call fails in a life that makes so many: the first ones, then one anywhere."""
    return 1 + number if number < LIVES // 4 else 1 + int(number * 0.618 % 1 * system_calls)


def live_again_and_again(
    program: Program, sandbox: LiveSandbox, work: Work, faults: Sequence[Fault]
) -> tuple[list[Life], int]:
    """Let each life of the program meet a fault; give the lives, and how many calls are in doubt.

    One call at a time or several; a fault that lasts or one that happens once.
    """
    lives, doubts = [], 0
    ways = itertools.cycle(itertools.product((True, False), (1, 8), faults))
    for number, (lasts, concurrency, fault) in zip(range(LIVES), ways, strict=False):
        calls = BESIDES + work.more()
        first = moment(number, calls * AT_LEAST[fault.call] * (2 if concurrency == 1 else 1))
        before = sandbox.arrived()
        when = f"{first}+" if lasts else f"{first}"
        life = live(program, replace(fault, when=when), "--concurrency", str(concurrency))
        sandbox.sees(lambda log: log.in_flight == 0, "the end of all calls")
        if not fault.kills:  # what was being sent just then may arrive or not
            assert life.trace.puts == sandbox.arrived() - before
        assert life.trace.puts_after_a_failure <= concurrency, "only with an intent from before"
        known, doubts = doubts, doubts_of_a_whole(program.ledger, program.directory.with_name("copies"))
        assert doubts - known <= (concurrency if life.code else 0), "in doubt is what was under way"
        lives.append(life)
    return lives, doubts


def assert_nothing_is_lost(puts: Iterable[LogEntry], history: Sequence[Mapping[str, Any]]) -> None:
    """Check that each call is recorded as it was answered, or is in doubt."""
    answered = {row["requestId"] for row in history}
    doubted = Counter(recorded(row) for row in history if row["result"] == "in doubt")
    assert Counter(made(put for put in puts if put.request_id not in answered)) <= doubted


@pytest.mark.parametrize(
    "faults",
    [(FULL,), (BROKEN_SYNC, FULL_AT_A_SYNC), (KILLED_AT_A_SYNC, KILLED_AT_A_WRITE)],
    ids=["full", "syncs fail", "killed"],
)
def test_wherever_the_disk_fails_no_call_goes_unrecorded_and_the_next_start_goes_on(
    directory: Path, faults: Sequence[Fault]
) -> None:
    with live_sandbox(SandboxOptions(seed=chat(dialogs=0))) as sandbox:
        program = program_in(directory, sandbox)
        work = Work(program, sandbox)
        lives, doubts = live_again_and_again(program, sandbox, work, faults)
        program.run("apply")
        assert_as_declared(sandbox, work.rounds)
        puts = sandbox.puts()
        assert "Sent nothing." in program.run("apply").stdout
        assert sandbox.arrived() == len(puts)
    program.run("ledger", "check")
    assert set(made(puts)) == set(work.declared), "every declared call was made, and no other"
    history = program.history("--show-text", "--limit", "1000000")
    assert assert_ledger_tells_the_truth(puts, history, ()) == doubts
    assert_nothing_is_lost(puts, history)
    repeats = len(puts) - work.declared.total()
    ended = sum(life.code != 0 for life in lives)
    _log.info(
        "%d lives, %d ended by a fault, %d system calls failed: %d calls, 0 lost, %d in doubt, %d repeated",
        *(len(lives), ended, sum(len(life.trace.faults) for life in lives), len(puts), doubts, repeats),
    )
    assert repeats <= doubts
    assert ended > len(lives) / 2, "the faults hit what they were meant for"


def declare_texts(program: Program, text: str) -> None:
    """Declare one dialog: its calls and their commits come one after the other."""
    program.declare("one.yaml", manifest(1, messages=dict.fromkeys(range(TEXTS), f"text: {text}")))


def test_a_first_start_leaves_a_ledger_that_is_on_disk_or_none(directory: Path) -> None:
    with live_sandbox(SandboxOptions(seed=chat())) as sandbox:
        program = program_in(directory, sandbox)
        declare_texts(program, "hello")
        syncs = [line for line in live(program, NO_FAULT).trace.lines if NO_FAULT.call in line]
        of_the_draft = [number for number, line in enumerate(syncs, 1) if "reconciler.db.new" in line]
        program.ledger.unlink()
        for which in spread(len(of_the_draft), LIVES // 2):
            life = live(program, replace(BROKEN_SYNC, when=f"{of_the_draft[which - 1]}"))
            assert life.code == 1, "a sync that failed is not passed over"
            assert not program.ledger.exists()
        assert sandbox.arrived() == TEXTS
        program.run("apply")
        assert sandbox.arrived() == 2 * TEXTS


def test_a_ledger_whose_name_may_not_be_on_disk_is_not_used(directory: Path) -> None:
    with live_sandbox(SandboxOptions(seed=chat())) as sandbox:
        program = program_in(directory, sandbox)
        declare_texts(program, "hello")
        for _ in ("a new one", "the same"):
            life = live(program, Fault(call="fsync", what="error=EIO"))
            (line,) = life.said
            assert "reconciler.db: its name can't be made durable: Input/output error; look at" in line
            assert program.ledger.exists()
        assert sandbox.arrived() == 0
        program.run("apply")
        assert sandbox.arrived() == TEXTS


def test_a_daemon_calls_nothing_while_the_disk_fails(tmp_path: Path) -> None:
    def outlast(fault: Fault, why: str) -> None:
        directory = tmp_path / fault.call
        directory.mkdir()
        with live_sandbox(SandboxOptions(seed=chat())) as sandbox:
            program = program_in(directory, sandbox)
            declare_texts(program, "before")
            with program.daemon() as daemon:
                daemon.becomes_ready()
                log = directory / "trace"
                with failing(daemon, fault, log):
                    declare_texts(program, "meanwhile")
                    daemon.becomes_unready(f"the ledger can't be written: {why}")
                    wait_for(lambda: log.read_text().count("(INJECTED)") > 2, "it tries again")
                    assert daemon.get("/readyz").status == HTTPStatus.SERVICE_UNAVAILABLE
                    assert daemon.get("/healthz").status == HTTPStatus.OK
                    assert sandbox.arrived() == TEXTS
                daemon.becomes_ready()
                sandbox.sees_puts(2 * TEXTS)
                daemon.stop()
            assert program.run("apply").stdout == "Sent nothing.\n"
            assert sandbox.arrived() == 2 * TEXTS
        program.run("ledger", "check")

    with ThreadPoolExecutor() as pool:
        outages = [
            pool.submit(outlast, FULL, "the disk is full (SQLITE_FULL); free some space"),
            pool.submit(
                outlast, BROKEN_SYNC, "the disk reports an error (SQLITE_IOERR_FSYNC); look at the disk"
            ),
        ]
        for outage in outages:
            outage.result()


def recover(directory: Path, fault: Fault) -> tuple[int, int]:
    """Let a daemon meet a fault and go on by itself.

    Give how many system calls failed, and how many calls to the service it repeated.
    """
    directory.mkdir(parents=True)
    log = directory.with_name("trace")
    with live_sandbox(SandboxOptions(seed=chat())) as sandbox:
        program = program_in(directory, sandbox)
        open_ledger(program.ledger, keep_text=True).close()
        declare_texts(program, "hello")
        program.under = fault.starting(log)
        with program.daemon() as daemon:
            daemon.becomes_unready("the ledger can't be written: the disk ")
            daemon.becomes_ready()
            in_sync = 'reconciler_dialogs{condition="in sync"}'
            wait_for(lambda: daemon.metric(in_sync) == 1, "all is in sync")
            daemon.stop()
            traced = trace(log, daemon.process.pid)
        assert traced.puts == sandbox.arrived()
        assert traced.puts_after_a_failure == 0, "no call without a durable intent"
        assert program.run("apply").stdout == "Sent nothing.\n"
        puts = sandbox.puts()
    program.run("ledger", "check")
    history = program.history("--show-text")
    doubts = assert_ledger_tells_the_truth(puts, history, ())
    assert_nothing_is_lost(puts, history)
    repeats = len(puts) - TEXTS
    assert len(set(made(puts))) == TEXTS
    assert repeats <= doubts <= len(traced.faults)
    return len(traced.faults), repeats


def test_a_daemon_goes_on_by_itself_once_the_disk_does(tmp_path: Path) -> None:
    faults = [
        replace(fault, when=f"{first}..{first + number % 2}")
        for number, commit in enumerate(spread(2 * TEXTS, DAEMONS))
        for fault, first in [((BROKEN_SYNC, 2 + commit), (FULL, 6 * commit))[number // 2 % 2]]
    ]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        directories = [tmp_path / f"{number}" / "program" for number in range(len(faults))]
        failed, repeats = zip(*pool.map(recover, directories, faults), strict=True)
    _log.info(
        "%d daemons, %d system calls failed: all went on by themselves, 0 lost, %d repeated",
        *(len(faults), sum(failed), sum(repeats)),
    )
