"""A command starts with what it needs: most of the time that a short one takes is taken by imports."""

import re
from collections.abc import Set as AbstractSet

import pytest

from tests.program.chat import manifest
from tests.program.program import Program

HEAVY = {
    *("aiohttp", "httpx", "jinja2", "prometheus_client", "rich", "watchfiles", "yaml"),
    *("asyncio", "difflib", "email", "importlib.metadata", "ssl", "tomllib", "xml", "zipfile"),
}
"""What takes longer to import than help to be shown, or is for what goes wrong."""

NOT_FOR_HELP = {"aiosql", "dataclasses", "hashlib", "json", "logging", "pathlib", "sqlite3", "traceback"}

TO_PLAN = {
    *("reconciler.core.applied", "reconciler.core.guard", "reconciler.core.manifest", "reconciler.core.plan"),
    *("reconciler.core.message_text", "reconciler.core.outcome", "reconciler.core.refusal"),
    *("reconciler.ledger.reader", "reconciler.reconcile.planning", "reconciler.render.plan_lines"),
    "http",
}
"""What a command needs that has something to plan."""

NOT_FOR_NOTHING_NEW = TO_PLAN | {"html", "reconciler.ledger.history", "reconciler.web.model", "socket"}


def imported(program: Program, *arguments: str) -> AbstractSet[str]:
    """Run a command; give the modules that it imports after Python itself has started."""
    said = program.run(*arguments, environ={"PYTHONPROFILEIMPORTTIME": "1"}).stderr
    modules = re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", said, re.MULTILINE)
    return set(modules[modules.index("site") + 1 :])


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_needs_the_command_line_alone(offline: Program, arguments: list[str]) -> None:
    modules = imported(offline, *arguments)
    assert "click" in modules
    assert modules & (HEAVY | NOT_FOR_HELP) == set()
    assert len({name for name in modules if name.startswith("reconciler")}) <= 10
    assert len(modules) <= 110


def test_plan_of_nothing_new_and_status_open_no_manifest_and_call_nobody(program: Program) -> None:
    for dialog in range(10):
        program.declare(f"{dialog}.yaml", manifest(dialog, messages={1: 'text: "Hello"'}))
    program.run("apply")
    for command, unwanted in {"plan": {"reconciler.core.doubt"}, "status": {"hashlib"}}.items():
        modules = imported(program, command)
        assert "reconciler.ledger.file_reader" in modules
        assert modules & (HEAVY | NOT_FOR_NOTHING_NEW | unwanted) == set(), command
        assert len({name for name in modules if name.startswith("reconciler")}) <= 50, command
        assert len(modules) <= 165, command


def test_a_manifest_that_changed_is_opened(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages={1: 'text: "Hello"'}))
    assert TO_PLAN | {"yaml"} <= imported(program, "plan")


def test_what_sends_leaves_aside_the_command_line_that_its_http_client_has(program: Program) -> None:
    program.declare("one.yaml", manifest(1, messages={1: 'text: "Hello"'}))
    modules = imported(program, "apply")
    assert "httpx" in modules
    assert modules & {"pygments", "rich.syntax"} == set()


def test_what_is_never_needed_would_be_found(offline: Program) -> None:
    assert {"aiohttp", "asyncio"} <= imported(offline, "sandbox", "--help")
