"""What the daemon serves over HTTP: metrics and probes, read-only and on loopback."""

import json
import shutil
import subprocess

import pytest

from reconciler.sandbox.faults import Delay, FaultRule, Status, When
from tests.program.chat import STRANGER, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program
from tests.program.waiting import wait_for

PROMTOOL = shutil.which("promtool")


def declare_every_condition(program: Program, sandbox: LiveSandbox) -> None:
    """Make one dialog stand in each way that does not pass by itself, and one be in sync."""
    later = Status(status=503, headers={"Retry-After": "60"})
    sandbox.let_fail(FaultRule(fault=later, when=When(message=message_id(2, 0))))
    program.declare("in-sync.yaml", manifest(1, "read: [222]", messages={0: "text: hello, delivered: true"}))
    program.declare("backing-off.yaml", manifest(2, messages={0: "text: hello"}))
    program.declare("stalled.yaml", manifest(3, messages={0: f"read: [{STRANGER}]"}))
    program.declare(
        "suspended.yaml", manifest(4, "suspend: {reason: a, until: 2099-01-01T00:00:00Z}", "read: true")
    )
    program.declare("invalid.yaml", manifest(5, "read: false"))


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not on this machine; Debian's prometheus has it")
def test_promtool_finds_nothing_wrong_with_the_metrics(program: Program, sandbox: LiveSandbox) -> None:
    assert PROMTOOL is not None
    declare_every_condition(program, sandbox)
    with program.daemon() as daemon:
        daemon.becomes_ready()
        metrics = daemon.get("/metrics").body
        daemon.stop()
    checked = subprocess.run(
        [PROMTOOL, "check", "metrics"], check=False, input=metrics, capture_output=True, text=True, timeout=30
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_metrics_tell_how_everything_stands(program: Program, sandbox: LiveSandbox) -> None:
    declare_every_condition(program, sandbox)
    with program.daemon() as daemon:
        daemon.becomes_ready()
        expected = {
            'reconciler_dialogs{condition="in sync"}': 1,
            'reconciler_dialogs{condition="backing off"}': 1,
            'reconciler_dialogs{condition="stalled"}': 1,
            'reconciler_dialogs{condition="suspended"}': 1,
            'reconciler_dialogs{condition="invalid"}': 1,
            'reconciler_dialogs{condition="pending"}': 0,
            'reconciler_changes_held{reason="suspended"}': 1,
            'reconciler_changes_held{reason="rejected"}': 1,
            'reconciler_changes_held{reason="backing off"}': 1,
            "reconciler_changes_pending": 0,
            "reconciler_manifest_files": 5,
            "reconciler_manifest_problems": 1,
            'reconciler_api_calls_total{action="message",result="applied"}': 1,
            'reconciler_api_calls_total{action="message",result="deferred"}': 1,
            'reconciler_api_calls_total{action="message",result="rejected"}': 1,
            'reconciler_api_calls_total{action="dialog",result="applied"}': 1,
            "reconciler_api_call_duration_seconds_count": 4,
            'reconciler_passes_total{result="incomplete"}': 1,
            'reconciler_hindered{by="source"}': 0,
        }
        assert {series: daemon.metric(series) for series in expected} == expected
        assert "# {" not in daemon.get("/metrics").body
        openmetrics = {"Accept": "application/openmetrics-text; version=1.0.0"}
        assert daemon.get("/metrics", headers=openmetrics).body.endswith("# EOF\n")
        daemon.stop()


def test_the_probes_tell_a_living_daemon_from_a_useful_one(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    sandbox.let_fail(FaultRule(fault=Delay(seconds=2)))
    with program.daemon() as daemon:
        sandbox.sees(lambda log: log.in_flight == 1, "the first call")
        ready = daemon.get("/readyz")
        assert (ready.status, ready.body) == (503, "the first pass has not finished\n")
        alive = daemon.get("/healthz")
        assert (alive.status, alive.body) == (200, "ok\n")
        daemon.becomes_ready()
        assert daemon.get("/readyz").body == "ok\n"
        assert sandbox.message(message_id(1, 0)).text == "hello"
        daemon.stop()


def test_the_daemon_is_not_ready_because_the_chat_refuses_something_but_says_so_in_metrics(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=500)))
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="backing off"}') == 1, "it is known")
        daemon.stop()


def test_only_what_there_is_can_be_read_and_nothing_can_be_written(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        for path in ("/metrics", "/healthz", "/readyz"):
            assert daemon.get(path).status == 200
            head = daemon.get(path, "HEAD")
            assert (head.status, head.body) == (200, "")
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                refused = daemon.get(path, method)
                assert refused.status == 405
                assert refused.headers["Allow"] == "GET,HEAD"
        for path in ("/metrics/", "/nowhere", "/../etc/passwd", "/metrics%00", "/reconciler.db"):
            assert daemon.get(path).status == 404
        assert daemon.url.startswith("http://127.0.0.1:")
        daemon.stop()
    assert "error" not in daemon.stderr.lower()
    assert daemon.stdout == "", "the log goes to stderr"
    assert sandbox.arrived() == 1


def test_health_asks_the_daemon_for_a_container(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    sandbox.let_fail(FaultRule(fault=Delay(seconds=5)))
    with program.daemon() as daemon:
        sandbox.sees(lambda log: log.in_flight == 1, "the first call")
        listen = daemon.url.removeprefix("http://")
        assert program.run("health", "--listen", listen).stdout == "ok\n"
        unready = program.run("health", "--ready", "--listen", listen, exits=1)
        assert "the first pass has not finished" in unready.stdout + unready.stderr
        daemon.becomes_ready()
        assert program.run("health", "--ready", environ={"RECONCILER_LISTEN": listen}).stdout == "ok\n"
        daemon.stop()
    gone = program.run("health", "--listen", listen, exits=1)
    assert f"no daemon answers on {listen}" in gone.stderr


def test_status_and_history_can_be_read_while_the_daemon_runs(program: Program, sandbox: LiveSandbox) -> None:
    declare_every_condition(program, sandbox)
    with program.daemon() as daemon:
        daemon.becomes_ready()
        status = program.status()
        assert {dialog["name"]: dialog["condition"] for dialog in status["dialogs"]} == {
            "dialog-1": "in sync",
            "dialog-2": "backing off",
            "dialog-3": "stalled",
            "dialog-4": "suspended",
            "dialog-5": "invalid",
        }
        assert status["calls"]["applied"] == 2
        (problem,) = status["problems"]
        assert problem["path"] == "manifests/invalid.yaml"
        assert {call["result"] for call in program.history()} == {"applied", "deferred", "rejected"}
        shown = program.run("status").stdout
        assert shown.startswith("2 dialogs need a person; 1 of 5 dialogs in sync.\n")
        assert "\n4 calls, the last " in shown
        overview = json.loads(daemon.get("/api/v1/overview").body)
        assert {name: overview[name] for name in ("state", "sentence", "pending", "held")} == {
            name: status[name] for name in ("state", "sentence", "pending", "held")
        }
        assert [{**waits, "path": ""} for waits in overview["attention"]] == [
            {**waits, "path": ""} for waits in status["attention"]
        ]
        assert "403 " in program.run("history", "--dialog", "dialog-3").stdout
        program.declare("in-sync.yaml", manifest(1, messages={0: "text: changed"}))
        sandbox.sees_text("changed")
        daemon.stop()
