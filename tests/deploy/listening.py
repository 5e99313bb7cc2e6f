"""Programs that are not ours and that listen: found where they are, started on a free port of loopback."""

import http.client
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import pytest

from tests.program.waiting import LONGEST, wait_for

PROMTOOL: Final = shutil.which("promtool")
PROMETHEUS: Final = shutil.which("prometheus")
ALERTMANAGER: Final = shutil.which("prometheus-alertmanager")
AMTOOL: Final = shutil.which("amtool")

_LISTENS: Final = re.compile(r'msg="Listening on" address=(\S+)')

FREE_PORT: Final = "127.0.0.1:0"


def required(program: str | None, name: str, package: str) -> str:
    """Give where a program is; skip the test where it is not on this machine."""
    if program is None:
        pytest.skip(f"{name} is not on this machine; Debian's {package} has it")
    return program


def promtool(*arguments: str, cwd: Path) -> str:
    """Run promtool, which must find nothing wrong; give what it said."""
    command = required(PROMTOOL, "promtool", "prometheus")
    done = subprocess.run(
        [command, *arguments], cwd=cwd, capture_output=True, text=True, timeout=2 * LONGEST, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextmanager
def listening(command: list[str], directory: Path) -> Iterator[str]:
    """Start a program in its directory, wait until it says where it listens, and give that address."""
    said = directory / "said"
    with (
        said.open("wb") as log,
        subprocess.Popen(
            command, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        ) as process,
    ):

        def look() -> str | None:
            ended, words = process.poll() is not None, said.read_text()
            assert not ended, f"{command[0]} ended and said:\n{words}"
            found = _LISTENS.search(words)
            return found[1] if found else None

        try:
            yield wait_for(look, f"{command[0]} listens")
        finally:
            process.kill()


def ask(address: str, path: str, **parameters: str) -> tuple[int, str]:
    """GET from a program that listens; give status and body."""
    connection = http.client.HTTPConnection(address, timeout=LONGEST)
    try:
        connection.request("GET", f"{path}?{urlencode(parameters)}" if parameters else path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
