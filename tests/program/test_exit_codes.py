"""Exit codes are an interface: one meaning each, whatever the format of the output."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.program.chat import STRANGER, manifest
from tests.program.program import Program

FINE = manifest(1, messages={0: "text: hello"})
INVALID = manifest(2, "read: false")
REFUSED = manifest(3, messages={0: f"read: [{STRANGER}]"})


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_plan_ends_with(program: Program, form: str) -> None:
    program.declare("one.yaml", FINE)
    program.run("plan", "-o", form, exits=0)
    program.run("plan", "-o", form, "--exit-code", exits=2)
    program.declare("two.yaml", INVALID)
    program.run("plan", "-o", form, exits=3)
    program.run("plan", "-o", form, "--exit-code", exits=3)
    program.run("plan", "-o", form, "elsewhere", exits=1)
    program.run("plan", "-o", form, "--frobnicate", exits=64)
    program.run("plan", "-o", form, "--ledger", "manifests/one.yaml", exits=1)


@pytest.mark.parametrize("form", ["text", "json"])
def test_validate_ends_with(offline: Program, form: str) -> None:
    offline.declare("one.yaml", FINE)
    offline.run("validate", "-o", form, exits=0)
    offline.declare("two.yaml", INVALID)
    offline.run("validate", "-o", form, exits=3)
    offline.run("validate", "-o", form, "elsewhere", exits=1)
    offline.run("validate", "-o", form, "--rate", "1", exits=64)


@pytest.mark.parametrize("form", ["text", "json"])
def test_apply_ends_with(program: Program, form: str) -> None:
    program.declare("one.yaml", FINE)
    program.run("apply", "-o", form, exits=0)
    program.run("plan", "-o", form, "--exit-code", exits=0)
    invalid = program.declare("two.yaml", INVALID)
    program.run("apply", "-o", form, exits=3)
    program.declare("three.yaml", REFUSED)
    program.run("apply", "-o", form, exits=5)
    program.run("apply", "-o", form, exits=5)  # what is held is still not applied
    invalid.unlink()
    program.run("apply", "-o", form, exits=5)
    program.run("apply", "-o", form, environ={"RECONCILER_API_URL": None}, exits=1)
    program.run("apply", "-o", form, "--no-such", exits=64)
    with program.daemon() as daemon:
        daemon.becomes_ready()
        assert "in use by process" in program.run("apply", "-o", form, exits=6).stderr


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("command", ["status", "history"])
def test_what_reads_the_ledger_ends_with(program: Program, command: str, form: str) -> None:
    program.declare("one.yaml", FINE)
    program.run(command, "-o", form, exits=1)  # there is no ledger
    program.run("apply")
    program.run(command, "-o", form, exits=0)
    program.run(command, "-o", form, "--ledger", "manifests/one.yaml", exits=1)
    program.run(command, "-o", form, "--frobnicate", exits=64)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("frobnicate",),
        ("--frobnicate",),
        ("apply", "--rate", "fast"),
        ("apply", "--rate", "0"),
        ("apply", "--concurrency", "1.5"),
        ("plan", "-o", "xml"),
        ("history", "--limit", "0"),
        ("history", "too", "many"),
        ("run", "--watch", "hope"),
        ("sandbox", "--port", "99999"),
        ("sandbox", "--seed", "nowhere.json"),
        ("schema", "extra"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_64_and_is_explained(offline: Program, arguments: Sequence[str]) -> None:
    done = offline.run(*arguments, exits=64)
    assert done.stdout == ""
    assert "Usage: reconciler" in done.stderr


@pytest.mark.parametrize("variable", ["RECONCILER_RATE", "RECONCILER_CONCURRENCY", "RECONCILER_TIMEOUT"])
def test_a_setting_in_the_environment_that_is_no_value_is_wrong_usage_and_named(
    program: Program, variable: str
) -> None:
    done = program.run("apply", environ={variable: "much"}, exits=64)
    assert variable in done.stderr
    assert "'much'" in done.stderr


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("plan", "-h"), ("schema",)], ids=" ".join
)
def test_what_only_tells_ends_with_0(offline: Program, arguments: Sequence[str]) -> None:
    done = offline.run(*arguments)
    assert done.stdout
    assert done.stderr == ""


def test_the_installed_command_is_the_same_program(offline: Program) -> None:
    command = Path(sys.executable).with_name("reconciler")
    done = subprocess.run([command, "--version"], check=True, capture_output=True, text=True, timeout=30)
    assert done.stdout == offline.run("--version").stdout
