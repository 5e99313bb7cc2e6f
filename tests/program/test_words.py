"""What the program says to people: about what they typed, about what waits, about what is not there."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http import HTTPStatus

import pytest

from reconciler.cli.failure import explain
from reconciler.sandbox.faults import FaultRule, Status, When
from tests.program.chat import KEY, STRANGER, dialog_id, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program

HUGE = "99999999999999999999"
BAD_BYTE = "\udcff"
"""The byte 0xff, as Python gives it to a program."""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plan", "--rate", "nan"), "is not a number from 0.1 to 10000"),
        (("apply", "--rate", "nan"), "is not a number from 0.1 to 10000"),
        (("apply", "--timeout", "nan"), "is not a number from 1 to 300"),
        (("apply", "--timeout", "inf"), "is not a number from 1 to 300"),
        (("run", "--rescan", "nan"), "is not a number from 1 to 3600"),
        (("run", "--grace", "-nan"), "is not a number from 1 to 600"),
        (("history", "--limit", HUGE), "1<=x<=1000000"),
        (("plan", "--act-as", HUGE), "1<=x<=9223372036854775807"),
        (("history", "--dialog", BAD_BYTE), "is not UTF-8"),
        (("plan", ""), "PATH is empty"),
        (("validate", "manifests", ""), "PATH is empty"),
    ],
    ids=str,
)
def test_what_no_command_can_use_is_wrong_usage(
    offline: Program, arguments: Sequence[str], words: str
) -> None:
    offline.declare("one.yaml", manifest(1))
    assert words in offline.run(*arguments, exits=64).stderr


def test_a_number_is_checked_wherever_it_comes_from(offline: Program) -> None:
    offline.declare("one.yaml", manifest(1))
    assert "RECONCILER_RATE" in offline.run("plan", exits=64, environ={"RECONCILER_RATE": "nan"}).stderr
    (offline.directory / "reconciler.toml").write_text("rate = nan\n")
    assert "reconciler.toml: rate: nan is not a number from" in offline.run("plan", exits=64).stderr


def test_an_empty_path_in_the_environment_is_refused_too(offline: Program) -> None:
    environ = {"RECONCILER_MANIFESTS": "manifests:"}
    assert "PATH is empty" in offline.run("plan", exits=64, environ=environ).stderr


@pytest.mark.parametrize("address", ["foo", "9464", "127.0.0.1:http", "127.0.0.1:99999", "a b:1", "a..b:1"])
@pytest.mark.parametrize("command", ["health", "run"])
def test_an_address_that_is_none_is_quoted(program: Program, command: str, address: str) -> None:
    program.declare("one.yaml", manifest(1))
    done = program.run(command, "--listen", address, exits=1)
    assert f"{address!r} is no address; write it like 127.0.0.1:9464" in done.stderr


@contextmanager
def _answering(words: bytes) -> Iterator[str]:
    """Something that answers one connection with `words` and ends it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(words)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_health_says_where_something_else_answers(offline: Program) -> None:
    with _answering(b"220 mail ready\r\n") as address:
        done = offline.run("health", "--listen", address, exits=1)
    assert done.stderr == f"what answers on {address} is no daemon: it speaks no HTTP\n"


def test_a_bug_in_a_group_is_named_by_what_went_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise KeyError

    errors: list[Exception] = []
    try:
        broken()
    except KeyError as error:
        errors.append(error)
    assert explain(ExceptionGroup("tasks", [ExceptionGroup("more", errors)])) == 1
    said = capsys.readouterr().err
    assert "a bug: KeyError at test_words.py:" in said


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_a_folder_without_manifests_is_refused_also_beside_others(
    program: Program, sandbox: LiveSandbox, command: str
) -> None:
    program.declare("one.yaml", manifest(1))
    (program.directory / "e").mkdir()
    words = "e: no manifests there; name folders that hold .yaml or .yml files"
    assert words in program.run(command, "e", exits=1).stderr
    assert words in program.run(command, "manifests", "e", exits=1).stderr
    assert sandbox.arrived() == 0


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_a_look_that_could_not_see_all_is_no_success(program: Program, command: str) -> None:
    program.declare("one.yaml", manifest(1))
    (program.directory / BAD_BYTE).mkdir()
    done = program.run(command, "manifests", BAD_BYTE, exits=1)
    assert "not all manifests could be seen" in done.stderr
    assert "rename it" in done.stderr


def test_the_demo_refuses_a_folder_that_never_was(offline: Program) -> None:
    assert "nope: not there" in offline.run("demo", "nope", "--listen", "127.0.0.1:0", exits=1).stderr


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_plan_says_what_becomes_of_broken_manifests(offline: Program, form: str) -> None:
    offline.declare("one.yaml", manifest(1, "read: false"))
    done = offline.run("plan", "-o", form, exits=3)
    assert "Nothing to send." in done.stdout
    assert "1 problem: what it is about stays as it was last applied." in done.stdout
    offline.declare("two.yaml", manifest(2, "read: false"))
    done = offline.run("plan", "-o", form, exits=3)
    assert "2 problems: what they are about stays as it was last applied." in done.stdout


