"""What the daemon sends first, and what it does not send any more."""

from reconciler.sandbox.faults import Delay, FaultRule, Status, When
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


def test_one_message_is_never_sent_twice_at_once(program: Program, sandbox: LiveSandbox) -> None:
    sandbox.let_fail(FaultRule(fault=Delay(seconds=2), times=1))
    program.declare("one.yaml", manifest(1, messages={0: "text: old", 1: "text: next"}))
    with program.daemon() as daemon:
        sandbox.sees(lambda log: log.in_flight == 1, "a slow call")
        program.declare("one.yaml", manifest(1, messages={0: "text: new", 1: "text: next"}))
        sandbox.sees_puts(3)
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="in sync"}') == 1, "it is in sync")
        daemon.stop()
    sent = [put.fields["message"] for put in sandbox.puts()]
    assert sent[0] == "old"
    assert sorted(map(str, sent[1:])) == ["new", "next"]
    assert sandbox.look(lambda inside: inside.log.peak_in_flight) == 1
    assert sandbox.message(message_id(1, 0)).text == "new"


def test_a_file_that_is_renamed_while_its_call_is_under_way_is_sent_once(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Delay(seconds=2), times=1))
    path = program.declare("one.yaml", manifest(1, messages={m: f"text: {m}" for m in range(3)}))
    with program.daemon() as daemon:
        sandbox.sees(lambda log: log.in_flight == 1, "a slow call")
        path.rename(path.with_name("two.yaml"))
        sandbox.sees_puts(3)
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="in sync"}') == 1, "it is in sync")
        assert daemon.metric("reconciler_manifest_files") == 1
        assert daemon.metric("reconciler_manifest_problems") == 0
        daemon.stop()
    assert sorted(str(put.fields["message"]) for put in sandbox.puts()) == ["0", "1", "2"]
    assert program.status()["problems"] == []


def test_moving_a_dialog_from_one_file_to_another_makes_no_call(
    program: Program, sandbox: LiveSandbox
) -> None:
    moved, stays = manifest(1, messages={0: "text: moved"}), manifest(2, messages={0: "text: stays"})
    program.declare("one.yaml", moved, stays)
    with program.daemon() as daemon:
        sandbox.sees_puts(2)
        program.declare("two.yaml", moved, manifest(3, messages={0: "text: more"}))
        program.declare("one.yaml", stays)
        sandbox.sees_text("more")
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="in sync"}') == 3, "all are in sync")
        daemon.stop()
    assert sandbox.arrived() == 3


def test_a_signal_does_not_wait_for_the_rate(program: Program, sandbox: LiveSandbox) -> None:
    backlog(program)
    with program.daemon("--rate", "0.1") as daemon:
        sandbox.sees_puts(1)
        daemon.stop()
    assert sandbox.arrived() == 1, "the next call was due ten seconds later"
