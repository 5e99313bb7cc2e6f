"""What the metrics of a running daemon say of what is done to it: each figure by what it is for."""

import os
import time
from pathlib import Path

import pytest

from reconciler.sandbox.faults import Delay, FaultRule, Status, When
from tests.program.chat import manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program, Running
from tests.program.waiting import LONGEST, wait_for

ATTEMPT, SUCCESS = "reconciler_last_attempt_timestamp_seconds", "reconciler_last_success_timestamp_seconds"
LATENCY = "reconciler_change_latency_seconds"
DOUBT = "reconciler_ledger_oldest_doubt_seconds"


def passes(result: str) -> str:
    return f'reconciler_passes_total{{result="{result}"}}'


def hindered(by: str) -> str:
    return f'reconciler_hindered{{by="{by}"}}'


def dialogs(condition: str) -> str:
    return f'reconciler_dialogs{{condition="{condition}"}}'


def hello(dialog: int, text: str) -> str:
    return manifest(dialog, messages={0: f"text: {text}"})


def becomes(daemon: Running, series: str, value: float) -> None:
    wait_for(lambda: daemon.metric(series) == value, f"{series} is {value:g}")


def latency(daemon: Running, calls: int) -> float:
    """Wait until so many calls were counted; give the seconds that they took together."""
    becomes(daemon, f"{LATENCY}_count", calls)
    return daemon.metric(f"{LATENCY}_sum")