def test_a_refused_credential_is_named_as_what_to_correct(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    done = program.run("apply", exits=5, environ={"RECONCILER_API_KEY": f"{KEY}x"})
    assert "The service refuses the credential: correct the credential" in done.stdout
    assert "again later" not in done.stdout


def test_what_was_deferred_is_planned_and_sent_at_once(program: Program, sandbox: LiveSandbox) -> None:
    down = Status(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "600"})
    sandbox.let_fail(FaultRule(fault=down, when=When(message=message_id(1, 0)), times=1))
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    assert "again later" in program.run("apply", exits=5).stdout
    assert "Plan: 1 call" in program.run("plan", "--exit-code", exits=2).stdout
    assert "1 applied" in program.run("apply").stdout


def test_what_was_rejected_is_sent_again_only_where_asked(program: Program, sandbox: LiveSandbox) -> None:
    gone = Status(status=HTTPStatus.NOT_FOUND)
    sandbox.let_fail(FaultRule(fault=gone, when=When(message=message_id(1, 0)), times=1))
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    advice = "held until its manifest changes, or reconciler retry"
    first = program.run("apply", exits=5).stdout
    assert advice in first
    assert "Rejected before" not in first
    assert advice in program.run("plan").stdout
    assert program.run("apply", exits=5).stdout == (
        "Sent nothing.\n"
        "Not in sync: 1 dialog (1 stalled).\n"
        "Rejected before: `reconciler status` says why; change the manifest, or `reconciler retry`.\n"
    )
    assert "Plan: 1 call" in program.run("plan", "--retry-rejected").stdout
    assert "1 applied" in program.run("apply", "--retry-rejected").stdout
    assert "Nothing to send." in program.run("plan").stdout


def test_a_refusal_that_is_repeated_is_held_again(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages={0: f"read: [{STRANGER}]"}))
    program.run("apply", exits=5)
    assert "1 rejected" in program.run("apply", "--retry-rejected", exits=5).stdout
    assert "Sent nothing." in program.run("apply", exits=5).stdout


@pytest.mark.parametrize("arguments", [("history",), ("history", "-o", "json"), ("retry",)], ids=" ".join)
def test_a_name_that_no_dialog_has_is_told_with_those_that_are_close(
    program: Program, arguments: Sequence[str]
) -> None:
    program.declare("1.yaml", manifest(1, messages={0: "text: hello"}, name="vip-lounge"))
    program.declare("2.yaml", manifest(2, messages={0: "text: hello"}, name="vip-lounges"))
    program.run("apply")
    close = program.run(*arguments, "--dialog", "VIP-lunge", exits=1)
    assert (close.stdout, close.stderr) == (
        "",
        'reconciler: reconciler.db: knows no dialog "VIP-lunge"; did you mean vip-lounge or vip-lounges?\n',
    )
    far = program.run(*arguments, "--dialog", "desk", exits=1).stderr
    assert far.endswith('knows no dialog "desk"; `reconciler status` lists those there are\n')
    assert program.run(*arguments, "--dialog", dialog_id(3), exits=1).stdout == ""
    for known in ("vip-lounge", dialog_id(1)):
        assert program.run(*arguments, "--dialog", known).stderr == ""


def test_a_dialog_that_had_no_call_yet_is_not_unknown(program: Program) -> None:
    held = manifest(1, "suspend: {reason: hold, until: 2099-12-31T00:00:00Z}", messages={0: "text: x"})
    program.declare("one.yaml", held)
    program.declare("two.yaml", manifest(2, name="no-id").replace(dialog_id(2), "none"))
    program.run("apply", exits=3)
    for name in ("dialog-1", dialog_id(1), "no-id"):
        done = program.run("history", "--dialog", name)
        assert (done.stdout, done.stderr) == ("", f'no calls for "{name}"\n')
        assert program.entries("--dialog", name) == []
        assert program.run("retry", "--dialog", name).stdout == f'Nothing is rejected in "{name}".\n'


def test_digests_of_plan_and_history_are_the_same(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    (dialog,) = program.run("plan", "-o", "json").document()["dialogs"]
    program.run("apply")
    (call,) = program.history()
    assert dialog["actions"][0]["changes"][0]["newDigest"] == call["newDigest"]


def test_the_problems_of_validate_say_their_format(offline: Program) -> None:
    offline.declare("one.yaml", manifest(1))
    assert offline.run("validate", "-o", "json").document()["format"] == "reconciler/problems/v1"


def test_status_counts_nothing_of_what_is_invalid_and_dates_what_is_far(program: Program) -> None:
    program.declare("one.yaml", manifest(1, "read: false"))
    program.declare(
        "two.yaml",
        manifest(2, "suspend: {reason: hold, until: 2099-12-31T00:00:00Z}", messages={0: "text: x"}),
    )
    program.run("apply", exits=3)
    shown = program.run("status").stdout
    assert "0 of 0" not in shown
    assert "2099-12-31" in shown


def test_an_empty_secret_counts_as_not_set(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    nothing = program.run("apply", exits=1, environ={"RECONCILER_API_KEY": ""})
    assert "no credential: RECONCILER_API_KEY is empty; set" in nothing.stderr
    program.run("apply", environ={"RECONCILER_TOKEN": ""})
