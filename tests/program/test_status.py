"""`reconciler status` shows what the daemon of this ledger knows, and no other daemon is asked."""

import json
import os
import re
import signal
import socket
import stat
from pathlib import Path
from typing import Any

from reconciler.sandbox.faults import Delay, FaultRule, Status
from tests.program.chat import manifest
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program, Running
from tests.program.waiting import wait_for

NOBODY = "no daemon runs on this ledger; this is how everything stood after the last pass\n"

SHARED = ("state", "sentence", "dialogsByCondition", "pending", "held")


def socket_of(program: Program) -> Path:
    """Give where the daemon of a ledger is asked."""
    return program.ledger.with_name("reconciler.db.socket")


def overview(daemon: Running) -> dict[str, Any]:
    """Give what the page shows."""
    document: dict[str, Any] = json.loads(daemon.get("/api/v1/overview").body)
    return document


def test_what_hinders_the_daemon_stands_on_the_terminal_as_on_the_page(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        assert program.run("status").stderr == ""
        program.manifests.rename(program.directory / "elsewhere")
        daemon.becomes_unready("manifests")
        status, seen = program.status(), overview(daemon)
        assert status["state"] == "hindered"
        assert {name: status[name] for name in SHARED} == {name: seen[name] for name in SHARED}
        shown = program.run("status").stdout
        assert shown.startswith(f"{seen['sentence']}\n\n- {seen['attention'][0]['what']}\n")
        assert "\nRate: 1,000 of 1,000 calls a second; 0 calls wait.\n" in shown
        assert "\nPASS ENDED " in shown
        assert f" sees changes on disk by {seen['watch']['mode']}.\n" in shown
        daemon.stop()
    ended = program.run("status")
    assert ended.stderr == f"reconciler.db: {NOBODY}"
    assert ended.stdout.startswith("The one dialog is in sync.\n")
    assert program.status()["daemon"] is None
    assert sandbox.arrived() == 1


def test_how_long_a_pass_took_stands_on_the_terminal_as_on_the_page(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Delay(seconds=1.2)))
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        wait_for(lambda: overview(daemon)["passes"], "a pass ended")
        (row,) = re.findall(r"^PASS ENDED .*\n(.+)$", program.run("status").stdout, re.MULTILINE)
        lengths = re.findall(r"\d\S* m?s\b(?! ago)", row)
        shown = re.findall(r'data-label="(?:Took|Median of a call)"[^>]*>([^<]+)<', daemon.get("/").body)
    assert lengths == shown
    assert [length.partition(".")[2][1:] for length in lengths] == [" s", " s"], "tenths of seconds"


def test_a_file_that_can_t_be_read_at_all_is_a_problem_on_the_terminal_too(
    program: Program, sandbox: LiveSandbox
) -> None:
    del sandbox
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    os.mkfifo(program.manifests / "pipe.yaml")
    with program.daemon() as daemon:
        daemon.becomes_ready()
        (problem,) = program.status()["problems"]
        assert problem["path"] == "manifests/pipe.yaml"
        assert problem == json.loads(daemon.get("/api/v1/problems").body)["problems"][0]
        assert "\nmanifests/pipe.yaml:1:1: " in program.run("status").stdout
        daemon.stop()


def test_how_far_behind_the_daemon_is_stands_on_the_terminal(program: Program, sandbox: LiveSandbox) -> None:
    sandbox.let_fail(FaultRule(fault=Delay(seconds=30)))
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon("--rate", "5") as daemon:
        sandbox.sees(lambda log: log.in_flight == 1, "a call under way")
        status = program.status()
        assert (status["state"], status["daemon"]["callsWaiting"]) == ("working", 1)
        assert status["daemon"]["rate"] == {"ceiling": 5, "present": 5}
        assert "; 1 call waits, which takes less than 1 s.\n" in program.run("status").stdout
        sandbox.let_succeed()
        daemon.kill()


def test_the_daemon_is_asked_without_its_address_and_without_its_token(
    program: Program, sandbox: LiveSandbox
) -> None:
    del sandbox
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon(environ={"RECONCILER_LISTEN_TOKEN": "only-for-who-comes-over-the-network"}) as daemon:
        daemon.becomes_ready()
        assert daemon.get("/api/v1/overview").status == 401
        assert program.status()["daemon"]["version"]
        assert stat.S_IMODE(socket_of(program).stat().st_mode) == 0o600
        daemon.stop()
    assert not socket_of(program).exists()


def test_of_two_daemons_each_ledger_s_own_is_asked(program: Program, sandbox: LiveSandbox) -> None:
    del sandbox
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as one, program.daemon("--ledger", "other.db", "elsewhere") as other:
        other.becomes_unready("elsewhere")
        one.becomes_ready()
        assert program.status()["state"] == "in sync"
        elsewhere = program.run("status", "--ledger", "other.db", "-o", "json").document()
        assert (elsewhere["state"], elsewhere["ledger"]) == ("hindered", str(program.directory / "other.db"))
        other.stop()
        one.stop()


