"""What changes too much at once is held, says so, and goes out once a person approved exactly that."""

import re
import shlex
from collections.abc import Mapping
from typing import Any, Final

import pytest

from reconciler.sandbox.faults import Delay, FaultRule, Status, When
from tests.program.chat import ANN, BEN, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Ended, Program
from tests.program.waiting import wait_for

DIALOGS: Final = range(1, 4)
EACH: Final = 4
"""Three dialogs of four texts each: of twelve known texts three may be rewritten, and four may not."""


def say(program: Program, text: str, *dialogs: int, only: int = EACH, spec: str | None = None) -> None:
    """Declare that the first `only` messages of dialogs say `text`, and the others what they said first."""
    for dialog in dialogs:
        messages = {m: f"text: {text if m < only else 'first'}" for m in range(EACH)}
        program.declare(f"{dialog}.yaml", manifest(dialog, *([spec] if spec else []), messages=messages))


@pytest.fixture
def known(program: Program) -> Program:
    """The program with a ledger that knows twelve texts."""
    say(program, "first", *DIALOGS)
    program.run("apply")
    return program


def texts(sandbox: LiveSandbox) -> list[str | None]:
    """Give what the first message of each dialog says."""
    return [sandbox.message(message_id(dialog, 0)).text for dialog in DIALOGS]


def commands(said: str) -> list[str]:
    """Give the commands that let what is held pass, as they are printed."""
    return re.findall(r"^Let exactly this pass: (.*)$", said, re.MULTILINE)


def type_in(program: Program, command: str, *, exits: int = 0) -> Ended:
    """Run a command as it was printed."""
    name, *arguments = shlex.split(command)
    assert name == "reconciler"
    return program.run(*arguments, exits=exits)


def guards(program: Program, *arguments: str) -> list[dict[str, Any]]:
    """Give the guards that trip over the plan as it is now."""
    found: list[dict[str, Any]] = program.run("plan", "-o", "json", *arguments).document()["guards"]
    return found


def test_too_many_rewrites_are_held_until_the_printed_command_lets_them_pass(
    known: Program, sandbox: LiveSandbox
) -> None:
    say(known, "second", 1)
    say(known, "second", 2, only=1)
    known.declare("new.yaml", manifest(4, messages={0: "text: of a new dialog"}))
    held = known.run("apply", exits=4)
    assert texts(sandbox) == ["first"] * 3
    assert sandbox.message(message_id(4, 0)).text == "of a new dialog"
    words = "would rewrite 5 of 12 known texts (41.7 %), more than 30 %"
    assert f"Guard, rewrites: {words}; 2 dialogs held.\n" in held.stdout
    (command,) = commands(held.stdout)
    approved = type_in(known, command).stdout
    assert approved.startswith(f"Approved plan {shlex.split(command)[2]}, rewrites: would rewrite 5 of 13 ")
    assert "; 5 changes in 2 dialogs.\n" in approved
    assert texts(sandbox) == ["first"] * 3, "an approval sends nothing by itself"
    assert "Sent 5 calls" in known.run("apply").stdout
    assert texts(sandbox) == ["second", "second", "first"]


def test_an_approval_is_of_that_plan_only(known: Program, sandbox: LiveSandbox) -> None:
    say(known, "second", 1)
    (first,) = commands(known.run("apply", exits=4).stdout)
    type_in(known, first)
    say(known, "third", 1)
    (second,) = commands(known.run("apply", exits=4).stdout)
    assert second != first
    assert texts(sandbox) == ["first"] * 3
    say(known, "second", 1)
    known.run("apply")
    assert texts(sandbox) == ["second", "first", "first"]


@pytest.mark.slow
def test_an_approval_serves_once(known: Program, sandbox: LiveSandbox) -> None:
    for text, again in (("second", False), ("first", False), ("second", True)):
        say(known, text, 1)
        (command,) = commands(known.run("apply", exits=4).stdout)
        history = [entry for entry in known.entries() if entry["kind"] == "approval"]
        assert (shlex.split(command)[2] in {entry["plan"] for entry in history}) == again
        type_in(known, command)
        known.run("apply")
        assert texts(sandbox)[0] == text


def test_as_much_as_may_be_passes_and_so_does_what_replaces_nothing(
    known: Program, sandbox: LiveSandbox
) -> None:
    say(known, "second", 1, only=3)
    more = dict.fromkeys(range(EACH, 12), "text: a first text")
    known.declare("2.yaml", manifest(2, messages=dict.fromkeys(range(EACH), "text: first") | more))
    known.declare("new.yaml", *(manifest(d, messages={0: "text: hello"}) for d in range(4, 12)))
    assert "Sent 19 calls" in known.run("apply").stdout
    assert texts(sandbox) == ["second", "first", "first"]


