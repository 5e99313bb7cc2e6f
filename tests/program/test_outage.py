"""While the service is away, the daemon makes no calls but a probe now and then, whatever is declared."""

import socket
from collections.abc import Iterator

import pytest

from reconciler.sandbox.faults import BodyShape, FaultRule, Status
from tests.program.chat import manifest
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program, Running
from tests.program.waiting import wait_for

CONCURRENCY = 4
TRIPPED = 5 + CONCURRENCY
"""Calls until the breaker trips, and those that were under way then."""

PENDING = 12 * 10


def declare_everywhere(program: Program, text: str) -> None:
    for number in range(12):
        program.declare(
            f"{number}.yaml", manifest(number, messages=dict.fromkeys(range(10), f"text: {text}"))
        )


def edit_all_the_time(program: Program, daemon: Running) -> None:
    """Change everything that is declared, and let the daemon see it, several times."""
    for edit in range(6):
        passes = daemon.total("reconciler_passes_total")
        declare_everywhere(program, f"edit {edit}")
        wait_for(lambda: daemon.total("reconciler_passes_total") > passes, "another pass")  # noqa: B023  # waited for at once


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which every connection is refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_where_nobody_answers_calls_stop_and_edits_make_none(program: Program, nobody: str) -> None:
    declare_everywhere(program, "first")
    program.environ["RECONCILER_API_URL"] = nobody
    with program.daemon("--concurrency", str(CONCURRENCY)) as daemon:
        daemon.becomes_unready("the chat service gives no useful answer")
        wait_for(lambda: daemon.metric("reconciler_breaker_tripped") == 1, "the breaker trips")
        edit_all_the_time(program, daemon)
        daemon.stop()
    calls = program.history()
    assert 5 <= len(calls) <= TRIPPED
    assert {(call["result"], call["status"]) for call in calls} == {("deferred", None)}


@pytest.mark.slow
def test_one_probe_finds_the_service_back_and_only_the_newest_is_sent(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=503, body=BodyShape.HTML)))
    declare_everywhere(program, "first")
    with program.daemon("--concurrency", str(CONCURRENCY)) as daemon:
        wait_for(lambda: daemon.metric("reconciler_breaker_tripped") == 1, "the breaker trips")
        edit_all_the_time(program, daemon)
        outage = sandbox.arrived()
        assert 5 <= outage <= TRIPPED
        sandbox.let_succeed()
        in_sync = 'reconciler_dialogs{condition="in sync"}'
        wait_for(lambda: daemon.metric(in_sync) == 12, "all is in sync", seconds=90)
        daemon.stop()
    assert sandbox.arrived() == outage + PENDING
    tripped, *after = sandbox.puts()[outage - 1 :]
    assert {put.fields["message"] for put in after} == {"edit 5"}
    assert after[0].monotonic - tripped.monotonic > 25, "the first probe was due after half a minute"
