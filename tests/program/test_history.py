"""`reconciler history` and `status`: what was sent and how everything stands, from the ledger alone."""

from collections.abc import Sequence

import pytest

from reconciler.sandbox.faults import Delay, FaultRule
from tests.program.chat import ANN, BEN, dialog_id, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program


def test_history_tells_every_call_newest_first(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", manifest(1, "read: [222]", messages={0: "text: first"}))
    program.run("apply")
    program.declare("one.yaml", manifest(1, "read: [222]", messages={0: "text: second, read: true"}))
    program.run("apply")
    second, whole, first = program.history()
    assert second["message"] == message_id(1, 0)
    assert (second["actAs"], second["fields"]) == (ANN, ["text", "read"])
    assert second["oldDigest"] == first["newDigest"] != second["newDigest"]
    assert (whole["message"], whole["wholeDialog"], whole["actAs"]) == (None, True, BEN)
    assert {(call["dialog"], call["dialogId"]) for call in (first, second, whole)} == {
        ("dialog-1", dialog_id(1))
    }
    assert [call["result"] for call in (second, whole, first)] == ["applied"] * 3
    assert [call["number"] for call in (second, whole, first)] == [3, 2, 1]
    assert all(call["sentAt"] <= call["answeredAt"] for call in (first, second, whole))
    assert {call["requestId"] for call in (first, second, whole)} == {
        put.request_id for put in sandbox.puts()
    }
    shown = program.run("history", "--show-text").stdout
    assert "- first" in shown
    assert "+ second" in shown
    assert "every message" in shown


def test_history_can_be_narrowed_to_a_dialog_and_to_the_latest(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages=dict.fromkeys(range(3), "text: one")))
    program.declare("two.yaml", manifest(2, messages={0: "text: two"}, name="lounge"))
    program.run("apply")
    assert len(program.history()) == 4
    assert [call["dialog"] for call in program.history("--dialog", "lounge")] == ["lounge"]
    assert [call["dialog"] for call in program.history("--dialog", dialog_id(2))] == ["lounge"]
    assert len(program.history("--limit", "2")) == 2


def test_a_dialog_that_is_renamed_keeps_its_history_and_is_not_sent_again(
    program: Program, sandbox: LiveSandbox
) -> None:
    for name in ("lounge", "vip-lounge"):
        program.declare("one.yaml", manifest(1, messages={0: "text: one"}, name=name))
        program.run("apply")
    assert sandbox.arrived() == 1
    assert len(program.history("--dialog", "vip-lounge")) == 1
    assert [dialog["name"] for dialog in program.status()["dialogs"]] == ["vip-lounge"]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "command", [("status",), ("history",), ("history", "--dialog", "lounge")], ids=" ".join
)
def test_without_a_ledger_that_is_said_and_none_is_made(
    offline: Program, command: Sequence[str], form: str
) -> None:
    said = "there is no ledger; name the one that `apply` or `run` writes: --ledger or RECONCILER_LEDGER"
    done = offline.run(*command, "-o", form, exits=1)
    assert (done.stdout, done.stderr) == ("", f"reconciler: reconciler.db: {said}\n")
    typo = offline.run(*command, "-o", form, "--ledger", "typo.db", exits=1)
    assert (typo.stdout, typo.stderr) == ("", f"reconciler: typo.db: {said}\n")
    assert list(offline.directory.iterdir()) == []


def test_status_says_where_the_first_pass_has_recorded_nothing_yet(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    sandbox.let_fail(FaultRule(fault=Delay(seconds=60), times=1))
    nobody = (
        "reconciler.db: no daemon runs on this ledger; this is how everything stood after the last pass\n"
    )
    words = (
        f"{nobody}reconciler.db: no pass has recorded how a manifest stands yet; "
        "the first one is under way, or none came that far\n"
    )
    with program.daemon() as daemon:
        sandbox.sees(lambda log: log.in_flight == 1, "a call that hangs")
        told = program.run("status", "-o", "json")
        assert (told.document()["state"], told.stderr) == ("working", "")
        assert [dialog["condition"] for dialog in told.document()["dialogs"]] == ["pending"]
        daemon.kill()
    assert program.run("status").stderr == words
    done = program.run("status", "-o", "json")
    assert (done.document()["dialogs"], done.stderr) == ([], words)
    program.run("apply")
    assert program.run("status").stderr == nobody


def test_status_tells_how_each_dialog_stands(program: Program) -> None:
    program.declare("one.yaml", manifest(1, "read: [222, 333]", messages={0: "text: one"}))
    program.declare("two.yaml", manifest(2, "read: [999]", messages={0: "text: two"}))
    program.declare("three.yaml", manifest(3, "reed: true"))
    program.run("apply", exits=5)
    document = program.status()
    dialogs = {dialog["name"]: dialog for dialog in document["dialogs"]}
    assert (dialogs["dialog-1"]["declared"], dialogs["dialog-1"]["applied"]) == (3, 3)
    assert (dialogs["dialog-2"]["condition"], dialogs["dialog-2"]["applied"]) == ("stalled", 1)
    assert dialogs["dialog-2"]["note"].startswith("403 You don't have appropriate permissions")
    assert dialogs["dialog-3"]["condition"] == "invalid"
    assert document["calls"] | {"lastSentAt": None} == {
        "applied": 4,
        "deferred": 0,
        "rejected": 1,
        "inDoubt": 0,
        "lastSentAt": None,
    }
    lines = program.run("status").stdout.splitlines()
    order = [line.split()[0] for line in lines if line.startswith("dialog-")]
    assert order == ["dialog-3", "dialog-2", "dialog-1"], "the worst first"
    assert any(line.startswith("manifests/three.yaml:7:3: ") for line in lines)
    assert lines[0] == "2 dialogs need a person; 1 of 3 dialogs in sync."
    assert lines[2:9] == [
        f"- the chat service refused changes of dialog-2: {dialogs['dialog-2']['note']}",
        "  change the manifest; or, where the reason is gone, free what was refused",
        '  reconciler retry --dialog dialog-2 --reason "…"',
        "",
        "- 1 problem in manifests; 1 dialog stays as last applied",
        "  mend them where they stand; what is valid goes on",
        "",
    ]
    assert lines[-3:-1] == [
        "Dialogs: 1 invalid, 1 stalled and 1 in sync.",
        "Changes: 0 to be sent; held: 1 rejected.",
    ]
    assert lines[-1].startswith("5 calls, the last ")
    assert document["state"] == "needs a person"
    assert document["sentence"] == lines[0]
    assert [waits["command"] for waits in document["attention"]] == [lines[4].strip(), None]
    assert document["dialogsByCondition"]["stalled"] == document["held"]["rejected"] == 1