def test_a_ledger_that_knows_few_texts_is_not_guarded(program: Program) -> None:
    say(program, "first", 1, 2)
    program.run("apply")
    say(program, "second", 1, 2)
    assert "Sent 8 calls" in program.run("apply").stdout


def test_too_many_whole_dialogs_are_held_texts_and_all(known: Program, sandbox: LiveSandbox) -> None:
    few = ("--guard-dialog-marks", "1")
    say(known, "second", 1, 2, only=1, spec="read: [222]")
    say(known, "second", 3, only=1)
    before = len(sandbox.puts())
    held = known.run("apply", *few, exits=4)
    assert "Guard, dialog marks: would mark 2 whole dialogs, more than 1; 2 dialogs held." in held.stdout
    assert texts(sandbox) == ["first", "first", "second"]
    (command,) = commands(held.stdout)
    type_in(known, command)
    known.run("apply", *few)
    assert texts(sandbox) == ["second"] * 3
    assert [put.path for put in sandbox.puts()[before:]].count("/chat/Message.json") == 2


def test_the_marks_of_a_new_dialog_are_not_held_even_if_only_its_texts_got_out(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Delay(seconds=20.0), when=When(message=message_id(1, 1))))
    program.declare("1.yaml", manifest(1, "read: [222]", messages={0: "text: a", 1: "text: b"}))
    with program.daemon() as daemon:
        sandbox.sees(lambda log: log.arrived == 2, "the second text, under way")
        daemon.kill()
    sandbox.let_succeed()
    assert "Sent 2 calls" in program.run("apply", "--guard-dialog-marks", "0").stdout


def test_marks_that_are_requested_again_are_held(program: Program) -> None:
    for day, exits in (("Monday", 0), ("Tuesday", 4)):
        program.declare("1.yaml", manifest(1, "read: [222]", f"requestedAt: {day}"))
        program.run("apply", "--guard-dialog-marks", "0", exits=exits)


def test_each_guard_is_approved_by_itself(known: Program, sandbox: LiveSandbox) -> None:
    none = ("--guard-dialog-marks", "0")
    say(known, "second", 1, spec="read: [222]")
    rewrites, marks = commands(known.run("apply", *none, exits=4).stdout)
    said = type_in(known, rewrites)
    assert commands(said.stderr) == [marks], "what is still held is said"
    (left,) = commands(known.run("apply", *none, exits=4).stdout)
    assert left == marks
    assert texts(sandbox) == ["first"] * 3
    type_in(known, marks)
    known.run("apply", *none)
    assert texts(sandbox) == ["second", "first", "first"]


def test_the_plan_says_what_is_held_in_every_format(known: Program) -> None:
    say(known, "second", 1)
    (guard,) = guards(known)
    words = "would rewrite 4 of 12 known texts (33.4 %), more than 30 %"
    assert (guard["guard"], guard["figure"], guard["known"], guard["limit"]) == ("rewrites", 4, 12, 0.3)
    assert (guard["changes"], guard["dialogs"], guard["words"]) == (4, 1, words)
    assert guard["approve"] == f'reconciler approve {guard["plan"]} --reason "…"'
    for form in ("text", "markdown"):
        shown = known.run("plan", "-o", form, "--exit-code", exits=2).stdout
        assert words in shown
        assert commands(shown) == [guard["approve"]]
        assert shown.count("held, guarded: rewrites\n") == 4
        assert shown.count("- first\n") == shown.count("+ second\n") == 4
        hidden = known.run("plan", "-o", form, "--hide-text").stdout
        assert "second" not in hidden
    document = known.run("apply", "-o", "json", exits=4).document()
    assert document["guards"] == [guard]
    assert document["dialogsByCondition"]["stalled"] == 1
    (dialog,) = (each for each in known.status()["dialogs"] if each["condition"] == "stalled")
    assert dialog["held"] == {"guarded": 4}
    assert dialog["note"] == f"{words}; to let it pass: {guard['approve']}"


def test_the_id_is_the_same_wherever_it_is_planned(known: Program) -> None:
    say(known, "second", 1, 2)
    (first,) = guards(known)
    known.run("apply", exits=4)
    for dialog in (1, 2):
        (known.manifests / f"{dialog}.yaml").rename(known.manifests / f"moved-{3 - dialog}.yaml")
    (second,) = guards(known, "--rate", "1")
    assert second["plan"] == first["plan"]
    assert guards(known, "--retry-rejected") == [second]


def test_the_command_repeats_the_flags_and_paths_that_matter(known: Program) -> None:
    moved = known.directory / "the ledger.db"
    known.run("ledger", "backup", str(moved))
    (known.directory / "own.toml").write_text("guard_rewrites = 0.1\n")
    say(known, "second", 1, only=2)
    asked = ("--config", "own.toml", "apply", "--ledger", str(moved), "--rate", "50", "manifests/1.yaml")
    (command,) = commands(known.run(*asked, exits=4).stdout)
    plan = shlex.split(command)[4]
    assert command == (
        f"reconciler --config own.toml approve {plan} --reason \"…\" --ledger '{moved}' manifests/1.yaml"
    )
    type_in(known, command)
    assert "Sent 2 calls" in known.run(*asked).stdout