def test_a_daemon_that_was_killed_is_not_taken_for_one_that_runs(
    program: Program, sandbox: LiveSandbox
) -> None:
    del sandbox
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        daemon.kill()
    assert socket_of(program).is_socket()
    assert program.run("status").stderr.endswith(NOBODY)
    with program.daemon() as daemon:
        daemon.becomes_ready()
        assert program.run("status").stderr == ""
        daemon.stop()


def test_a_ledger_is_asked_about_however_long_its_path_is(program: Program, sandbox: LiveSandbox) -> None:
    del sandbox
    folder = program.directory.joinpath(*["a-folder-with-quite-a-long-name"] * 5)
    folder.mkdir(parents=True)
    ledger = str(folder / "reconciler.db")
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon("--ledger", ledger) as daemon:
        daemon.becomes_ready()
        assert program.run("status", "--ledger", ledger).stderr == ""
        daemon.stop()


def test_what_has_the_socket_s_name_and_is_none_stays_and_is_told(
    program: Program, sandbox: LiveSandbox
) -> None:
    socket_of(program).write_text("mine\n")
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        daemon.says("`reconciler status` can't ask: ")
        said = program.run("status").stderr
        assert "the daemon can't be asked: reconciler.db.socket is no socket; remove it" in said
        daemon.stop()
    assert socket_of(program).read_text() == "mine\n"
    assert sandbox.arrived() == 1


def test_who_asks_and_goes_away_or_takes_nothing_keeps_nobody_from_anything(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(20)]
        for number, one in enumerate(waiting):
            one.connect(os.path.relpath(socket_of(program)))
            if number % 2:
                one.close()
        program.declare("one.yaml", manifest(1, messages={0: "text: changed"}))
        sandbox.sees_text("changed")
        assert program.run("status").stderr == ""
        daemon.stop(signal.SIGTERM)
        for one in waiting:
            one.close()
    assert "error" not in daemon.stderr.lower()


def test_where_the_ledger_can_t_be_read_the_daemon_still_tells(
    program: Program, sandbox: LiveSandbox
) -> None:
    del sandbox
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        program.ledger.rename(program.directory / "moved.db")
        program.declare("one.yaml", manifest(1, messages={0: "text: changed"}))
        daemon.becomes_unready("ledger")
        shown = program.run("status", exits=1)
        assert shown.stdout.startswith("Something stands in the way: ")
        assert "the ledger was deleted or replaced while in use" in shown.stdout
        assert shown.stderr.startswith("reconciler: ")
        told = program.run("status", "-o", "json", exits=1).document()
        assert told["calls"] is None
        daemon.kill()


def test_a_daemon_that_is_just_ending_is_not_waited_for(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    program.run("apply")
    with socket.socket(socket.AF_UNIX) as ending:
        ending.bind(os.path.relpath(socket_of(program)))
        ending.listen()
        with program.start("status") as asking:
            taken, _ = ending.accept()
            taken.close()
            asking.says("the daemon can't be asked: it is ending, or met a bug; ")
            wait_for(lambda: asking.process.poll() == 0, "it ends")
    assert sandbox.arrived() == 1


def test_what_the_service_refuses_needs_a_person_on_the_terminal_as_on_the_page(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=401)))
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        wait_for(lambda: overview(daemon)["state"] == "hindered", "it is hindered")
        (waits,) = program.status()["attention"]
        assert waits["what"] == "the chat service refuses the credential"
        assert waits["todo"].startswith("correct the API key, token or login; ")
        daemon.stop()


def test_of_many_dialogs_and_problems_the_worst_are_shown_and_all_where_that_is_asked(
    program: Program, sandbox: LiveSandbox
) -> None:
    del sandbox
    suspend = "suspend: {reason: a, until: 2099-01-01T00:00:00Z}"
    for number in range(120):
        broken = ("read: false",) if number >= 60 else (suspend,)
        program.declare(f"{number}.yaml", manifest(number, *broken, messages={0: "text: hello"}))
    program.run("apply", exits=3)
    shown = program.run("status").stdout
    assert shown.count("\ndialog-") == 50
    assert shown.count("\nmanifests/") == 50
    assert "\n... and 70 more dialogs; --all shows all of them\n" in shown
    assert "\n... and 10 more problems; --all shows all of them\n" in shown
    everything = program.run("status", "--all").stdout
    assert (everything.count("\ndialog-"), everything.count("\nmanifests/")) == (120, 60)
    assert len(program.status()["dialogs"]) == 120
