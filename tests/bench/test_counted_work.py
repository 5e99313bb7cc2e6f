"""The work that is done does not grow: it is counted, so a busy machine is of no matter.

`make bench-check` runs this. Where less is done than `bounds.toml` says, write that down there.
"""

import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from bench.filling import fill
from bench.manifests import KEY, Tree
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.seed_file import parse_seed
from tests.bench.counting.sitecustomize import Work
from tests.bench.counts import Counts, counted, over, read
from tests.program.live_sandbox import LiveSandbox, live_sandbox
from tests.program.program import Program
from tests.program.waiting import wait_for

FILES: Final = 10
MORE_FILES: Final = 40
MESSAGES: Final = 40
BOUNDS: Final = tomllib.loads(Path(__file__).with_name("bounds.toml").read_text())
STEADY: Final = 2.1
"""Seconds after which a file that was written counts as steady: before, each look reads it again."""


class World:
    """Trees of two sizes, each with a ledger that knows all of it as applied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._runs = 0
        self.trees = {
            files: Tree(root=folder / f"{files}/manifests", files=files, messages=MESSAGES)
            for files in (FILES, MORE_FILES)
        }
        for files, tree in self.trees.items():
            tree.write()
            fill(tree, folder / f"{files}/applied.db")

    def program(self, files: int = FILES, **environ: str) -> Program:
        return Program(self.folder / str(files), RECONCILER_API_KEY=KEY, **environ)

    def counting(self, *, all_of_it: bool = False) -> tuple[Path, Mapping[str, str | None]]:
        self._runs += 1
        folder = self.folder / f"counts-{self._runs}"
        return folder, counted(folder, all_of_it=all_of_it)

    def plan(self, files: int, ledger: str) -> Counts:
        folder, environ = self.counting(all_of_it=True)
        self.program(files).run("plan", "--ledger", ledger, environ=environ)
        return read(folder)

    def planned(self, ledger: str) -> Mapping[str, float]:
        """Count what a plan does, in all and a message."""
        self.program().run("plan", "--ledger", ledger)  # what Python compiles is compiled then
        few, more = self.plan(FILES, ledger), self.plan(MORE_FILES, ledger)
        messages = (MORE_FILES - FILES) * MESSAGES
        grown = more.since(few).work
        return {
            **few.named(),
            "function_calls_a_message": grown[Work.FUNCTION_CALLS] / messages,
            "peak_bytes_a_message": grown[Work.PEAK_BYTES] / messages,
        }


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def service(world: World) -> Iterator[LiveSandbox]:
    seed = parse_seed(world.trees[FILES].seed().encode())
    with live_sandbox(SandboxOptions(seed=seed)) as running:
        yield running


def assert_within(name: str, done: Mapping[str, float]) -> None:
    assert list(over(done, BOUNDS[name])) == []


def test_a_plan_where_nothing_is_new_reads_each_file_once_and_parses_none(world: World) -> None:
    assert_within("plan-nothing-new", world.planned("applied.db"))


def test_a_first_plan_parses_each_file_once(world: World) -> None:
    assert_within("first-plan", world.planned("none.db"))


def test_a_first_apply_makes_one_call_a_message(world: World, service: LiveSandbox) -> None:
    folder, environ = world.counting()
    program = world.program(RECONCILER_API_URL=service.url, RECONCILER_RATE="10000")
    program.run("apply", environ=environ)
    assert_within("first-apply", {"calls": service.arrived(), **read(folder).named()})


def test_a_restart_calls_nobody_and_an_edit_is_one_file_and_one_call(
    world: World, service: LiveSandbox
) -> None:
    tree = world.trees[FILES]
    newest = max(path.stat().st_mtime for path in tree.root.rglob("*.yaml"))
    wait_for(lambda: time.time() > newest + STEADY, "the files are steady")
    folder, environ = world.counting()
    program = world.program(RECONCILER_API_URL=service.url)
    with program.daemon("--ledger", "applied.db", environ=environ) as daemon:
        daemon.becomes_ready()
        restarted = read(folder)
        assert_within("restart", {"calls": service.arrived(), **restarted.named()})
        message = next(tree.declared(0))
        passes = daemon.total("reconciler_passes_total")
        tree.path(0).write_text(tree.text_of(0).replace(message.text, "edited"))
        wait_for(lambda: daemon.total("reconciler_passes_total") > passes, "the pass is over")
        edited = read(folder).since(restarted)
        assert_within("edit", {"calls": service.arrived(), **edited.named()})
        daemon.stop()


def test_one_more_than_the_bound_is_told() -> None:
    bounds = {"files_read": 10.0, "calls": 0.0}
    assert list(over({"files_read": 10, "calls": 0}, bounds)) == []
    (told,) = over({"files_read": 11, "calls": 0}, bounds)
    assert told == "files_read: 11, and at most 10 in bounds.toml"