@pytest.mark.parametrize("where", ["environment", "file"])
def test_the_command_names_the_ledger_wherever_it_was_named(known: Program, where: str) -> None:
    known.ledger.rename(known.directory / "own.db")
    say(known, "second", 1)
    environ = {"RECONCILER_LEDGER": "own.db"} if where == "environment" else {}
    if where == "file":
        (known.directory / "reconciler.toml").write_text('ledger = "own.db"\n')
    (command,) = commands(known.run("apply", environ=environ, exits=4).stdout)
    assert command.endswith(' --reason "…" --ledger own.db')
    (known.directory / "reconciler.toml").unlink(missing_ok=True)
    type_in(known, command)
    assert "Sent 4 calls" in known.run("apply", environ={"RECONCILER_LEDGER": "own.db"}).stdout


def test_an_id_without_a_ledger_is_refused_with_the_ledger_that_is_not_there(known: Program) -> None:
    done = known.run("approve", "0123456789ab", "--reason", "why not", "--ledger", "typo.db", exits=1)
    assert done.stderr == (
        "reconciler: 0123456789ab: no plan of this id is held, there is no ledger at typo.db; "
        "name the one that `reconciler apply` or `run` writes\n"
    )


def test_status_tells_once_what_each_guard_says_on_a_line_of_its_own(known: Program) -> None:
    none = ("--guard-dialog-marks", "0")
    say(known, "second", 1, spec="read: [222]")
    say(known, "second", 2, only=1)
    say(known, "first", 3, spec="read: [222]")
    known.run("apply", *none, exits=4)
    rewrites, marks = guards(known, *none)
    shown = known.run("status").stdout.splitlines()
    rows = [row for row in shown if row.startswith("dialog-")]
    assert [row.split() for row in rows] == [
        [f"dialog-{number}", "stalled", str(applied), "of", str(declared), "guarded"]
        for number, applied, declared in ((1, 0, 5), (2, 3, 4), (3, 4, 5))
    ]
    assert shown[0] == "3 dialogs need a person; 0 of 3 dialogs in sync."
    for guard in (rewrites, marks):
        told = shown.index(f"- a guard holds 2 dialogs: {guard['words']}")
        assert shown[told + 2] == f"  {guard['approve']}"
    assert "\n".join(shown).count("a guard holds") == 2


def test_a_plan_for_programs_tells_which_guards_hold_which_change(known: Program) -> None:
    say(known, "second", 1, spec="read: [222]")
    document = known.run("plan", "-o", "json", "--guard-dialog-marks", "0").document()
    both = [{"guard": guard["guard"], "plan": guard["plan"]} for guard in document["guards"]]
    (dialog,) = document["dialogs"]
    assert [held["message"] for held in dialog["held"]] == [*(message_id(1, m) for m in range(EACH)), None]
    assert [held["actAs"] for held in dialog["held"]] == [ANN] * EACH + [BEN]
    assert [held["guards"] for held in dialog["held"]] == [both] * (EACH + 1)


@pytest.mark.parametrize(
    ("environ", "exits"),
    [
        ({}, 4),
        ({"RECONCILER_GUARD_REWRITES": "1"}, 0),
        ({"RECONCILER_GUARD_REWRITES": "0.34"}, 0),
        ({"RECONCILER_GUARD_REWRITES": "0.33"}, 4),
        ({"RECONCILER_GUARD_REWRITES": "1.1"}, 64),
        ({"RECONCILER_GUARD_DIALOG_MARKS": "-1"}, 64),
    ],
    ids=str,
)
def test_settings_name_the_limits(known: Program, environ: Mapping[str, str], exits: int) -> None:
    say(known, "second", 1)
    known.run("apply", environ=environ, exits=exits)


def test_an_id_that_is_not_held_is_refused_with_those_that_are(known: Program) -> None:
    nobody = known.run("approve", "0123456789ab", "--reason", "why not", exits=1).stderr
    assert nobody == (
        "reconciler: 0123456789ab: no plan of this id is held, going by the ledger reconciler.db; "
        "no guard holds anything now\n"
    )
    say(known, "second", 1)
    (guard,) = guards(known)
    other = known.run("approve", "0123456789ab", "--reason", "why not", exits=1).stderr
    assert other.endswith(f"approve one that is: {guard['plan']} (rewrites: {guard['words']})\n")
    assert "approval" not in {entry["kind"] for entry in known.entries()}
    known.run("approve", guard["plan"], "--reason", "checked", environ={"LOGNAME": "ann"})
    again = known.run("approve", guard["plan"], "--reason", "checked", exits=1).stderr
    assert "it was approved by ann on " in again


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "an \x1b escape"])
def test_an_approval_has_a_reason_of_one_line(known: Program, reason: str) -> None:
    say(known, "second", 1)
    (guard,) = guards(known)
    assert "--reason" in known.run("approve", guard["plan"], "--reason", reason, exits=64).stderr
    known.run("approve", guard["plan"], exits=64)
    known.run("apply", exits=4)


