"""What the daemon logs: text on a terminal, JSON elsewhere, one event a line."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.faults import FaultRule, Status, When
from tests.program.chat import ANN, BEN, dialog_id, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import COMMAND, Program, Running
from tests.program.waiting import LONGEST, wait_for

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
AUTO: Mapping[str, str | None] = {"RECONCILER_LOG_FORMAT": None}


def lines(daemon: Running) -> list[dict[str, Any]]:
    """Give what was logged so far; every whole line is an object."""
    whole = daemon.stderr.split("\n")[:-1]
    return [json.loads(line) for line in whole]


def tells(daemon: Running, event: str, **fields: object) -> dict[str, Any]:
    """Wait for an event with these fields; give the first."""

    def look() -> dict[str, Any] | None:
        told = (line for line in lines(daemon) if line["event"] == event)
        return next((line for line in told if fields.items() <= line.items()), None)

    return wait_for(look, f"{event} {fields}")


def test_where_no_terminal_reads_them_lines_are_json(program: Program, sandbox: LiveSandbox) -> None:
    sandbox.let_fail(
        FaultRule(
            fault=Status(status=403, words="not yours", headers={"X-Request-Id": "r-1"}),
            when=When(message=message_id(1, 1)),
        )
    )
    program.declare(
        "one.yaml", manifest(1, f"delivered: [{BEN}]", messages={0: "text: hello", 1: "text: hi"})
    )
    with program.daemon(environ=AUTO) as daemon:
        tells(daemon, "reported")
        daemon.stop()
    told = lines(daemon)
    assert [line["event"] for line in told] == [
        "started",
        "planned",
        "called",
        "called",
        "called",
        "reported",
        "stopped",
    ]
    assert all(TIME.fullmatch(line["time"]) and line["level"] in {"info", "error"} for line in told)
    started, planned, *_ = told
    assert (started["manifests"], started["ledger"]) == (["manifests"], "reconciler.db")
    assert (planned["calls"], planned["dialogs"], planned["held"]) == (3, 1, 0)
    assert told[-2]["applied"] == 2
    recorded = {entry["number"]: entry for entry in program.history()}
    called = [line for line in told if line["event"] == "called"]
    assert {line["number"] for line in called} == recorded.keys()
    for line in called:
        entry = recorded[line["number"]]
        for ours, documented in SAME.items():
            assert line.get(ours) == entry[documented], (ours, line, entry)
        assert line["seconds"] >= 0
    (rejected,) = [line for line in called if line["result"] == "rejected"]
    assert (rejected["level"], rejected["status"], rejected["words"]) == ("error", 403, "not yours")
    assert rejected["dialog"] == str(dialog_id(1))


SAME = {
    "name": "dialog",
    "dialog": "dialogId",
    "message": "message",
    "actor": "actAs",
    "fields": "fields",
    "attempt": "attempt",
    "result": "result",
    "status": "status",
    "origin": "origin",
    "request_id": "requestId",
}
"""A line's fields, and what `history -o json` calls the same column of the ledger."""


