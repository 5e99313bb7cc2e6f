"""Manifests on stdin, and a working directory that is gone."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.program.chat import manifest
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import COMMAND, Program


def test_one_file_is_read_from_stdin(offline: Program) -> None:
    done = offline.run("validate", "-", feed=manifest(1, messages={0: "read: [7]"}))
    assert done.stdout == ""
    assert "1 file, 1 dialog: all valid" in done.stderr


def test_problems_of_a_file_on_stdin_are_told_with_their_places(offline: Program) -> None:
    one = manifest(1, "read: false")
    done = offline.run("validate", "-", feed=f"{one}---\n{one}", exits=3)
    assert [line.split(": ")[0] for line in done.stdout.splitlines()] == [
        *("<stdin>:1:1", "<stdin>:7:9", "<stdin>:9:1", "<stdin>:15:9")
    ]


@pytest.mark.parametrize("text", ["", "\n", "x" * (16 * 1024 * 1024 + 1)], ids=["none", "a line", "too much"])
def test_nothing_and_too_much_on_stdin_is_refused(text: str, offline: Program) -> None:
    done = offline.run("validate", "-", feed=text, exits=3)
    assert done.stdout.startswith("<stdin>:1:1: the file is ")


def test_stdin_is_not_read_together_with_paths(offline: Program) -> None:
    done = offline.run("validate", "-", "manifests", exits=64)
    assert "can't be given together with other paths" in done.stderr


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_working_directory_that_is_gone_is_said_to_be(command: str, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    shell = ["/bin/sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh", *COMMAND, command]
    done = subprocess.run(shell, cwd=gone, capture_output=True, text=True, check=False, env={})
    assert done.returncode == 1
    assert done.stderr == "reconciler: the working directory is gone; change to one that is there\n"


def test_a_daemon_whose_working_directory_is_gone_goes_on_with_what_lies_elsewhere(
    program: Program, sandbox: LiveSandbox
) -> None:
    here = program.directory / "here"
    here.mkdir()
    program.declare("one.yaml", manifest(1, messages={0: "text: first"}))
    two = program.declare("two.yaml", manifest(2, messages={0: "text: stays"}))
    with program.daemon(str(program.manifests), "--ledger", str(program.ledger), here=here) as daemon:
        daemon.becomes_ready()
        here.rmdir()
        two.unlink()
        program.declare("one.yaml", manifest(1, messages={0: "text: second"}))
        sandbox.sees_text("second")
        daemon.becomes_ready()
        daemon.stop()
    assert "bug" not in daemon.stderr
    assert [dialog["name"] for dialog in program.status()["dialogs"]] == ["dialog-1"]


def test_a_daemon_says_that_its_manifests_went_with_its_working_directory(program: Program) -> None:
    here = program.directory / "here"
    (here / "manifests").mkdir(parents=True)
    declared = program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    declared.rename(here / "manifests" / "one.yaml")
    with program.daemon("--ledger", str(program.ledger), here=here) as daemon:
        daemon.becomes_ready()
        shutil.rmtree(here)
        daemon.becomes_unready("manifests: not there; its dialogs stay as they are until it is back")
        daemon.stop()
    assert "bug" not in daemon.stderr
