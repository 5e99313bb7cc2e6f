"""The plan of many files is made by several processes, and is the same plan."""

import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from reconciler.reconcile.planning import FEW
from reconciler.sandbox.options import SandboxOptions
from tests.program.chat import KEY, chat, manifest
from tests.program.live_sandbox import live_sandbox
from tests.program.program import Program
from tests.program.screen import CONTROL, run_on_screen
from tests.program.waiting import wait_for

FILES: Final = FEW + 30
HALF: Final = FILES // 2
NO_FORK: Final = """
import sys

def look(event, _, left=[{left}]):
    if event == "os.fork":
        left[0] -= 1
        if left[0] < 0:
            raise BlockingIOError

sys.addaudithook(look)
"""
NO_THREAD: Final = """
import threading

threading.stack_size(1 << 47)
"""
"""What Python runs first (https://docs.python.org/3/library/site.html) where there is no place for more."""

ONE_PROCESSOR: Final = (
    sys.executable,
    "-c",
    (
        "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    ),
)


def declare(program: Program, text: str, each: int = 3) -> None:
    for number in range(FILES):
        messages = {m: f'text: "{text} {m}"' for m in range(each)}
        program.declare(f"{number % 2}/{number:03}.yaml", manifest(number, "read: [222]", messages=messages))


def lives(process: str) -> bool:
    """Tell whether there is a process that has not ended; one that nobody waited for has no command line."""
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def many(offline: Program) -> Program:
    """The program, and more files than are planned at once."""
    declare(offline, "Tür zu")
    return Program(offline.directory, RECONCILER_API_URL="https://chat.example", RECONCILER_API_KEY=KEY)


def halves(program: Program) -> str:
    """Give what is planned for each half of the files, which are few enough to be planned at once."""
    shown = [program.run("plan", f"manifests/{half}").stdout for half in range(2)]
    return "".join(half[: half.index("Plan: ")] for half in shown)


def test_it_is_what_is_planned_for_fewer_files_at_a_time(many: Program) -> None:
    shown = many.run("plan").stdout
    assert shown.startswith(halves(many))
    counts = many.run("plan", "-o", "json").document()["summary"]
    assert f"Plan: {counts['calls']} calls for {FILES} dialogs ({counts['texts']} texts and" in shown
    assert many.run("plan", "--exit-code", exits=2).stdout == shown


def test_it_is_the_same_with_one_processor(many: Program) -> None:
    shown = many.run("plan").stdout
    many.under = ONE_PROCESSOR
    with many.start("plan") as plan:
        assert plan.process.wait(60) == 0
        assert plan.stdout == shown


def test_what_clashes_is_told_however_far_apart_it_stands(many: Program) -> None:
    many.declare("1/zzz.yaml", manifest(0, messages={0: "text: other"}, name="other"))
    many.declare("1/zzzz.yaml", "apiVersion: [\n")
    ended = many.run("plan", exits=3)
    problems = [line for line in ended.stderr.splitlines() if line.startswith("manifests/")]
    assert [line.split(":")[0] for line in problems] == [
        "manifests/0/000.yaml",
        "manifests/1/zzz.yaml",
        "manifests/1/zzzz.yaml",
    ]
    assert "3 problems: what they are about stays as it was last applied." in ended.stdout
    assert problems == many.run("plan", "-o", "json", exits=3).stderr.splitlines()[-3:]


def test_guards_look_at_all_of_it(tmp_path: Path) -> None:
    with live_sandbox(SandboxOptions(seed=chat(dialogs=FILES, messages=3))) as sandbox:
        program = Program(tmp_path, RECONCILER_API_URL=sandbox.url, RECONCILER_API_KEY=KEY)
        declare(program, "first")
        program.run("apply", "--rate", "10000", "--concurrency", "16")
        declare(program, "second")
        shown = program.run("plan", "--exit-code", exits=2).stdout
        (guard,) = program.run("plan", "-o", "json").document()["guards"]
    assert "Nothing to send." in shown
    assert f"Held: {3 * FILES} changes" in shown
    assert f"reconciler approve {guard['plan']}" in shown


def test_ctrl_c_ends_all_of_its_processes_without_a_word_of_them(many: Program) -> None:
    declare(many, "Tür zu", each=400)
    with many.start("plan") as plan:
        children = Path(f"/proc/{plan.process.pid}/task/{plan.process.pid}/children")
        begun = wait_for(lambda: children.read_text().split(), "there are processes that plan")
        for each in (plan.process.pid, *map(int, begun)):  # as a terminal does
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGINT)
        assert plan.process.wait(60) == 130
        assert "Traceback" not in plan.stderr
        wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in begun), "none is left")