def on_a_terminal(program: Program, *arguments: str, until: str, **environ: str) -> str:
    """Run the daemon with a terminal at stderr until it has said `until`; give all that it said there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "run", "--listen", "127.0.0.1:0", *arguments],
        cwd=program.directory,
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", **program.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        got = bytearray()
        try:
            while until.encode() not in got:
                got += os.read(ours, 10_000)
            process.terminate()
            while piece := os.read(ours, 10_000):
                got += piece
        except OSError:
            pass  # the other end is closed
        finally:
            os.close(ours)
        assert process.wait(LONGEST) == 0
    return got.decode().replace("\r\n", "\n")


def test_on_a_terminal_lines_are_text(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    said = on_a_terminal(program, until=" reported ")
    assert re.match(rf"{TIME.pattern} INFO    started version=\S+ manifests=manifests ", said)
    assert re.search(
        rf"^{TIME.pattern} INFO    called .* actor={ANN} fields=text .* result=applied ", said, re.MULTILINE
    )
    assert not re.search(r"^[^2]", said, re.MULTILINE), "each line begins with its time"


@pytest.mark.parametrize(("form", "first"), [("json", "{"), ("text", "2")])
def test_a_setting_decides_where_it_is_set(program: Program, form: str, first: str) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    assert on_a_terminal(program, "--log-format", form, until="reported").startswith(first)
    (program.directory / "reconciler.toml").write_text(f'log_format = "{form}"\n')
    with program.daemon(environ=AUTO) as daemon:
        daemon.says("started")
        daemon.stop()
    assert daemon.stderr.startswith(first)


def test_a_manifest_that_was_invalid_is_valid_again(program: Program, sandbox: LiveSandbox) -> None:
    wrong = manifest(1, "read: false")
    path = program.declare("one.yaml", wrong, manifest(2, messages={0: "text: hello"}))
    with program.daemon(environ=AUTO) as daemon:
        invalid = tells(daemon, "invalid")
        assert invalid["origin"] == "manifests/one.yaml:7:9"
        assert invalid["level"] == "error"
        sandbox.sees_text("hello")
        program.declare("one.yaml", wrong, manifest(2, messages={0: "text: hello again"}))
        sandbox.sees_text("hello again")
        path.write_text("---\n".join((manifest(1, messages={0: "text: mended"}), manifest(2))))
        sandbox.sees_text("mended")
        valid = tells(daemon, "valid again")
        assert (valid["name"], valid["dialog"], valid["level"]) == ("dialog-1", str(dialog_id(1)), "info")
        daemon.stop()
    assert sum(line["event"] == "invalid" for line in lines(daemon)) == 1, "it is told once"
    assert sum(line["event"] == "valid again" for line in lines(daemon)) == 1


def test_a_manifest_that_was_mended_meanwhile_is_valid_again_at_the_next_start(program: Program) -> None:
    program.declare("one.yaml", manifest(1, "read: false"))
    with program.daemon(environ=AUTO) as daemon:
        tells(daemon, "invalid")
        daemon.becomes_ready()
        daemon.stop()
    program.declare("one.yaml", manifest(1, messages={0: "text: mended"}))
    with program.daemon(environ=AUTO) as daemon:
        tells(daemon, "valid again", name="dialog-1")
        daemon.stop()


def test_what_is_no_longer_declared_is_said_to_be_unmanaged(program: Program, sandbox: LiveSandbox) -> None:
    program.declare(
        "one.yaml", manifest(1, messages={0: "text: one"}), manifest(2, messages={0: "text: two"})
    )
    gone = program.declare("gone.yaml", manifest(3, messages={0: "text: three"}))
    moved = program.declare("moved.yaml", manifest(4, messages={0: "text: four"}))
    with program.daemon(environ=AUTO) as daemon:
        daemon.becomes_ready()
        program.declare("one.yaml", manifest(1, messages={0: "text: one"}))
        unmanaged = tells(daemon, "unmanaged", name="dialog-2")
        assert unmanaged["origin"].startswith("manifests/one.yaml:")
        assert unmanaged["dialog"] == str(dialog_id(2))
        gone.unlink()
        tells(daemon, "unmanaged", name="dialog-3")
        moved.rename(moved.with_name("here.yaml"))
        program.declare("news.yaml", manifest(5, messages={0: "text: five"}))
        sandbox.sees_text("five")
        daemon.stop()
    assert [line["name"] for line in lines(daemon) if line["event"] == "unmanaged"] == [
        "dialog-2",
        "dialog-3",
    ]
    assert sandbox.arrived() == 5


def test_what_ends_the_daemon_is_a_line_too(program: Program) -> None:
    with program.daemon(environ=AUTO) as daemon:
        tells(daemon, "started")
        done = program.run("run", "--listen", "127.0.0.1:0", exits=6, environ=AUTO)
        (line,) = [json.loads(each) for each in done.stderr.splitlines()]
        assert (line["event"], line["level"]) == ("failed", "critical")
        assert line["what"].startswith("reconciler.db: the ledger is in use by process ")
        daemon.stop()
    text = program.run("run", "--listen", "nowhere", exits=1)
    assert text.stderr.startswith("reconciler: ")


def test_a_misspelt_variable_is_a_line_too(program: Program) -> None:
    with program.daemon(environ={**AUTO, "RECONCILER_RAET": "1"}) as daemon:
        line = tells(daemon, "unknown setting")
        assert (line["variable"], line["todo"]) == ("RECONCILER_RAET", "did you mean RECONCILER_RATE?")
        daemon.stop()
    assert lines(daemon)


NASTY = 'a\u2028\u202e{"event":"called"} x=y level=error'


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_name_of_a_file_can_forge_a_line(program: Program, form: str) -> None:
    program.declare(f"{NASTY}.yaml", manifest(1, "read: false"))
    program.declare(f"\n{NASTY}\udcff.yaml", manifest(2))
    with program.daemon("--log-format", form) as daemon:
        daemon.says(r"\binvalid\b.*\n")
        daemon.says(r"\bunreadable\b.*\n")
        daemon.stop()
    whole = daemon.stderr.split("\n")[:-1]
    assert whole == daemon.stderr.splitlines()
    assert all(line.isprintable() for line in whole)
    begins = '{"time": "' if form == "json" else "2"
    assert all(line.startswith(begins) for line in whole)
    if form == "json":
        (invalid,) = [line for line in lines(daemon) if line["event"] == "invalid"]
        assert invalid["origin"] == f"manifests/{NASTY}.yaml:7:9"


def test_what_a_library_says_is_a_line_too(program: Program, tmp_path: Path) -> None:
    """A warning of Python's, which would go past the log, is made one of its lines."""
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    script = tmp_path / "sitecustomize.py"
    script.write_text("import atexit, warnings\natexit.register(lambda: warnings.warn('mind\\nthe gap'))\n")
    with program.daemon(environ={**AUTO, "PYTHONPATH": str(tmp_path)}) as daemon:
        tells(daemon, "reported")
        daemon.stop()
    last = lines(daemon)[-1]
    assert (last["event"], last["logger"], last["level"]) == ("log", "py.warnings", "warning")
    assert "mind" in last["what"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--frobnicate"), "No such option"),
        (("run", "--rate", "fast"), "Invalid value for '--rate' (env var: 'RECONCILER_RATE'): 'fast' is"),
        (("run", "--log-format", "json", "--watch", "hope"), "Invalid value for '--watch'"),
        (("--config", "elsewhere.toml", "run"), "elsewhere.toml: can't be read: "),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_a_line_of_the_log_too(offline: Program, arguments: Sequence[str], words: str) -> None:
    done = offline.run(*arguments, exits=64, environ=AUTO)
    (line,) = done.stderr.splitlines()
    told = json.loads(line)
    assert (told["level"], told["event"]) == ("critical", "failed")
    assert words in told["what"]
    as_text = offline.run(*arguments, exits=64)
    assert as_text.stderr.startswith('{"' if "json" in arguments else ("Usage: ", "reconciler: "))


def test_the_settings_file_says_of_which_form_wrong_usage_is(offline: Program) -> None:
    (offline.directory / "reconciler.toml").write_text('log_format = "text"\nrate = 0.0\n')
    done = offline.run("run", exits=64, environ=AUTO)
    assert done.stderr.startswith("reconciler: reconciler.toml: rate: ")
    (offline.directory / "reconciler.toml").write_text("rate = 0.0\n")
    (line,) = offline.run("run", exits=64, environ=AUTO).stderr.splitlines()
    assert json.loads(line)["what"].startswith("reconciler.toml: rate: ")


def test_other_commands_say_wrong_usage_to_a_person(offline: Program) -> None:
    done = offline.run("apply", "--frobnicate", exits=64, environ={"RECONCILER_LOG_FORMAT": "json"})
    assert done.stderr.startswith("Usage: reconciler apply ")
