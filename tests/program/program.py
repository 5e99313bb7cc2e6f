"""The program as people run it: processes in a directory of their own, with a bare environment."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.program.waiting import LONGEST, wait_for

COMMAND: Final = (sys.executable, "-m", "reconciler")

_INHERITED: Final = ("PATH", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
"""All that a process under test gets of our environment; the latter two let coverage follow it."""

_STARTED: Final = re.compile(r'\bstarted\b.*\burl\W+(http:[^\s"]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a command left behind: its exit code and what it said."""

    code: int
    stdout: str
    stderr: str

    def document(self) -> Any:
        """Give the one JSON document that stdout must be."""
        return json.loads(self.stdout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the daemon's HTTP server answered."""

    status: int
    body: str
    headers: Mapping[str, str]


class Running:
    """A process that goes on: what it says goes into files, so that it never waits for a reader."""

    def __init__(self, process: "subprocess.Popen[bytes]", said: Path) -> None:
        self.process = process
        self._said = said

    @property
    def stdout(self) -> str:
        """Give what it wrote to stdout so far."""
        return self._said.with_suffix(".out").read_text()

    @property
    def stderr(self) -> str:
        """Give what it wrote to stderr so far."""
        return self._said.with_suffix(".err").read_text()

    @property
    def url(self) -> str:
        """Give where the daemon serves, once it says so."""
        return self.says(_STARTED)[1]

    def says(self, pattern: "str | re.Pattern[str]") -> "re.Match[str]":
        """Wait until what it said holds `pattern`; give the match."""

        def look() -> "re.Match[str] | None":
            ended = self.process.poll() is not None
            found = re.search(pattern, f"{self.stdout}\n{self.stderr}")
            assert found or not ended, f"it ended with {self.process.returncode} and said:\n{self.stderr}"
            return found

        return wait_for(look, f"it says {pattern!r}")

    def get(self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Reply:
        """Ask the daemon's HTTP server."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=LONGEST)
        try:
            connection.request(method, path, headers=dict(headers or {}))
            answer = connection.getresponse()
            body = answer.read().decode()
            return Reply(status=answer.status, body=body, headers=dict(answer.getheaders()))
        finally:
            connection.close()

    def becomes_ready(self) -> None:
        """Wait until the first pass is done and nothing stands in the way."""
        wait_for(lambda: self.get("/readyz").status == http.HTTPStatus.OK, "the daemon is ready")

    def becomes_unready(self, why: str) -> None:
        """Wait until `/readyz` says that `why` stands in the way."""
        wait_for(lambda: why in self.get("/readyz").body, f"/readyz says {why!r}")

    def metric(self, series: str) -> float:
        """Give the value of one series, written as `/metrics` writes it."""
        lines = self.get("/metrics").body.splitlines()
        (value,) = (line.removeprefix(f"{series} ") for line in lines if line.startswith(f"{series} "))
        return float(value)

    def samples(self, name: str) -> list[str]:
        """Give the lines that show the series of one metric."""
        return [line for line in self.get("/metrics").body.splitlines() if re.match(rf"{name}[{{ ]", line)]

    def total(self, name: str) -> float:
        """Give the sum of all series of one metric."""
        values = [line.rpartition(" ")[2] for line in self.samples(name)]
        assert values, name
        return sum(map(float, values))

    def stop(self, how: signal.Signals = signal.SIGTERM, *, exits: int = 0) -> None:
        """Send a signal, wait for the end, and check the exit code and that there is no traceback."""
        self.process.send_signal(how)
        code = self.process.wait(LONGEST)
        assert code == exits, f"it ended with {code} and said:\n{self.stderr}"
        assert "Traceback" not in self.stderr, self.stderr

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.process.kill()
        self.process.wait(LONGEST)


class Program:
    """The program, a directory to run it in, and the settings that all of its runs have."""

    def __init__(self, directory: Path, **environ: str) -> None:
        self.directory = directory
        self.manifests = directory / "manifests"
        self.ledger = directory / "reconciler.db"
        self.environ = environ
        self.under: Sequence[str] = ()
        """The command that `start` starts the program with, if any; it must leave it in the same process."""
        self._runs = 0

    def declare(self, name: str, *documents: str) -> Path:
        """Write a manifest file below `manifests/`."""
        path = self.manifests / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("---\n".join(documents))
        return path

    def run(
        self, *arguments: str, exits: int = 0, environ: Mapping[str, str | None] | None = None, feed: str = ""
    ) -> Ended:
        """Run a command to its end; check its exit code and that it shows no traceback."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            check=False,
            cwd=self.directory,
            env=self._environ(environ),
            input=feed,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=2 * LONGEST,
        )
        assert done.returncode == exits, f"{arguments} ended with {done.returncode}:\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Ended(code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    @contextmanager
    def start(
        self, *arguments: str, environ: Mapping[str, str | None] | None = None, here: Path | None = None
    ) -> Iterator[Running]:
        """Start a command that goes on; whatever becomes of the test, it ends with the block.

        `here` is its working directory, where that is not the one it has its files in.
        """
        self._runs += 1
        said = self.directory / f"run-{self._runs}.out"
        with (
            said.open("wb") as out,
            said.with_suffix(".err").open("wb") as err,
            subprocess.Popen(
                [*self.under, *COMMAND, *arguments],
                cwd=here or self.directory,
                env=self._environ(environ),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            ) as process,
        ):
            try:
                yield Running(process, said)
            finally:
                process.kill()

    @contextmanager
    def daemon(
        self, *arguments: str, environ: Mapping[str, str | None] | None = None, here: Path | None = None
    ) -> Iterator[Running]:
        """Start the daemon on a free port."""
        with self.start("run", "--listen", "127.0.0.1:0", *arguments, environ=environ, here=here) as running:
            yield running

    def history(self, *arguments: str) -> list[dict[str, Any]]:
        """Give the calls in the ledger, newest first."""
        return [entry for entry in self.entries(*arguments) if entry["kind"] == "call"]

    def entries(self, *arguments: str) -> list[dict[str, Any]]:
        """Give the calls in the ledger and what people asked for, newest first."""
        entries: list[dict[str, Any]] = self.run("history", "-o", "json", *arguments).document()["entries"]
        return entries

    def status(self) -> dict[str, Any]:
        """Give how the dialogs stand, and the counts of calls."""
        document: dict[str, Any] = self.run("status", "-o", "json").document()
        return document

    def _environ(self, more: Mapping[str, str | None] | None) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        ours = {"HOME": str(self.directory), "RECONCILER_LOG_FORMAT": "text"}  # stderr is no terminal here
        asked = {**ours, **self.environ, **(more or {})}
        return inherited | {name: value for name, value in asked.items() if value is not None}