def test_a_process_that_is_killed_is_told_of(many: Program) -> None:
    declare(many, "Tür zu", each=400)
    with many.start("plan") as plan:
        children = Path(f"/proc/{plan.process.pid}/task/{plan.process.pid}/children")
        begun = wait_for(lambda: children.read_text().split(), "there are processes that plan")
        os.kill(int(begun[-1]), signal.SIGKILL)
        assert plan.process.wait(60) == 1
        assert "if memory is short, name fewer manifests at a time" in plan.stderr
        assert "Traceback" not in plan.stderr


def test_where_it_is_killed_none_of_its_processes_is_left(many: Program) -> None:
    declare(many, "Tür zu", each=400)
    with many.start("plan") as plan:
        children = Path(f"/proc/{plan.process.pid}/task/{plan.process.pid}/children")
        begun = wait_for(lambda: children.read_text().split(), "there are processes that plan")
        plan.kill()
        wait_for(lambda: not any(map(lives, begun)), "none is left")


@pytest.fixture(
    params=[NO_FORK.format(left=0), NO_FORK.format(left=1), NO_THREAD],
    ids=["no process", "one process", "no thread"],
)
def crowded(request: pytest.FixtureRequest, many: Program) -> Program:
    """The program on a system that has no place for its processes, or for what looks after them."""
    (many.directory / "sitecustomize.py").write_text(request.param)
    many.environ["PYTHONPATH"] = str(many.directory)
    return many


def test_where_no_processes_are_to_be_had_one_plans_all(crowded: Program) -> None:
    shown = crowded.run("plan").stdout
    assert shown == crowded.run("plan", environ={"PYTHONPATH": None}).stdout


def test_where_no_processes_are_to_be_had_ctrl_c_ends_it(crowded: Program) -> None:
    declare(crowded, "Tür zu", each=400)
    with crowded.start("plan") as plan:
        plan.says("dialog-0")
        assert not Path(f"/proc/{plan.process.pid}/task/{plan.process.pid}/children").read_text()
        plan.stop(signal.SIGINT, exits=130)


def test_a_terminal_shows_how_far_it_is_while_the_plan_goes_into_a_file(many: Program) -> None:
    shown = many.run("plan").stdout
    with (many.directory / "plan.txt").open("w+") as document:
        screen, code = run_on_screen(
            ["plan"], directory=many.directory, environ=many.environ, document=document.fileno()
        )
        document.seek(0)
        assert (code, document.read()) == (0, shown)
    assert re.search(rf"planning .* {FILES}/{FILES}", CONTROL.sub("", screen.written))
    assert [line for line in screen.lines if line] == [
        "no ledger at reconciler.db: everything counts as not applied"
    ]


def test_what_was_planned_first_is_sent_while_the_rest_is_planned(tmp_path: Path) -> None:
    with live_sandbox(SandboxOptions(seed=chat(dialogs=FILES, messages=20))) as sandbox:
        program = Program(tmp_path, RECONCILER_API_URL=sandbox.url, RECONCILER_API_KEY=KEY)
        declare(program, "first", each=20)
        fast = ("--rate", "10000", "--concurrency", "16")
        report = program.run("apply", "-o", "json", *fast).document()
        assert report["calls"] == {"applied": 21 * FILES, "deferred": 0, "rejected": 0}
        assert report["dialogsByCondition"]["in sync"] == FILES
        assert sandbox.arrived() == 21 * FILES
        assert program.run("apply", *fast).stdout == "Sent nothing.\n"


def test_an_apply_that_is_interrupted_tells_what_was_not_even_looked_at(tmp_path: Path) -> None:
    with live_sandbox(SandboxOptions(seed=chat(dialogs=FILES, messages=400))) as sandbox:
        program = Program(tmp_path, RECONCILER_API_URL=sandbox.url, RECONCILER_API_KEY=KEY)
        declare(program, "first", each=400)
        with program.start("apply", "--rate", "1") as apply:
            wait_for(sandbox.arrived, "a call arrives")
            apply.stop(signal.SIGINT, exits=5)
            assert re.search(
                r"changes in \d+ dialogs left and \d+ files not looked at; run this again", apply.stderr
            )
