"""What becomes of a running daemon when its ledger's disk fails, and when a person leaves it a request."""

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from reconciler.sandbox.faults import FaultRule, Status, When
from tests.program.chat import manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program, Running


@contextmanager
def disk_full(daemon: Running, ledger: Path) -> Iterator[None]:
    """Let no file of the process grow, as on a disk without space."""
    del ledger
    before = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def ledger_taken_away(daemon: Running, ledger: Path) -> Iterator[None]:
    del daemon
    aside = ledger.with_suffix(".aside")
    ledger.rename(aside)
    yield
    aside.rename(ledger)


Trouble = Callable[[Running, Path], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("trouble", "why"),
    [(disk_full, "the ledger can't be written"), (ledger_taken_away, "the ledger was deleted or replaced")],
)
def test_without_a_ledger_nothing_is_sent_until_it_can_be_written_again(
    program: Program,
    sandbox: LiveSandbox,
    trouble: Callable[[Running, Path], AbstractContextManager[None]],
    why: str,
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    ledger = program.directory / "reconciler.db"
    with program.daemon() as daemon:
        daemon.becomes_ready()
        with trouble(daemon, ledger):
            program.declare("one.yaml", manifest(1, messages={0: "text: hello again"}))
            daemon.becomes_unready(why)
            assert len(sandbox.puts()) == 1
            assert daemon.get("/healthz").status == 200
        sandbox.sees_text("hello again")
        daemon.becomes_ready()
        daemon.stop()
    program.run("ledger", "check")
    assert program.run("apply").stdout == "Sent nothing.\n"
    assert len(sandbox.puts()) == 2


def test_a_retry_from_outside_is_noticed_by_the_running_daemon(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=403), when=When(message=message_id(1, 0))))
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        assert [dialog["condition"] for dialog in program.status()["dialogs"]] == ["stalled"]
        sandbox.let_succeed()
        program.run("retry")
        assert [put.status for put in sandbox.sees_puts(2)] == [403, 200]
        daemon.stop()
