"""stdout is the one document asked for, all else is stderr; plain where no terminal reads it."""

import os
import pty
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import pytest

from tests.program.chat import STRANGER, manifest
from tests.program.program import COMMAND, Program

ESCAPE = "\x1b"
COLOUR = re.compile(r"\x1b\[(3[1-7]|9[0-7])")

SHOWING = [
    ("plan", "-o", "text"),
    ("plan", "-o", "markdown"),
    ("plan", "-o", "json"),
    ("validate",),
    ("status",),
    ("history",),
    ("history", "-o", "json"),
    ("apply",),
    ("schema",),
    ("--help",),
]


@pytest.fixture
def used(program: Program) -> Program:
    """The program, with something of everything to show."""
    messages = dict.fromkeys(range(10), "text: hello there")
    program.declare("one.yaml", manifest(1, messages={**messages, 10: f"read: [{STRANGER}]"}))
    program.run("apply", exits=5)
    program.declare("two.yaml", manifest(2, "read: false"))
    program.declare("three.yaml", manifest(3, messages=dict.fromkeys(range(3), "text: to be sent")))
    program.declare("four.yaml", manifest(4, messages={0: f"read: [{STRANGER}]"}))
    return program


def on_a_terminal(program: Program, arguments: Sequence[str], **environ: str) -> tuple[str, str]:
    """Run a command with a terminal at stdout and stderr; give what the terminal got, and the code."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=program.directory,
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", **program.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        got = bytearray()
        try:
            while piece := os.read(ours, 10_000):
                got += piece
        except OSError:
            pass  # the other end is closed
        finally:
            os.close(ours)
    return got.decode(), str(process.returncode)


def run_into(output: IO[bytes], program: Program, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command whose stdout goes somewhere else."""
    return subprocess.run(
        [*COMMAND, *arguments],
        check=False,
        cwd=program.directory,
        env={"PATH": os.environ["PATH"], **program.environ},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )


def test_nothing_is_coloured_where_no_terminal_reads_it(used: Program) -> None:
    for arguments in SHOWING:
        code = 3 if arguments[0] in {"plan", "validate"} else 5 if arguments[0] == "apply" else 0
        done = used.run(*arguments, exits=code, environ={"TERM": "xterm-256color", "COLORTERM": "truecolor"})
        assert ESCAPE not in done.stdout + done.stderr, arguments
        assert "\r" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=["a terminal", "NO_COLOR", "a dumb terminal"],
)
def test_colour_is_for_terminals_whose_user_wants_it(
    used: Program, environ: Mapping[str, str], *, coloured: bool
) -> None:
    for command in ("plan", "status", "history"):
        shown, _ = on_a_terminal(used, [command], **environ)
        assert bool(COLOUR.search(shown)) is coloured, (command, shown)


@pytest.mark.parametrize("columns", [80, 200])
def test_tables_lose_no_words_on_a_narrow_terminal(used: Program, columns: int) -> None:
    shown, _ = on_a_terminal(used, ["history"], COLUMNS=str(columns), NO_COLOR="1")
    words = " ".join(shown.split())
    assert "…" not in words
    for word in ("rejected", "applied", "dialog-1", "manifests/one.yaml:", "403"):
        assert word in words, shown
    shown, _ = on_a_terminal(used, ["status"], COLUMNS=str(columns), NO_COLOR="1")
    assert "…" not in shown.replace('--reason "…"', "")
    assert "stalled" in shown


def test_apply_on_a_terminal_shows_how_far_it_is_and_leaves_the_report(used: Program) -> None:
    shown, code = on_a_terminal(used, ["apply", "--rate", "10"])
    assert code == "5"
    assert "sending" in shown
    assert re.search(r"\d/4", shown)
    assert "Sent 4 calls" in shown


def test_a_text_cannot_steer_the_terminal(program: Program) -> None:
    program.declare(
        "one.yaml", manifest(1, messages={0: 'text: "[bold red]up\\u202edown[/] :smile: \\u2066"'})
    )
    shown, _ = on_a_terminal(program, ["plan"])
    assert "[bold red]up\\u202edown[/] :smile: \\u2066" in shown
    assert "\u202e" not in shown


def test_a_reader_that_leaves_early_causes_no_traceback(used: Program) -> None:
    for arguments in SHOWING:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as nobody:
            done = run_into(nobody, used, *arguments)
        assert done.stderr.count("Traceback") == 0, arguments
        for word in ("BrokenPipe", "Exception ignored", "a bug"):
            assert word not in done.stderr, arguments


def test_head_gets_its_line(used: Program) -> None:
    shell = f"{' '.join(COMMAND)} history -o json | head -1"
    done = subprocess.run(
        ["/bin/sh", "-c", shell],
        check=True,
        cwd=used.directory,
        env={"PATH": os.environ["PATH"], **used.environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_a_disk_that_is_full_is_an_error_and_no_traceback(used: Program) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run_into(full, used, "history", "-o", "json")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_a_terminal_cannot_show_is_spelt_out_and_json_is_utf_8(program: Program, encoding: str) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: Grüße 👋"}))
    environ = {"PYTHONIOENCODING": encoding}
    assert "\\U0001f44b" in program.run("plan", environ=environ).stdout
    (dialog,) = program.run("plan", "-o", "json", environ=environ).document()["dialogs"]
    assert dialog["actions"][0]["changes"][0]["new"] == "Grüße 👋"
    program.run("plan", "--hide-text", environ=environ)


@pytest.mark.parametrize(
    "arguments", [("plan",), ("plan", "-o", "json"), ("status",), ("schema",)], ids=" ".join
)
def test_without_any_stdout_there_is_a_word_on_stderr(used: Program, arguments: Sequence[str]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{' '.join(COMMAND)} {' '.join(arguments)} >&-"],
        check=False,
        cwd=used.directory,
        env={"PATH": os.environ["PATH"], **used.environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "a bug" not in done.stderr
    assert "Traceback" not in done.stderr
