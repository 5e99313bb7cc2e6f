"""The README's transcript is what the program prints, and its files and words are there.

`RECONCILER_WRITE_DOCS=1 pytest tests/docs` writes the transcript anew.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.seed_file import parse_seed
from reconciler.sandbox.server import running_sandbox

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(
    r"(<!-- transcript: begin -->\n```console\n)(.*?)(```\n<!-- transcript: end -->)", re.DOTALL
)
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")


@pytest.fixture
def sandbox_url() -> Iterator[str]:
    """A sandbox filled for the demo, on an event loop of its own."""
    seed = parse_seed(resources.files("reconciler.sandbox").joinpath("demo.json").read_bytes())
    ready, urls, loop = threading.Event(), list[str](), asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with running_sandbox(SandboxOptions(seed=seed)) as sandbox:
            urls.append(sandbox.url)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


def test_the_transcript_is_what_the_commands_print(sandbox_url: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
    readme = README.read_text()
    found = BLOCK.search(readme)
    assert found is not None
    written = found[2]
    commands = re.findall(r"^\$ (.*)$", written, re.MULTILINE)
    assert len(commands) > 3
    printed = "".join(f"$ {command}\n{_run(command, tmp_path, sandbox_url)}" for command in commands)
    if os.environ.get("RECONCILER_WRITE_DOCS"):
        README.write_text(readme.replace(written, printed))
    else:
        assert TIME.sub("TIME", written) == TIME.sub("TIME", printed)


def _run(command: str, directory: Path, url: str) -> str:
    programs = directory / "bin"
    if not programs.exists():
        programs.mkdir()
        program = programs / "reconciler"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
        program.chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "RECONCILER_API_URL": url,
        "RECONCILER_API_KEY": "sandbox-api-key",
    }
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    lines = (line.rstrip() for line in done.stdout.splitlines())
    return "".join(f"{line}\n" for line in lines)
