"""Manifests on stdin, and a working directory that is gone."""

import subprocess
from pathlib import Path

import pytest

from tests.program.chat import manifest
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