def test_an_approval_is_in_the_history(known: Program) -> None:
    say(known, "second", 1)
    (guard,) = guards(known)
    known.run("approve", guard["plan"], "--reason", "new prices", environ={"LOGNAME": "ann"})
    known.run("apply")
    (entry,) = (entry for entry in known.entries() if entry["kind"] == "approval")
    assert (entry["plan"], entry["guard"], entry["changes"]) == (guard["plan"], "rewrites", 4)
    assert (entry["by"], entry["reason"]) == ("ann", "new prices")


def test_what_is_left_of_an_approved_plan_needs_no_other_approval(
    known: Program, sandbox: LiveSandbox
) -> None:
    say(known, "second", *DIALOGS)
    (guard,) = guards(known)
    known.run("approve", guard["plan"], "--reason", "new prices")
    sandbox.let_fail(FaultRule(fault=Status(status=503), when=When(message=message_id(1, 1))))
    sandbox.let_fail(FaultRule(fault=Status(status=422), when=When(message=message_id(1, 2))))
    known.run("apply", exits=5)
    sandbox.let_succeed()
    known.run("retry")
    known.run("apply")
    assert {sandbox.message(message_id(d, m)).text for d in DIALOGS for m in range(EACH)} == {"second"}


def test_after_a_kill_an_approved_plan_goes_on(known: Program, sandbox: LiveSandbox) -> None:
    say(known, "second", *DIALOGS)
    (guard,) = guards(known)
    known.run("approve", guard["plan"], "--reason", "new prices")
    sandbox.let_fail(FaultRule(fault=Delay(seconds=20.0), when=When(message=message_id(2, 2))))
    with known.daemon() as daemon:
        wait_for(lambda: len(known.history()) >= 12 + 8, "most calls are made")
        daemon.kill()
    sandbox.let_succeed()
    in_doubt = [call for call in known.history() if call["result"] == "in doubt"]
    assert in_doubt
    shown = known.run("plan").stdout
    assert (
        "(in doubt: the answer to a call was lost; it may say something else by now)\n    - first\n" in shown
    )
    assert "text sha256:" in known.run("plan", "--hide-text").stdout
    assert " (in doubt) → " in known.run("plan", "--hide-text").stdout
    known.run("apply")
    assert {sandbox.message(message_id(d, m)).text for d in DIALOGS for m in range(EACH)} == {"second"}


def test_the_daemon_holds_and_an_approval_from_outside_lets_it_send(
    known: Program, sandbox: LiveSandbox
) -> None:
    with known.daemon() as daemon:
        daemon.becomes_ready()
        say(known, "second", 1)
        logged = daemon.says(r" guarded guard=rewrites plan=(\w+) dialogs=1 changes=4 what=(.*)\n")
        wait_for(lambda: daemon.metric('reconciler_changes_held{reason="guarded"}') == 4, "four are held")
        (guard,) = guards(known)
        assert logged[1] == guard["plan"]
        assert guard["words"] in logged[2]
        say(known, "second", 2, only=1)
        wait_for(lambda: daemon.metric('reconciler_changes_held{reason="guarded"}') == 5, "five are held")
        (guard,) = guards(known)
        assert guard["plan"] != logged[1]
        assert texts(sandbox) == ["first"] * 3
        (noted,) = {each["note"] for each in known.status()["dialogs"] if each["note"]}
        type_in(known, noted.split("to let it pass: ")[1])
        sandbox.sees_puts(12 + 5)
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="in sync"}') == 3, "all are in sync")
        daemon.stop()
    assert texts(sandbox) == ["second", "second", "first"]
    assert sandbox.arrived() == 17


def test_the_daemon_lets_go_of_all_that_is_held_once_less_is_declared(
    known: Program, sandbox: LiveSandbox
) -> None:
    with known.daemon() as daemon:
        daemon.becomes_ready()
        say(known, "second", 1, only=3)
        sandbox.sees_puts(12 + 3)
        say(known, "third", 1, only=3)
        say(known, "third", 2, only=1)
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="stalled"}') == 2, "both are held")
        say(known, "first", 2)
        sandbox.sees_puts(12 + 3 + 3)
        daemon.stop()
    assert texts(sandbox) == ["third", "first", "first"]
