"""`reconciler apply`: the fewest calls that bring the chat to the manifests."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from tests.program.chat import ANN, BEN, CY, dialog_id, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program


def test_it_brings_the_chat_to_the_manifests_and_a_second_apply_makes_no_call(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: nine to five, delivered: [222]"}))
    program.declare("more/two.yml", manifest(2, "read: [333]"), manifest(3, messages={4: "read: [222]"}))
    done = program.run("apply")
    assert "Sent 4 calls" in done.stdout
    assert sandbox.message(message_id(1, 0)).text == "nine to five"
    assert sandbox.message(message_id(1, 0)).delivered_ids == {ANN, BEN}
    assert all(sandbox.message(message_id(2, m)).read_ids == {ANN, CY} for m in range(12))
    assert sandbox.message(message_id(3, 4)).read_ids == {ANN, BEN}
    assert sandbox.message(message_id(3, 5)).read_ids == {ANN}
    assert "Sent nothing." in program.run("apply").stdout
    assert sandbox.arrived() == 4


def test_an_edit_of_one_line_makes_one_put_with_exactly_the_changed_field(
    program: Program, sandbox: LiveSandbox
) -> None:
    messages = {m: f"text: text {m}, read: [111, 222], delivered: [333]" for m in range(5)}
    program.declare("one.yaml", manifest(1, "read: [333]", messages=messages))
    program.declare("two.yaml", manifest(2, messages=messages))
    program.run("apply")
    before = sandbox.arrived()
    messages[3] = messages[3].replace("text 3", "another text")
    program.declare("one.yaml", manifest(1, "read: [333]", messages=messages))
    program.run("apply")
    (put,) = sandbox.puts(before)
    assert put.path == f"/chat/Message/{message_id(1, 3)}.json"
    assert put.user == ANN
    assert put.fields == {"chat_dialog_id": dialog_id(1), "message": "another text"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A dialog's manifest and the calls that it takes: message (None: all), acting user, fields."""

    because: str
    spec: tuple[str, ...] = ()
    messages: Mapping[int, str]
    calls: Sequence[tuple[int | None, int, Mapping[str, object]]]


CASES: Final = [
    Case(
        because="all of one message for one user is one call",
        messages={0: "text: hello, read: [111, 222], delivered: true"},
        calls=[(0, ANN, {"message": "hello", "read": 1, "delivered": 1}), (0, BEN, {"read": 1})],
    ),
    Case(
        because="both marks of a dialog for one user are one call",
        spec=("read: [222, 333]", "delivered: [333]"),
        messages={},
        calls=[(None, BEN, {"read": 1}), (None, CY, {"read": 1, "delivered": 1})],
    ),
    Case(
        because="a mark that the dialog's call makes too costs nothing",
        spec=("read: [222]",),
        messages={
            0: "read: [222], delivered: [222]",
            1: "read: [222, 333]",
            2: "text: hello, read: [222]",
        },
        calls=[
            (2, ANN, {"message": "hello"}),
            (0, BEN, {"delivered": 1}),
            (1, CY, {"read": 1}),
            (None, BEN, {"read": 1}),
        ],
    ),
    Case(
        because="marks of every message never become a mark of the dialog",
        messages=dict.fromkeys(range(12), "read: [222]"),
        calls=[(m, BEN, {"read": 1}) for m in range(12)],
    ),
    Case(
        because="texts go before marks",
        messages={0: "read: true", 1: "delivered: true", 2: "text: first on the way"},
        calls=[
            (2, ANN, {"message": "first on the way"}),
            (0, ANN, {"read": 1}),
            (1, ANN, {"delivered": 1}),
        ],
    ),
    Case(
        because="a covered mark of the author is left to the dialog's call",
        spec=("read: true",),
        messages={0: "text: by ann, read: [111]"},
        calls=[(0, ANN, {"message": "by ann"}), (None, ANN, {"read": 1})],
    ),
]


