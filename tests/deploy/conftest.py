"""Daemons to be watched, and the chat service that they talk to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.sandbox.options import SandboxOptions
from tests.program.chat import KEY, chat
from tests.program.live_sandbox import LiveSandbox, live_sandbox
from tests.program.program import Program


@pytest.fixture
def sandbox() -> Iterator[LiveSandbox]:
    """A chat service that answers."""
    with live_sandbox(SandboxOptions(seed=chat())) as running:
        yield running


@pytest.fixture
def program(tmp_path: Path, sandbox: LiveSandbox) -> Program:
    """The program, told of the chat service and of a key to it."""
    directory = tmp_path / "daemon"
    directory.mkdir()
    return Program(directory, RECONCILER_API_URL=sandbox.url, RECONCILER_API_KEY=KEY)
