"""Programs that go on: the sandbox and the daemon, each a process of its own, looked at from outside."""

import contextlib
import http.client
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

from bench.running import RECONCILER, ProgramError, environment
from bench.stopwatch import proportional, tree

T = TypeVar("T")

_LONGEST: Final = 600.0
_PAUSE: Final = 0.01
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_SANDBOX_AT: Final = re.compile(r"http://\S+:\d+")
_DAEMON_AT: Final = re.compile(r'"url": ?"(http://[^"]+)"')


def wait_for(look: Callable[[], T | None], what: str, *, seconds: float = _LONGEST) -> T:
    """Look until there is something to see; raise ProgramError where there is nothing for too long."""
    ends = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > ends:
            msg = f"not within {seconds:g} s: {what}"
            raise ProgramError(msg)
        time.sleep(_PAUSE)
    return seen


class Living:
    """A process that serves HTTP. `began` is the monotonic time of its start."""

    def __init__(self, process: "subprocess.Popen[bytes]", began: float, said: Path) -> None:
        self.began: Final = began
        self._process = process
        self._said = said
        self._url = ""

    @property
    def url(self) -> str:
        """Give where it serves."""
        return self._url

    def finds(self, pattern: "re.Pattern[str]") -> Self:
        """Wait until it says where it serves."""

        def look() -> "re.Match[str] | None":
            if self._process.poll() is not None:
                msg = f"it ended with {self._process.returncode}: {self._said.read_text()[-500:]}"
                raise ProgramError(msg)
            return pattern.search(self._said.read_text())

        self._url = wait_for(look, "it says where it serves")[0]
        self._url = self._url[self._url.index("http") :].rstrip('"')
        return self

    def get(self, path: str) -> tuple[int, str]:
        """Ask it; give status and body."""
        connection = http.client.HTTPConnection(urlsplit(self._url).netloc, timeout=_LONGEST)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def cpu(self) -> float:
        """Give the seconds of processor time that it and its children took so far."""
        return sum(map(_cpu, tree(self._process.pid)))

    def memory(self) -> int:
        """Give the bytes that it has in memory now, with its children."""
        processes = tree(self._process.pid)
        return _status(self._process.pid, "VmRSS") if len(processes) == 1 else proportional(processes)

    def peak(self) -> int:
        """Give the most bytes that it ever had in memory; of its children what they have now."""
        _, *children = tree(self._process.pid)
        return _status(self._process.pid, "VmHWM") + proportional(children)


class Sandbox(Living):
    """The stand-in for the chat service."""

    def counters(self) -> dict[str, Any]:
        """Give its counts of all requests."""
        counted: dict[str, Any] = json.loads(self.get("/_sandbox/counters")[1])
        return counted

    def puts(self, since: int = 0, *, wait: float = 0) -> list[dict[str, Any]]:
        """Give the requests after number `since`; wait so many seconds for the first."""
        _, body = self.get(f"/_sandbox/log?since={since}&wait={wait:g}")
        return [json.loads(line) for line in body.splitlines()]


class Daemon(Living):
    """`reconciler run`."""

    def becomes_ready(self) -> float:
        """Wait until it is ready; give the seconds since its start."""
        wait_for(lambda: self.get("/readyz")[0] == http.HTTPStatus.OK, "the daemon is ready")
        return time.monotonic() - self.began

    def metric(self, name: str) -> float:
        """Give the value of a metric without labels."""
        _, body = self.get("/metrics")
        return next(
            (float(line.split()[1]) for line in body.splitlines() if line.startswith(f"{name} ")), 0.0
        )


@contextlib.contextmanager
def sandbox(home: Path, seed: str) -> Iterator[Sandbox]:
    """Run a sandbox that holds a chat, for as long as the block lasts."""
    file = home / "seed.json"
    file.write_text(seed)
    command = [RECONCILER, "sandbox", "--port", "0", "--seed", str(file)]
    with _process(command, home, "sandbox") as (process, began, said):
        yield Sandbox(process, began, said).finds(_SANDBOX_AT)


@contextlib.contextmanager
def daemon(home: Path, *arguments: str | Path, api: str) -> Iterator[Daemon]:
    """Run the daemon for as long as the block lasts; it serves as soon as the block begins."""
    command = [RECONCILER, "run", "--listen", "127.0.0.1:0", "--log-format", "json", "--api-url", api]
    with _process([*command, *map(str, arguments)], home, "daemon") as (process, began, said):
        yield Daemon(process, began, said).finds(_DAEMON_AT)


@contextlib.contextmanager
def _process(
    command: list[str], home: Path, name: str
) -> "Iterator[tuple[subprocess.Popen[bytes], float, Path]]":
    said = home / f"{name}.log"
    with said.open("wb") as log:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=home,
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield process, began, said
        finally:
            process.terminate()
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


_GRACE: Final = 30.0


def _cpu(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0  # it ended just then; its parent counts it
    return sum(map(int, fields[11:15])) / _TICKS  # user, system, and both of children that ended


def _status(process: int, field: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))
