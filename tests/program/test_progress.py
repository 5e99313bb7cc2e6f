"""On a terminal `apply` and `demo` show how far they are: calls, rate, time left; and nothing of it stays."""

import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler.sandbox.faults import FaultRule, Status, When
from tests.program.chat import manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program
from tests.program.screen import Screen, run_on_screen

LINE = re.compile(
    r"sending .*? (\d+)/(\d+) +([\d.]+) calls/s(?: \(slowed to ([\d.]+)\))?, (.*?) *(?=\x1b|\r|$)"
)


def shown(screen: Screen) -> Sequence[tuple[int, int, float, float | None, str]]:
    """Give what each line said: done, of how many, calls a second, slowed to, time left."""
    return [
        (int(done), int(total), float(rate), float(slowed) if slowed else None, left)
        for done, total, rate, slowed, left in LINE.findall(re.sub(r"\x1b\[[0-9;]*m", "", screen.written))
    ]


def declare_much(program: Program) -> int:
    """Declare five dialogs; give the number of calls that they take."""
    for dialog in range(5):
        texts = dict.fromkeys(range(12), "text: hello there")
        program.declare(f"{dialog}.yaml", manifest(dialog, messages=texts))
    return 60


def test_apply_shows_calls_and_rate_and_time_left_and_then_the_report_alone(program: Program) -> None:
    calls = declare_much(program)
    screen, code = run_on_screen(
        ["apply", "--rate", "20"], directory=program.directory, environ=program.environ
    )
    assert code == 0
    told = shown(screen)
    assert len(told) >= 10
    assert {total for _, total, *_ in told} == {calls}
    done = [number for number, *_ in told]
    assert done == sorted(done)
    assert (done[0], done[-1]) != (0, 0)
    assert all(0 <= rate <= 20 for _, _, rate, *_ in told)
    assert told[-1][2] >= 5, "also on a busy machine"
    assert [slowed for *_, slowed, _ in told] == [None] * len(told)
    assert told[0][4] in {"3 s left", "2 s left"}
    assert told[-1][4] in {"1 s left", "less than 1 s left"}
    (report,) = [line for line in screen.lines if line]
    assert re.fullmatch(r"Sent 60 calls in \d+ s: 60 applied\.", report)


def test_where_the_service_asks_for_less_rate_and_time_left_follow(
    program: Program, sandbox: LiveSandbox
) -> None:
    declare_much(program)
    sandbox.let_fail(FaultRule(fault=Status(status=429), when=When(message=message_id(2, 5)), times=1))
    screen, code = run_on_screen(
        ["apply", "--rate", "40"], directory=program.directory, environ=program.environ
    )
    assert code == 5
    told = shown(screen)
    before = [each for each in told if each[3] is None]
    after = [each for each in told if each[3] is not None]
    assert before
    assert after
    assert all(rate <= slowed == 20 for _, _, rate, slowed, _ in after if slowed is not None)


@pytest.mark.parametrize(
    ("environ", "seen", "coloured"),
    [({}, True, True), ({"NO_COLOR": "1"}, True, False), ({"TERM": "dumb"}, False, False)],
    ids=["a terminal", "NO_COLOR", "a dumb terminal"],
)
def test_what_a_terminal_cannot_or_shall_not_show_is_not_written(
    program: Program, environ: dict[str, str], *, seen: bool, coloured: bool
) -> None:
    program.declare("one.yaml", manifest(1, messages=dict.fromkeys(range(8), "text: hello")))
    screen, _ = run_on_screen(
        ["apply", "--rate", "10"], directory=program.directory, environ={**program.environ, **environ}
    )
    assert ("sending" in screen.written) is seen
    assert bool(re.search(r"\x1b\[[0-9;]*(3[0-9]|9[0-7])[;m]", screen.written)) is coloured
    assert "Sent 8 calls" in "\n".join(screen.lines)


@pytest.mark.parametrize("columns", [30, 60, 200])
def test_the_line_fits_the_terminal(program: Program, columns: int) -> None:
    program.declare("one.yaml", manifest(1, messages=dict.fromkeys(range(8), "text: hello")))
    environ = {**program.environ, "COLUMNS": str(columns)}
    widest: list[int] = []

    def look(screen: Screen, _: object) -> None:
        widest.extend(len(line) for line in screen.lines if re.search(r"\d/8", line))

    screen, _ = run_on_screen(
        ["apply", "--rate", "10"], directory=program.directory, environ=environ, looked=look
    )
    assert 0 < max(widest) < columns
    assert next(line for line in screen.lines if line).startswith("Sent 8 calls")


def test_ctrl_c_leaves_the_report_and_no_line(program: Program) -> None:
    declare_much(program)

    def look(screen: Screen, process: "subprocess.Popen[bytes]") -> None:
        if "/60" in screen.lines[-1]:
            process.send_signal(signal.SIGINT)

    screen, code = run_on_screen(
        ["apply", "--rate", "10"], directory=program.directory, environ=program.environ, looked=look
    )
    assert code == 5
    assert "sending" not in "\n".join(screen.lines)
    assert "Sent " in "\n".join(screen.lines)


def test_a_failure_leaves_its_line_alone(program: Program, tmp_path: Path) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    screen, code = run_on_screen(
        ["apply", "--ledger", str(tmp_path / "nowhere" / "ledger.db")],
        directory=program.directory,
        environ=program.environ,
    )
    assert code == 1
    assert len([line for line in screen.lines if line]) == 1
    assert screen.lines[0].startswith("reconciler: ")


DEMO = re.compile(
    r"Sandbox, a stand-in .*|Status page: .*|Metrics: .*|Watching .*|Stopped\.|"
    r"PUT /chat/Message/[0-9a-f]{24}\.json .*→ 404 .*|\S*.yaml:\d+:\d+: .*|"
    r"dialog-\d+  \S+.yaml  dialog [0-9a-f]{24}|  message [0-9a-f]{24}  as user 111, line \d+|"
    r"    \+ hello there|Plan: 60 calls .*|Seen by people .*|Sent 60 calls .*|"
    r"Not in sync: .*|.*`reconciler .*|"
)
"""Whole lines of a demo whose sandbox knows none of the messages."""


@pytest.mark.parametrize("once", [True, False], ids=["once", "watching"])
def test_the_demo_shows_it_below_its_own_lines_and_tears_none(program: Program, *, once: bool) -> None:
    declare_much(program)

    def look(screen: Screen, process: "subprocess.Popen[bytes]") -> None:
        if not once and "Sent 60 calls" in screen.written:
            process.send_signal(signal.SIGINT)

    arguments = (
        ["demo", "--rate", "20", "--once"] if once else ["demo", "--rate", "20", "--listen", "127.0.0.1:0"]
    )
    environ = {"COLUMNS": "250"}
    screen, _ = run_on_screen(arguments, directory=program.directory, environ=environ, looked=look)
    told = shown(screen)
    assert len(told) >= 20
    assert {total for _, total, *_ in told} == {60}
    torn = [line for line in screen.lines if not DEMO.fullmatch(line)]
    assert torn == []
    assert sum(line.startswith("PUT ") for line in screen.lines) == 60


def test_a_short_plan_leaves_the_demo_as_it_is(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages=dict.fromkeys(range(8), "text: hello there")))
    screen, _ = run_on_screen(["demo", "--once"], directory=program.directory, environ={})
    assert "sending" not in screen.written
    assert sum(line.startswith("PUT ") for line in screen.lines) == 8
