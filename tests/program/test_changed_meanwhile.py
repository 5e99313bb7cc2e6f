"""A file that changes between the look at all files and the reading of it is told of: the plan lacks it."""

import asyncio
import io
import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Final

import pytest

from reconciler.cli.apply import Done, apply_once
from reconciler.cli.planned import plan_survey, unread
from reconciler.cli.survey import Survey, rules, survey
from reconciler.cli.whole_plan import Asked, show_plan
from reconciler.core.refusal import Guards
from reconciler.ledger.existing import open_reader
from reconciler.ledger.reader import LedgerReader
from reconciler.reconcile.planning import FEW
from reconciler.sandbox.options import SandboxOptions
from reconciler.settings import Settings
from reconciler.source.regular_file import LARGEST_FILE
from tests.program.chat import KEY, chat, manifest
from tests.program.live_sandbox import live_sandbox
from tests.program.program import Program

MANY: Final = FEW + 30
EACH: Final = 20
"""Messages of a dialog: of many files this is more than is planned before it is passed on."""

ENVIRON: Final = {"RECONCILER_API_KEY": KEY}
KNOWN: Final = "manifests/known.yaml"


class Meddler(io.StringIO):
    """A stdout: with the first line that is shown on it, something happens."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._act = act

    def write(self, shown: str) -> int:
        if not self.getvalue():
            self._act()
        return super().write(shown)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Give the settings of a folder whose one file is known: all of it was applied."""
    monkeypatch.chdir(tmp_path)
    with live_sandbox(SandboxOptions(seed=chat(dialogs=MANY + 1, messages=EACH))) as sandbox:
        program = Program(tmp_path, RECONCILER_API_URL=sandbox.url, **ENVIRON)
        program.declare("known.yaml", manifest(0))
        program.run("apply")
        yield Settings(manifests=(Path("manifests"),), api_url=sandbox.url, rate=10_000)


@pytest.fixture
def one_processor() -> Iterator[None]:
    """Let this thread run on one processor only: then no processes are made for a plan."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


def declare(files: int) -> None:
    """Declare so many more dialogs in a file each; the first of them has the name of the known one."""
    for number in range(1, files + 1):
        name = "dialog-0" if number == 1 else None
        messages = dict.fromkeys(range(EACH), "text: Hello")
        Path(f"manifests/{number:03}.yaml").write_text(manifest(number, messages=messages, name=name))


def change(*paths: str) -> None:
    for path in paths:
        with Path(path).open("a") as file:
            file.write("# changed\n")


def look(settings: Settings) -> Survey:
    with open_reader(settings.ledger, LedgerReader) as ledger:
        return survey(settings, rules(settings, ENVIRON), ledger)


def lacks(settings: Settings, found: Survey) -> list[str]:
    """Plan all at once, and give what that lacks."""
    with open_reader(settings.ledger, LedgerReader) as ledger:
        return list(unread(found, plan_survey(found, ledger, guards=Guards())))


def lacks_of_many(settings: Settings, found: Survey) -> list[str]:
    """Plan in shares, and give what that lacks."""
    asked = Asked(
        survey=found, ledger=settings.ledger, guards=Guards(), retry_rejected=False, rate=1, texts=True
    )
    return list(show_plan(asked, "text").unread)


def apply(settings: Settings, first: Callable[[], None]) -> Done:
    """Apply what is declared; something happens once the first of it is planned."""
    acts = iter([first])

    def nothing(_: object) -> None:
        """Nobody looks on."""

    return asyncio.run(
        apply_once(
            settings,
            ENVIRON,
            guards=Guards(),
            flows=nothing,
            called=nothing,
            planned=lambda _: next(acts, lambda: None)(),
        )
    )


def test_a_file_that_was_to_be_planned(settings: Settings) -> None:
    declare(2)
    found = look(settings)
    assert lacks(settings, found) == []
    change("manifests/002.yaml")
    assert lacks(settings, found) == ["manifests/002.yaml"]


def test_a_known_file_that_a_clash_concerns(settings: Settings) -> None:
    declare(2)
    found = look(settings)
    assert [file.path for file in found.todo.files] == ["manifests/001.yaml", "manifests/002.yaml"]
    change(KNOWN)
    assert lacks(settings, found) == [KNOWN]


def test_a_known_file_that_a_clash_concerns_can_be_gone(settings: Settings) -> None:
    declare(1)
    found = look(settings)
    Path(KNOWN).unlink()
    assert lacks(settings, found) == [KNOWN]


def test_a_known_file_that_can_not_be_used_is_a_problem_and_did_not_change_meanwhile(
    settings: Settings,
) -> None:
    declare(1)
    os.truncate(KNOWN, LARGEST_FILE + 1)
    found = look(settings)
    assert [problem.origin.path for problem in found.scan.problems] == [KNOWN]
    assert lacks(settings, found) == []


@pytest.mark.usefixtures("one_processor")
def test_of_many_files_one_that_changes_before_what_they_claim_is_known(settings: Settings) -> None:
    declare(MANY)
    found = look(settings)
    assert lacks_of_many(settings, found) == []
    change(KNOWN, "manifests/002.yaml")
    assert lacks_of_many(settings, found) == ["manifests/002.yaml", KNOWN]


@pytest.mark.usefixtures("one_processor")
def test_of_many_files_one_that_changes_when_the_first_are_shown(
    settings: Settings,
) -> None:
    declare(MANY)
    found = look(settings)
    last = f"manifests/{MANY}.yaml"
    with redirect_stdout(Meddler(lambda: change(KNOWN, last))):
        assert lacks_of_many(settings, found) == [last, KNOWN]


def test_of_many_files_one_that_changes_when_the_first_are_sent(settings: Settings) -> None:
    declare(MANY)
    last = f"manifests/{MANY}.yaml"
    assert apply(settings, lambda: change(KNOWN, last)).unread == [last, KNOWN]
    assert apply(settings, lambda: None).unread == []