def test_the_calls_are_the_fewest_there_can_be(program: Program, sandbox: LiveSandbox) -> None:
    for number, case in enumerate(CASES):
        program.declare(f"{number}.yaml", manifest(number, *case.spec, messages=case.messages))
    program.run("apply")
    puts = sandbox.puts()
    for number, case in enumerate(CASES):
        made = [
            (put.path, put.user, put.fields)
            for put in puts
            if put.fields["chat_dialog_id"] == dialog_id(number)
        ]
        expected = [
            (
                "/chat/Message.json"
                if message is None
                else f"/chat/Message/{message_id(number, message)}.json",
                user,
                {"chat_dialog_id": dialog_id(number), **fields},
            )
            for message, user, fields in case.calls
        ]
        assert made == expected, case.because
    program.run("apply")
    assert sandbox.arrived() == len(puts)


def test_what_was_covered_is_known_and_not_sent_when_the_dialogs_mark_is_taken_out(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, "read: [222]", messages={0: "read: [222]"}))
    program.run("apply")
    program.declare("one.yaml", manifest(1, messages={0: "read: [222]"}))
    program.run("apply")
    assert sandbox.arrived() == 1


def test_what_is_no_longer_declared_is_left_as_it_is_and_remembered(
    program: Program, sandbox: LiveSandbox
) -> None:
    two = program.declare("two.yaml", manifest(2, messages={0: "text: a manifest that goes"}))
    kept, gone = {0: "text: kept"}, {1: "text: a message that goes"}
    program.declare("one.yaml", manifest(1, messages=kept | gone))
    program.run("apply")
    program.declare("one.yaml", manifest(1, messages=kept))
    two.unlink()
    program.run("apply")
    assert sandbox.arrived() == 3
    assert [dialog["name"] for dialog in program.status()["dialogs"]] == ["dialog-1"]
    assert len(program.history("--dialog", "dialog-2")) == 1
    program.declare("one.yaml", manifest(1, messages=kept | gone))
    program.declare("two.yaml", manifest(2, messages={0: "text: a manifest that goes"}))
    program.run("apply")
    assert sandbox.arrived() == 3, "what was applied before is not sent again when it comes back"


def test_a_text_that_goes_back_to_what_it_was_is_sent_again(program: Program, sandbox: LiveSandbox) -> None:
    for text in ("hello", "good bye", "hello"):
        program.declare("one.yaml", manifest(1, messages={0: f"text: {text}"}))
        program.run("apply")
    assert [put.fields["message"] for put in sandbox.puts()] == ["hello", "good bye", "hello"]


