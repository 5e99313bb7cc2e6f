"""`reconciler plan`: shows what would be sent, and neither sends nor writes."""

import json

from tests.program.chat import ANN, BEN, dialog_id, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program

FORMATS = ("text", "json", "markdown")


def test_it_makes_no_request_and_makes_no_ledger(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    before = sorted(program.directory.rglob("*"))
    for form in FORMATS:
        program.run("plan", "-o", form)
    assert sandbox.arrived() == 0
    assert sorted(program.directory.rglob("*")) == before


def test_it_leaves_a_ledger_exactly_as_it_is(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    program.run("apply")
    program.declare("one.yaml", manifest(1, messages={0: "text: another"}))
    program.declare("two.yaml", manifest(2, "read: true"))
    before, listing = program.ledger.read_bytes(), set(program.directory.rglob("*"))
    for form in FORMATS:
        program.run("plan", "-o", form)
    assert program.ledger.read_bytes() == before
    left = {file.name: file.stat().st_size for file in set(program.directory.rglob("*")) - listing}
    left.pop("reconciler.db-shm", None)
    assert left in ({}, {"reconciler.db-wal": 0}), "SQLite's reader may leave its index and an empty log"
    assert sandbox.arrived() == 1


def test_it_needs_no_credential_and_no_address(offline: Program) -> None:
    offline.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    done = offline.run("plan")
    assert "+ hello" in done.stdout
    assert "Plan: 1 call for 1 dialog" in done.stdout
    assert "no ledger" in done.stderr


def test_it_shows_old_and_new(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: nine to five"}))
    shown = program.run("plan").stdout
    assert ", line 8\n    + nine to five\n" in shown
    assert "1 of them new to the ledger" in shown
    program.run("apply")
    program.declare("one.yaml", manifest(1, messages={0: 'text: "nine to six\\ndaily"'}))
    assert "    - nine to five\n    + nine to six\n    + daily\n" in program.run("plan").stdout
    markdown = program.run("plan", "-o", "markdown").stdout
    assert "\n- nine to five\n+ nine to six\n+ daily\n```\n" in markdown
    (dialog,) = program.run("plan", "-o", "json").document()["dialogs"]
    (change,) = dialog["actions"][0]["changes"]
    assert (change["old"], change["new"]) == ("nine to five", "nine to six\ndaily")


def test_with_hide_text_no_text_is_shown_in_any_format(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: canary of old"}))
    program.run("apply")
    program.declare("one.yaml", manifest(1, messages={0: "text: canary of new", 1: "text: canary of more"}))
    for form in FORMATS:
        done = program.run("plan", "--hide-text", "-o", form)
        assert "canary" not in done.stdout + done.stderr
        assert ("newDigest" if form == "json" else "sha256:") in done.stdout


def test_a_ledger_of_digests_shows_that_the_text_was_not_kept(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: canary of old"}))
    program.run("apply", "--no-keep-text")
    files = program.directory.glob("reconciler.db*")
    assert not any(b"canary of old" in file.read_bytes() for file in files)
    program.declare("one.yaml", manifest(1, messages={0: "text: new"}))
    shown = program.run("plan").stdout
    assert "the text was not kept" in shown
    assert "+ new" in shown
    assert "Sent 1 call" in program.run("apply", "--no-keep-text").stdout
    assert "Sent nothing" in program.run("apply", "--no-keep-text").stdout


def test_its_figures_are_right(program: Program) -> None:
    program.declare(
        "one.yaml",
        manifest(
            1,
            "read: [222]",
            messages={0: "text: hello, read: [222]", 1: "text: a, delivered: [111, 222]", 2: "read: [333]"},
        ),
    )
    program.declare("two.yaml", manifest(2, "delivered: true", messages={0: "read: [222]"}))
    program.declare(
        "three.yaml",
        manifest(3, "suspend: {reason: legal hold, until: 2099-12-01T00:00:00Z}", messages={0: "text: a"}),
    )
    summary = program.run("plan", "-o", "json", "--rate", "2").document()["summary"]
    assert summary == {
        "calls": 7,
        "seconds": 3.5,
        "dialogs": 2,
        "texts": 2,
        "textsNewToTheLedger": 2,
        "marks": 5,
        "marksCoveredByDialogCalls": 1,
        "dialogMarks": 2,
        "cannotBeUndone": 7,
        "held": {"suspended": 1},
    }
    shown = program.run("plan", "--rate", "2").stdout
    for words in (
        "7 calls for 2 dialogs",
        "4 s at 2 calls a second",
        "Cannot be undone: 7 marks",
        "Held: 1 change",
    ):
        assert words in shown
    assert program.run("apply", "-o", "json").document()["calls"] == {
        "applied": 7,
        "deferred": 0,
        "rejected": 0,
    }


def test_it_says_what_a_call_for_a_whole_dialog_reaches(program: Program) -> None:
    program.declare("one.yaml", manifest(1, "read: [222]"))
    assert "also reaches messages that no manifest names" in program.run("plan").stdout
    (dialog,) = program.run("plan", "-o", "json").document()["dialogs"]
    (action,) = dialog["actions"]
    assert action["wholeDialog"] is True
    assert action["actAs"] == BEN
    assert action["changes"] == [{"field": "read", "user": BEN, "wholeDialog": True}]


def test_what_is_held_is_shown_with_its_reason(program: Program) -> None:
    program.declare(
        "one.yaml",
        manifest(1, 'suspend: {reason: "legal hold", until: 2099-12-01T00:00:00Z}', messages={0: "text: a"}),
    )
    program.declare("two.yaml", manifest(2, messages={0: "read: [999]", 1: "text: fine"}))
    program.run("apply", exits=5)
    for form in ("text", "markdown"):
        shown = program.run("plan", "-o", form).stdout
        assert "held, suspended until 2099-12-01 00:00:00Z: legal hold" in shown
        assert "held, rejected: 403 You don't have appropriate permissions" in shown
        assert "held until its manifest changes" in shown
    dialogs = program.run("plan", "-o", "json").document()["dialogs"]
    held = {dialog["name"]: dialog["held"] for dialog in dialogs}
    assert [each["reason"] for each in held["dialog-1"]] == ["suspended"]
    assert held["dialog-1"][0]["until"] == "2099-12-01T00:00:00+00:00"
    (rejected,) = held["dialog-2"]
    assert rejected["reason"] == "rejected"
    assert rejected["origin"] == "manifests/two.yaml:8:44"
    assert rejected["detail"].startswith("403 ")


def test_json_is_one_document_also_where_manifests_have_problems(program: Program) -> None:
    program.declare("one.yaml", manifest(1, "read: false"))
    program.declare("two.yaml", manifest(2, messages={0: "text: fine"}))
    for command in ("plan", "apply"):
        done = program.run(command, "-o", "json", exits=3)
        document = json.loads(done.stdout)
        (problem,) = document["problems"]
        assert (problem["path"], problem["line"], problem["column"]) == ("manifests/one.yaml", 7, 9)
        assert "manifests/one.yaml:7:9: read: false can't be reached" in done.stderr


def test_every_call_names_its_place_in_the_manifest(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: a", 1: "read: [222]"}))
    shown = program.run("plan").stdout
    assert f"dialog-1  manifests/one.yaml  dialog {dialog_id(1)}\n" in shown
    assert f"  message {message_id(1, 0)}  as user {ANN}, line 8\n" in shown
    assert f"  message {message_id(1, 1)}  as user {BEN}, line 9\n    read by {BEN}\n" in shown


def test_a_text_cannot_break_out_of_the_markdown(offline: Program) -> None:
    offline.declare("one.yaml", manifest(1, messages={0: 'text: "```\\n</details>\\n# heading"'}))
    lines = offline.run("plan", "-o", "markdown").stdout.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("````"))
    end = next(i for i, line in enumerate(lines) if i > start and line == "````")
    assert start < lines.index("+ # heading") < end
