"""What the daemon sends first, and what it does not send any more."""

from reconciler.sandbox.faults import FaultRule, Status, When
from tests.program.chat import manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program
from tests.program.waiting import wait_for

BACKLOG = 96


def backlog(program: Program) -> None:
    """Declare what takes twenty seconds to send at five calls a second."""
    for number in range(8):
        messages = dict.fromkeys(range(12), f"text: backlog {number}")
        program.declare(f"backlog/{number}.yaml", manifest(number, messages=messages))


def test_an_edit_gets_through_at_once_and_not_behind_a_backlog(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("urgent.yaml", manifest(10, messages={0: "text: first"}))
    program.run("apply")
    backlog(program)
    with program.daemon("--rate", "5") as daemon:
        sandbox.sees_puts(4)
        for text in ("second", "third"):
            before = sandbox.arrived()
            program.declare("urgent.yaml", manifest(10, messages={0: f"text: {text}"}))
            put = sandbox.sees_text(text)
            assert put.number - before < BACKLOG / 2
        seen = sandbox.arrived()
        sandbox.sees_puts(seen + 3)
        daemon.stop()
    texts = [str(put.fields["message"]) for put in sandbox.puts()]
    assert texts[-1].startswith("backlog"), "what was interrupted goes on"
    messages = [put.path for put in sandbox.puts() if "backlog" in str(put.fields["message"])]
    assert len(set(messages)) == len(messages), "an interruption repeats no call"


def test_a_newer_text_takes_the_place_of_the_one_that_waits(program: Program, sandbox: LiveSandbox) -> None:
    messages = {m: f"text: old {m}" for m in range(12)}
    program.declare("one.yaml", manifest(1, messages=messages))
    with program.daemon("--rate", "5") as daemon:
        sandbox.sees_puts(2)
        messages[11] = "text: new"
        program.declare("one.yaml", manifest(1, messages=messages))
        sandbox.sees_text("new")
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="in sync"}') == 1, "it is in sync")
        daemon.stop()
    sent = [put.fields["message"] for put in sandbox.puts()]
    assert sorted(map(str, sent)) == sorted(["new", *(f"old {m}" for m in range(11))])


def test_a_newer_text_does_not_wait_for_the_retry_of_the_one_before(
    program: Program, sandbox: LiveSandbox
) -> None:
    later = Status(status=503, headers={"Retry-After": "60"})
    sandbox.let_fail(FaultRule(fault=later, when=When(message=message_id(1, 0)), times=1))
    program.declare("one.yaml", manifest(1, messages={0: "text: old", 1: "text: fine"}))
    with program.daemon() as daemon:
        sandbox.sees_puts(2)
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="backing off"}') == 1, "it waits")
        program.declare("one.yaml", manifest(1, messages={0: "text: new", 1: "text: fine"}))
        sandbox.sees_text("new")
        daemon.stop()
    assert sandbox.arrived() == 3


def test_what_a_backlog_no_longer_wants_is_not_sent(program: Program, sandbox: LiveSandbox) -> None:
    backlog(program)
    with program.daemon("--rate", "5") as daemon:
        sandbox.sees_puts(3)
        for number in range(8):
            (program.manifests / "backlog" / f"{number}.yaml").unlink()
        program.declare("last.yaml", manifest(10, messages={0: "text: last"}))
        sandbox.sees_text("last")
        wait_for(lambda: daemon.metric("reconciler_changes_pending") == 0, "nothing is pending")
        daemon.stop()
    assert sandbox.arrived() < BACKLOG / 2


def test_texts_of_all_dialogs_go_before_marks(program: Program, sandbox: LiveSandbox) -> None:
    for number in range(6):
        program.declare(f"{number}.yaml", manifest(number, messages={0: "read: true", 1: "delivered: true"}))
    program.declare("z.yaml", manifest(7, messages=dict.fromkeys(range(3), "text: seen by people")))
    program.run("apply", "--rate", "10")
    kinds = ["message" in put.fields for put in sandbox.puts()]
    assert kinds.index(True) <= 1, "but for a mark that went before the plan was whole"
    assert len(kinds) == 15


def test_a_removal_ends_the_sending_for_what_is_removed(program: Program, sandbox: LiveSandbox) -> None:
    backlog(program)
    with program.daemon("--rate", "8") as daemon:
        sandbox.sees_puts(3)
        for number in range(7):
            (program.manifests / "backlog" / f"{number}.yaml").unlink()
        sandbox.sees(
            lambda log: sum(put.fields["message"] == "backlog 7" for put in log.puts()) == 12,
            "all that is still declared",
        )
        daemon.stop()
    assert sandbox.arrived() < BACKLOG / 2