def test_apply_of_one_path_leaves_the_others_alone(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("a/one.yaml", manifest(1, messages={0: "text: one"}))
    program.declare("b/two.yaml", manifest(2, messages={0: "text: two"}))
    program.run("apply", "manifests/a")
    assert [put.fields["message"] for put in sandbox.puts()] == ["one"]
    program.run("apply", "manifests/b/two.yaml")
    assert sandbox.arrived() == 2
    program.run("apply", "manifests/a", "manifests/b")
    assert sandbox.arrived() == 2


def test_hidden_files_and_other_files_are_not_read(program: Program, sandbox: LiveSandbox) -> None:
    for name in (".hidden.yaml", ".git/config.yaml", "a/.b/c.yaml", "notes.txt", "one.yaml.bak", "one.yaml~"):
        program.declare(name, manifest(1, messages={0: "text: never"}))
    program.declare("two.yaml", manifest(2, messages={0: "text: seen"}))
    program.run("apply")
    assert [put.fields["message"] for put in sandbox.puts()] == ["seen"]


def test_requested_at_with_a_new_value_marks_the_dialog_once_more(
    program: Program, sandbox: LiveSandbox
) -> None:
    messages = {0: "text: hello, delivered: [222]"}
    for requested_at in ("monday", "monday", '"2026-11-22"', "2026-11-22", None, "monday"):
        lines = [] if requested_at is None else [f"requestedAt: {requested_at}"]
        program.declare("one.yaml", manifest(1, "read: [222]", *lines, messages=messages))
        program.run("apply")
    dialog_calls = [put for put in sandbox.puts() if put.path == "/chat/Message.json"]
    assert len(dialog_calls) == 3, "for monday, for the 22nd, and for monday again"
    assert sandbox.arrived() == 3 + 2


def test_an_interval_asserts_nothing_before_it_is_over(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", manifest(1, "read: [222]", "interval: 1m"))
    program.run("apply")
    program.run("apply")
    assert sandbox.arrived() == 1
    (dialog,) = program.status()["dialogs"]
    assert dialog["condition"] == "in sync"
    assert dialog["dueAt"] > program.history()[0]["answeredAt"]


def test_what_was_marked_by_a_clock_that_was_ahead_is_marked_again_once(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, "read: [222]", "interval: 1h"))
    program.run("apply")
    ahead = 30 * 60 * 1000
    with closing(sqlite3.connect(program.ledger, isolation_level=None)) as shell:
        shell.execute("UPDATE outcome SET sent_at = sent_at + ?1, answered_at = answered_at + ?1", (ahead,))
        shell.execute("UPDATE file SET due_at = due_at + ?1, reported_at = reported_at + ?1", (ahead,))
    assert len(program.run("plan", "-o", "json").document()["dialogs"]) == 1
    program.run("apply")
    program.run("apply")
    assert sandbox.arrived() == 2


def test_suspend_holds_a_dialog_until_its_end(program: Program, sandbox: LiveSandbox) -> None:
    suspend = 'suspend: {{reason: "legal hold", until: {}}}'
    messages = {0: "text: hello, read: [222]"}
    program.declare("one.yaml", manifest(1, suspend.format("2099-12-01T00:00:00Z"), messages=messages))
    program.declare("two.yaml", manifest(2, messages={0: "text: not suspended"}))
    report = program.run("apply", "-o", "json").document()
    assert [put.fields["message"] for put in sandbox.puts()] == ["not suspended"]
    assert report["dialogsByCondition"]["suspended"] == 1
    (dialog,) = (each for each in report["dialogs"] if each["name"] == "dialog-1")
    assert dialog["held"] == {"suspended": 2}
    assert dialog["note"] == "legal hold"
    program.declare("one.yaml", manifest(1, suspend.format("2020-12-01T00:00:00Z"), messages=messages))
    program.run("apply")
    assert sandbox.arrived() == 3


def test_marks_and_texts_of_one_message_are_made_by_those_whose_they_are(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare(
        "one.yaml",
        manifest(1, messages={0: "text: by ann, actAs: 111, read: [222]", 1: "actAs: 333, read: true"}),
    )
    program.run("apply", environ={"RECONCILER_ACT_AS": "999"})
    assert [(put.user, put.status) for put in sandbox.puts()] == [(ANN, 200), (BEN, 200), (CY, 200)]


def test_a_token_acts_as_its_user_and_for_nobody_else(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: by ann, read: true"}))
    program.declare("two.yaml", manifest(2, messages={0: "read: [222]"}))
    as_ann = {"RECONCILER_API_KEY": None, "RECONCILER_TOKEN": "canaryToken4695d72d33b959eec2ae6c640d817"}
    done = program.run("apply", exits=3, environ={**as_ann, "RECONCILER_ACT_AS": "111"})
    assert [(put.user, put.status) for put in sandbox.puts()] == [(ANN, 200)]
    assert "manifests/two.yaml:8:" in done.stderr
    assert "this credential acts only for user 111, not for 222" in done.stderr


def test_secrets_may_come_from_files(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    key = program.directory / "key"
    key.write_text(f"{program.environ['RECONCILER_API_KEY']}\n")
    program.run("apply", environ={"RECONCILER_API_KEY": None, "RECONCILER_API_KEY_FILE": str(key)})
    program.declare("one.yaml", manifest(1, messages={0: "text: hello again"}))
    program.run("apply", "--api-key-file", "key", environ={"RECONCILER_API_KEY": None})
    assert [put.status for put in sandbox.puts()] == [200, 200]
