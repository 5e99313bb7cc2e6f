"""However the daemon ends, the ledger knows what was sent, and the next one goes on from there."""

import json
import os
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from reconciler.sandbox.faults import Delay, FaultRule
from reconciler.sandbox.request_log import RequestLog
from tests.program.chat import ANN, BEN, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program
from tests.program.waiting import wait_for

SLOWLY = FaultRule(fault=Delay(seconds=2))


def has_seen(calls: int, log: RequestLog) -> bool:
    return log.arrived >= calls


def declare_everywhere(program: Program, *, dialogs: int = 10, messages: int = 4) -> int:
    """Declare texts in many dialogs; give how many calls that takes."""
    for number in range(dialogs):
        texts = {m: f"text: {number}.{m}" for m in range(messages)}
        program.declare(f"{number}.yaml", manifest(number, messages=texts))
    return dialogs * messages


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_calls_under_way_be_answered_and_makes_no_new_one(
    program: Program, sandbox: LiveSandbox, how: signal.Signals
) -> None:
    calls = declare_everywhere(program)
    sandbox.let_fail(SLOWLY)
    with program.daemon("--concurrency", "3") as daemon:
        sandbox.sees(lambda log: log.in_flight == 3, "three calls at once")
        daemon.stop(how, exits=0)
    assert "stopped" in daemon.stderr.splitlines()[-1]
    assert sandbox.arrived() == 3
    assert program.status()["calls"]["inDoubt"] == 0
    assert program.status()["calls"]["applied"] == 3
    sandbox.let_succeed()
    program.run("apply")
    assert sandbox.arrived() == calls


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_apply_ends_on_a_signal_as_the_daemon_does(
    program: Program, sandbox: LiveSandbox, how: signal.Signals
) -> None:
    calls = declare_everywhere(program)
    sandbox.let_fail(SLOWLY)
    with program.start("apply", "--concurrency", "3") as apply:
        sandbox.sees(lambda log: log.in_flight == 3, "three calls at once")
        apply.stop(how, exits=5)
    assert sandbox.arrived() == 3
    assert "Sent 3 calls" in apply.stdout
    assert apply.stderr == (
        "interrupted: 3 calls made and recorded, 37 changes in 10 dialogs left; "
        "run this again, it goes on where it stopped\n"
    )
    assert program.status()["calls"]["inDoubt"] == 0
    sandbox.let_succeed()
    program.run("apply")
    assert sandbox.arrived() == calls


def test_an_interrupted_apply_says_so_beside_its_document(program: Program, sandbox: LiveSandbox) -> None:
    declare_everywhere(program, dialogs=2, messages=2)
    sandbox.let_fail(SLOWLY)
    with program.start("apply", "-o", "json", "--concurrency", "1") as apply:
        sandbox.sees(lambda log: log.in_flight == 1, "a call under way")
        apply.stop(signal.SIGINT, exits=5)
    assert json.loads(apply.stdout)["calls"] == {"applied": 1, "deferred": 0, "rejected": 0}
    assert "interrupted: 1 call made and recorded, 3 changes in 2 dialogs left; " in apply.stderr


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_apply_that_is_ended_before_it_begins_says_so(
    program: Program, how: signal.Signals, code: int
) -> None:
    pipe = program.directory / "settings.toml"
    os.mkfifo(pipe)
    with program.start("--config", pipe.name, "apply") as apply:
        writing = wait_for(lambda: opened(pipe), "it reads its settings")
        apply.stop(how, exits=code)
        os.close(writing)
    assert apply.stderr.lstrip() == "reconciler: interrupted; `reconciler history` shows what was sent\n"
    assert not program.ledger.exists()


