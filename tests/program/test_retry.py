"""`reconciler retry`: what the service rejected is sent again without another manifest."""

from reconciler.sandbox.faults import FaultRule, Status, When
from tests.program.chat import dialog_id, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program
from tests.program.waiting import wait_for


def declare_what_is_rejected(program: Program, sandbox: LiveSandbox, times: int = 1) -> None:
    """Declare a text in each of two dialogs, which the service rejects so many times."""
    for number in (1, 2):
        message = message_id(number, 0)
        sandbox.let_fail(FaultRule(fault=Status(status=422), when=When(message=message), times=times))
        program.declare(f"{number}.yaml", manifest(number, messages={0: "text: hello"}))


def test_what_was_rejected_stays_held_until_a_retry_frees_it(program: Program, sandbox: LiveSandbox) -> None:
    declare_what_is_rejected(program, sandbox)
    program.run("apply", exits=5)
    program.run("apply", exits=5)
    assert sandbox.arrived() == 2
    done = program.run("retry", "--dialog", "dialog-1", "--reason", "the service was put right")
    assert done.stdout.startswith('1 rejected change in "dialog-1" can be sent again: ')
    program.run("apply", exits=5)
    assert sandbox.arrived() == 3
    assert program.run("retry").stdout.startswith("1 rejected change can be sent again: ")
    program.run("apply")
    assert [sandbox.message(message_id(number, 0)).text for number in (1, 2)] == ["hello"] * 2


def test_a_running_daemon_sends_what_a_retry_frees(program: Program, sandbox: LiveSandbox) -> None:
    declare_what_is_rejected(program, sandbox)
    with program.daemon() as daemon:
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="stalled"}') == 2, "two are stalled")
        program.run("retry", "--dialog", dialog_id(1))
        sandbox.sees_puts(3)
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="stalled"}') == 1, "one is free")
        daemon.stop()
    assert program.run("retry", "--dialog", "dialog-1").stdout == 'Nothing is rejected in "dialog-1".\n'


def test_a_daemon_that_starts_after_a_retry_sends_what_it_freed(
    program: Program, sandbox: LiveSandbox
) -> None:
    declare_what_is_rejected(program, sandbox)
    program.run("apply", exits=5)
    program.run("retry")
    with program.daemon() as daemon:
        sandbox.sees_puts(4)
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="in sync"}') == 2, "both are in sync")
        daemon.stop()


def test_the_history_tells_of_retries(program: Program, sandbox: LiveSandbox) -> None:
    declare_what_is_rejected(program, sandbox)
    program.run("apply", exits=5)
    assert program.run("retry", "--dialog", "dialog-2", "--reason", "put right").code == 0
    program.run("apply", exits=5)
    program.run("retry", environ={"LOGNAME": "ann"})
    everything = program.entries()
    assert [entry["kind"] for entry in everything] == ["retry", "call", "retry", "call", "call"]
    whole, one = (entry for entry in everything if entry["kind"] == "retry")
    assert (whole["dialog"], whole["dialogId"], whole["by"], whole["reason"]) == (None, None, "ann", "")
    assert (one["dialog"], one["dialogId"], one["reason"]) == ("dialog-2", dialog_id(2), "put right")
    assert (whole["changes"], one["changes"]) == (1, 1)
    assert [entry["kind"] for entry in program.entries("--dialog", "dialog-1")] == ["retry", "call"]
    assert len(program.entries("--limit", "1")) == 1
    shown = program.run("history").stdout
    assert "  retry  every dialog: 1 rejected change  by ann\n" in shown
    assert "  retry  dialog-2: 1 rejected change  by " in shown
    assert "  put right\n" in shown


def test_where_nothing_is_rejected_that_is_said_and_nothing_is_recorded(program: Program) -> None:
    program.declare("1.yaml", manifest(1, messages={0: "text: hello"}))
    program.run("apply")
    assert program.run("retry").stdout == "Nothing is rejected.\n"
    assert [entry["kind"] for entry in program.entries()] == ["call"]


def test_without_a_ledger_there_is_nothing_to_retry_and_none_is_made(offline: Program) -> None:
    done = offline.run("retry", exits=1)
    assert done.stderr.startswith("reconciler: reconciler.db: there is no ledger; name the one that ")
    assert not offline.ledger.exists()
