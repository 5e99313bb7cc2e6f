"""Settings: defaults, overridden by a file, by the environment, by flags."""

import re
from pathlib import Path

import pytest

from tests.program.chat import manifest
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program


def seconds(program: Program, *arguments: str, **environ: str) -> float:
    """Give how long the plan of 20 calls is said to take: 20 / rate."""
    summary = program.run("plan", "-o", "json", *arguments, environ=environ).document()["summary"]
    assert summary["calls"] == 20
    return float(summary["seconds"])


def test_defaults_yield_to_the_file_the_file_to_the_environment_and_that_to_flags(offline: Program) -> None:
    messages = dict.fromkeys(range(10), "text: hello, read: [222]")
    offline.declare("one.yaml", manifest(1, messages=messages))
    assert seconds(offline) == 1, "20 calls a second"
    (offline.directory / "reconciler.toml").write_text("rate = 10\n")
    assert seconds(offline) == 2
    assert seconds(offline, RECONCILER_RATE="5") == 4
    assert seconds(offline, "--rate", "2.5", RECONCILER_RATE="5") == 8
    (offline.directory / "other.toml").write_text("rate = 1\n")
    assert seconds(offline, RECONCILER_CONFIG="other.toml") == 20
    done = offline.run(
        "--config", "other.toml", "plan", "-o", "json", environ={"RECONCILER_CONFIG": "reconciler.toml"}
    )
    assert done.document()["summary"]["seconds"] == 20


def test_the_file_holds_for_every_command_that_knows_the_setting(
    program: Program, sandbox: LiveSandbox
) -> None:
    (program.directory / "reconciler.toml").write_text(
        'manifests = ["chat"]\nledger = "state/here.db"\nkeep_text = false\nact_as = 222\nrescan = 60\n'
    )
    (program.directory / "state").mkdir()
    declared = manifest(1, messages={0: "read: true"}).replace("  actAs: 111\n", "")
    program.declare("../chat/one.yaml", declared)
    program.run("validate")
    program.run("apply")
    assert [put.user for put in sandbox.puts()] == [222]
    assert (program.directory / "state" / "here.db").exists()
    assert not program.ledger.exists()
    assert len(program.history()) == 1


def test_manifests_come_from_arguments_before_the_environment(offline: Program) -> None:
    for name in ("manifests", "from-environment", "from-argument"):
        offline.declare(f"../{name}/one.yaml", manifest(1, messages={0: f"text: {name}"}))
    assert "+ manifests" in offline.run("plan").stdout
    environ: dict[str, str | None] = {"RECONCILER_MANIFESTS": "from-environment"}
    assert "+ from-environment" in offline.run("plan", environ=environ).stdout
    assert "+ from-argument" in offline.run("plan", "from-argument", environ=environ).stdout


@pytest.mark.parametrize(
    "command",
    ["validate", "plan", "apply", "run", "status", "history", "schema", "health", "sandbox", "demo"],
)
def test_no_flag_takes_a_secret(offline: Program, command: str) -> None:
    shown = offline.run(command, "--help").stdout
    flags = set(re.findall(r"--[a-z-]+", shown))
    assert "--help" in flags
    secrets = {flag for flag in flags if any(word in flag for word in ("key", "token", "secret", "password"))}
    files = {f"--{name}-file" for name in ("api-key", "token", "auth-secret", "password", "listen-token")}
    assert secrets <= {*files, "--auth-key"}, "the auth key names an application and opens nothing"


def test_a_secret_given_as_a_flag_is_wrong_usage_and_is_not_repeated(offline: Program) -> None:
    for flag in ("--api-key", "--token", "--auth-secret", "--password", "--proxy-auth"):
        done = offline.run("apply", f"{flag}=canary", exits=64)
        assert "canary" not in done.stdout + done.stderr


def test_nothing_is_written_outside_the_ledgers_directory(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    before = set(program.directory.rglob("*"))
    ledger = program.directory.parent / f"{program.directory.name}-state"
    ledger.mkdir()
    program.run("apply", "--ledger", str(ledger / "ledger.db"))
    assert set(program.directory.rglob("*")) == before
    assert {file.name for file in ledger.iterdir()} <= {
        "ledger.db",
        "ledger.db.lock",
        "ledger.db-wal",
        "ledger.db-shm",
    }


def test_the_ledger_is_for_its_owner_only(program: Program, tmp_path: Path) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    program.run("apply")
    for file in tmp_path.glob("reconciler.db*"):
        assert file.stat().st_mode & 0o077 == 0


def test_who_acts_by_default_may_change_and_the_manifests_are_read_again(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, "read: true").replace("  actAs: 111\n", ""))
    assert "RECONCILER_ACT_AS" in program.run("apply", exits=3).stderr
    for user in ("111", "222", "111"):
        program.run("apply", environ={"RECONCILER_ACT_AS": user})
    assert [put.user for put in sandbox.puts()] == [111, 222]