def test_an_edit_is_timed_from_the_write_to_the_answer(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", hello(1, "first"))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        first = latency(daemon, 1)
        assert 0 < first < LONGEST, "from when the daemon first saw it"
        sandbox.let_fail(FaultRule(fault=Delay(seconds=1)))
        begin = time.time()
        program.declare("one.yaml", hello(1, "second"))
        assert 1 <= latency(daemon, 2) - first <= time.time() - begin
        assert daemon.metric(f'{LATENCY}_bucket{{le="0.05"}}') <= 1
        daemon.stop()


def test_what_fails_is_timed_in_full_and_what_was_there_at_a_restart_not_at_all(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", hello(1, "first"))
    program.run("apply")
    sandbox.let_fail(FaultRule(fault=Status(status=503), times=1))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        assert daemon.metric(f"{LATENCY}_count") == 0
        begin = time.time()
        program.declare("one.yaml", hello(1, "second"))
        waited = latency(daemon, 1)
        retry, failure, _ = program.history()
        assert (failure["result"], retry["result"]) == ("deferred", "applied")
        assert 0 < waited <= time.time() - begin
        daemon.stop()
    with program.daemon() as daemon:
        daemon.becomes_ready()
        assert daemon.metric(f"{LATENCY}_count") == 0
        daemon.stop()


def test_a_change_made_while_no_daemon_ran_counts_from_when_one_sees_it(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", hello(1, "first"))
    program.run("apply")
    changed = program.declare("one.yaml", hello(1, "second"))
    os.utime(changed, (time.time() - 86_400, time.time() - 86_400))
    with program.daemon() as daemon:
        sandbox.sees_text("second")
        assert latency(daemon, 1) < LONGEST
        old = program.directory / "old.yaml"
        old.write_text(hello(1, "third"))
        os.utime(old, (time.time() - 86_400, time.time() - 86_400))
        old.rename(changed)
        sandbox.sees_text("third")
        assert latency(daemon, 2) < 2 * LONGEST, "a file moved into place has the time it had elsewhere"
        daemon.stop()


def test_an_idle_daemon_keeps_looking_and_all_is_well(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", hello(1, "first"))
    with program.daemon("--rescan", "1") as daemon:
        daemon.becomes_ready()
        becomes(daemon, dialogs("in sync"), 1)
        wait_for(lambda: daemon.metric(SUCCESS) > 0, "the first success")
        before, began = daemon.total("reconciler_passes_total"), time.time()
        wait_for(lambda: daemon.metric(ATTEMPT) > began, "a look at all files")
        wait_for(lambda: daemon.metric(SUCCESS) > began, "a success")
        assert daemon.total("reconciler_passes_total") == before, "nothing was to be done"
        daemon.stop()
    assert len(sandbox.puts()) == 1


def test_a_success_is_only_where_nothing_is_invalid_failing_or_held(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", hello(1, "first"))
    suspended = manifest(2, "suspend: {reason: a, until: 2099-01-01T00:00:00Z}", "read: true")
    program.declare("two.yaml", suspended)
    later = Status(status=503, headers={"Retry-After": "60"})
    with program.daemon("--rescan", "1", "--guard-dialog-marks", "0") as daemon:
        wait_for(lambda: daemon.metric(SUCCESS) > 0, "a success, what is suspended notwithstanding")
        becomes(daemon, passes("success"), 1)
        for condition, rule, trouble in (
            ("invalid", None, manifest(1, "read: false")),
            ("stalled", None, manifest(1, "read: true", messages={0: "text: first"})),
            ("backing off", FaultRule(fault=later), hello(1, "second")),
        ):
            if rule:
                sandbox.let_fail(rule)
            program.declare("one.yaml", trouble)
            becomes(daemon, dialogs(condition), 1)
            known, began = daemon.metric(SUCCESS), time.time()
            wait_for(lambda: daemon.metric(ATTEMPT) > began, "another look")  # noqa: B023  # waited for at once
            assert daemon.metric(SUCCESS) == known, condition
        wait_for(lambda: daemon.metric(passes("incomplete")) >= 3, "three passes that left something")
        sandbox.let_succeed()
        program.declare("one.yaml", hello(1, "third"))
        began = time.time()
        wait_for(lambda: daemon.metric(SUCCESS) > began, "a success")
        daemon.stop()


def test_a_guard_counts_once_a_plan_id(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", hello(1, "first"))
    program.run("apply")
    with program.daemon("--guard-dialog-marks", "0") as daemon:
        daemon.becomes_ready()
        held = 'reconciler_guard_refusals_total{guard="dialog marks"}'
        program.declare("one.yaml", manifest(1, "read: true", messages={0: "text: first"}))
        becomes(daemon, held, 1)
        before = daemon.total("reconciler_passes_total")
        program.declare("two.yaml", hello(2, "first"))
        sandbox.sees_puts(2)
        wait_for(lambda: daemon.total("reconciler_passes_total") > before, "it was planned once more")
        assert daemon.metric(held) == 1
        program.declare("one.yaml", manifest(1, "delivered: true", messages={0: "text: first"}))
        becomes(daemon, held, 2)
        assert daemon.metric('reconciler_guard_refusals_total{guard="rewrites"}') == 0
        daemon.stop()


def test_each_answer_429_counts(program: Program, sandbox: LiveSandbox) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=429), times=2))
    program.declare("one.yaml", hello(1, "first"))
    with program.daemon() as daemon:
        sandbox.sees_text("first")
        becomes(daemon, dialogs("in sync"), 1)
        assert daemon.metric("reconciler_api_throttles_total") == 2
        daemon.stop()


def test_the_ledger_s_writes_count_and_its_size_is_that_of_its_files(
    program: Program, sandbox: LiveSandbox
) -> None:
    committed, failed = (f'reconciler_ledger_writes_total{{result="{r}"}}' for r in ("committed", "failed"))
    program.declare("one.yaml", hello(1, "first"))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        assert daemon.metric(committed) >= 3, "the intent, its outcome and the file"
        assert daemon.metric(failed) == 0
        files = [program.ledger, program.ledger.with_name("reconciler.db-wal")]
        assert daemon.metric("reconciler_ledger_size_bytes") == sum(file.stat().st_size for file in files)
        aside = program.ledger.rename(program.directory / "aside")
        program.declare("one.yaml", hello(1, "second"))
        becomes(daemon, hindered("ledger"), 1)
        wait_for(lambda: daemon.metric(failed) >= 1, "an attempt to write again")
        aside.rename(program.ledger)
        sandbox.sees_text("second")
        becomes(daemon, hindered("ledger"), 0)
        daemon.stop()


def test_a_call_that_hangs_is_in_doubt_and_grows_old_until_it_is_answered(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Delay(seconds=3), times=1))
    program.declare("one.yaml", hello(1, "first"))
    with program.daemon() as daemon:
        wait_for(lambda: 1 < daemon.metric(DOUBT) < LONGEST, "it grows old")
        becomes(daemon, dialogs("in sync"), 1)
        assert daemon.metric(DOUBT) == 0
        daemon.stop()


def test_a_call_that_a_kill_left_without_an_answer_keeps_its_age_until_it_is_repeated(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Delay(seconds=LONGEST), times=1), FaultRule(fault=Status(status=503)))
    program.declare("one.yaml", hello(1, "first"))
    with program.daemon() as daemon:
        wait_for(lambda: daemon.metric(DOUBT) > 1, "it grows old")
        daemon.kill()
    with program.daemon() as daemon:
        becomes(daemon, dialogs("backing off"), 1)
        assert daemon.metric(DOUBT) > 1, "that repeat failed too"
        sandbox.let_succeed()
        becomes(daemon, dialogs("in sync"), 1)
        assert daemon.metric(DOUBT) == 0
        daemon.stop()
    with program.daemon() as daemon:
        daemon.becomes_ready()
        assert daemon.metric(DOUBT) == 0
        daemon.stop()


def test_what_stands_in_the_way_has_a_series_each(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", hello(1, "first"))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        assert daemon.total("reconciler_hindered") == 0
        sandbox.let_fail(FaultRule(fault=Status(status=401)))
        program.declare("one.yaml", hello(1, "second"))
        becomes(daemon, hindered("service"), 1)
        away = program.manifests.rename(program.directory / "away")
        becomes(daemon, hindered("source"), 1)
        assert daemon.total("reconciler_hindered") == 2
        away.rename(program.manifests)
        becomes(daemon, hindered("source"), 0)
        daemon.stop()


@pytest.mark.parametrize("mode", ["inotify", "poll"])
def test_the_way_of_watching_is_told(program: Program, sandbox: LiveSandbox, mode: str) -> None:
    program.declare("one.yaml", hello(1, "first"))
    with program.daemon("--watch", mode) as daemon:
        daemon.becomes_ready()
        becomes(daemon, f'reconciler_watch_mode{{mode="{mode}"}}', 1)
        assert daemon.total("reconciler_watch_mode") == 1
        assert daemon.metric("reconciler_watch_fallback") == 0
        daemon.stop()
    assert len(sandbox.puts()) == 1


def test_a_key_has_no_session_that_ends(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", hello(1, "first"))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        assert daemon.samples("reconciler_session_expiry_timestamp_seconds") == []
        daemon.stop()
    assert sandbox.message(message_id(1, 0)).text == "first"


def test_a_pass_that_the_ledger_ends_is_an_error(program: Program, sandbox: LiveSandbox) -> None:
    sandbox.let_fail(FaultRule(fault=Delay(seconds=1), when=When(message=message_id(1, 0))))
    program.declare("one.yaml", hello(1, "first"))
    with program.daemon() as daemon:
        sandbox.sees(lambda log: log.in_flight == 1, "the call")
        aside = program.ledger.rename(program.directory / "aside")
        becomes(daemon, passes("error"), 1)
        aside.rename(program.ledger)
        becomes(daemon, dialogs("in sync"), 1)
        daemon.stop()
    assert Path(program.ledger).exists()