def opened(pipe: Path) -> int | None:
    """Open a pipe for writing; None where nobody reads it yet. Its descriptor is never 0."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def test_what_is_to_be_tried_again_is_left_of_an_interrupted_apply(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    sandbox.let_fail(FaultRule(fault=Delay(seconds=60), times=1))
    with program.start("apply", "--timeout", "2") as apply:
        sandbox.sees(lambda log: log.in_flight == 1, "a call that hangs")
        apply.stop(signal.SIGINT, exits=5)
    assert "interrupted: 1 call made and recorded, 1 change in 1 dialog left; " in apply.stderr


def test_an_apply_that_is_interrupted_at_its_last_call_has_done_everything(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    sandbox.let_fail(SLOWLY)
    with program.start("apply") as apply:
        sandbox.sees(lambda log: log.in_flight == 1, "the only call")
        apply.stop(signal.SIGINT, exits=0)
    assert apply.stderr == "interrupted: 1 call made and recorded, nothing is left\n"


def test_a_call_that_outlasts_the_grace_period_is_given_up_and_in_doubt(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    sandbox.let_fail(FaultRule(fault=Delay(seconds=60), times=1))
    with program.daemon("--grace", "1", "--timeout", "300") as daemon:
        sandbox.sees(lambda log: log.in_flight == 1, "a call that hangs")
        daemon.stop()
    assert "given up" in daemon.stderr
    assert program.status()["calls"]["inDoubt"] == 1
    program.run("apply")
    assert sandbox.message(message_id(1, 0)).text == "hello"


def test_a_restart_makes_no_call_and_reads_no_manifest(program: Program, sandbox: LiveSandbox) -> None:
    calls = declare_everywhere(program)
    with program.daemon() as daemon:
        wait_for(lambda: sandbox.arrived() == calls, "all is sent")
        daemon.becomes_ready()
        daemon.stop()
    with program.daemon() as daemon:
        daemon.becomes_ready()
        assert daemon.metric('reconciler_dialogs{condition="in sync"}') == 10
        assert "planned files=0" in daemon.stderr or "planned" not in daemon.stderr
        daemon.stop()
    assert sandbox.arrived() == calls


def test_after_a_kill_the_calls_in_flight_are_in_doubt_and_only_they_are_repeated(
    program: Program, sandbox: LiveSandbox
) -> None:
    calls = declare_everywhere(program)
    sandbox.let_fail(FaultRule(fault=Delay(seconds=4), applied=True, skip=10))
    with program.daemon("--concurrency", "4") as daemon:
        sandbox.sees(lambda log: log.arrived == 14, "ten answered calls and four under way")
        wait_for(lambda: program.status()["calls"]["applied"] == 10, "ten are recorded")
        daemon.kill()
    in_doubt = {call["message"] for call in program.history() if call["result"] == "in doubt"}
    assert len(in_doubt) == 4
    assert "in doubt" in program.run("history").stdout
    assert "4 without an answer: under way or in doubt" in program.run("status").stdout
    sandbox.let_succeed()
    with program.daemon() as daemon:
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="in sync"}') == 10, "all is in sync")
        daemon.stop()
    sandbox.sees(lambda log: log.finished == calls + 4, "each call, and four twice")
    repeated = {path for path, times in Counter(put.path for put in sandbox.puts()).items() if times == 2}
    assert repeated == {f"/chat/Message/{message}.json" for message in in_doubt}
    assert all(sandbox.message(message_id(d, m)).text == f"{d}.{m}" for d in range(10) for m in range(4))


@pytest.mark.slow
def test_killed_again_and_again_it_converges_with_repeats_only_of_calls_in_flight(
    program: Program, sandbox: LiveSandbox
) -> None:
    for number in range(10):
        messages = {m: f"text: {number}.{m}, read: [222], delivered: true" for m in range(6)}
        program.declare(f"{number}.yaml", manifest(number, "read: [333]", messages=messages))
    calls = 10 * (6 + 6 + 1)
    sandbox.let_fail(FaultRule(fault=Delay(seconds=0.02, jitter=0.05)))
    kills = 0
    for calls_before in (1, 7, 20, 33, 50, 71, 90, 110):
        with program.daemon("--concurrency", "4") as daemon:
            sandbox.sees(partial(has_seen, calls_before + 4 * kills), "some calls more")
            daemon.kill()
            kills += 1
    program.run("apply")
    assert sandbox.arrived() <= calls + 4 * kills
    for number in range(10):
        for m in range(6):
            message = sandbox.message(message_id(number, m))
            assert message.text == f"{number}.{m}"
            assert message.read_ids == {ANN, BEN, 333}
    program.run("apply")
    assert program.status()["calls"]["inDoubt"] <= 4 * kills


def test_a_second_daemon_on_the_same_ledger_is_refused(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        done = program.run("run", "--listen", "127.0.0.1:0", exits=6)
        assert f"reconciler.db: the ledger is in use by process {daemon.process.pid} since" in done.stderr
        assert "stop that one, or name another file" in done.stderr
        for command in ("plan", "status", "history"):
            program.run(command)
        daemon.stop()
    assert sandbox.arrived() == 1


def test_a_ledger_that_is_deleted_under_the_daemon_stops_the_sending(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: first"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        away = program.ledger.rename(program.directory / "away.db")
        program.declare("one.yaml", manifest(1, messages={0: "text: second"}))
        daemon.becomes_unready("the ledger was deleted or replaced while in use")
        assert sandbox.arrived() == 1
        away.rename(program.ledger)
        sandbox.sees_text("second")
        daemon.becomes_ready()
        daemon.stop()
    assert sandbox.arrived() == 2
    assert len(program.history()) == 2
