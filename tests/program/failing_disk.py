"""A disk that fails the program: strace answers its system calls as such a disk would, or kills it there.

Each thread's calls are counted by themselves, and one thread alone writes the ledger. SQLite writes
with `pwrite64` and syncs with `fdatasync`; the ledger's own code syncs its directory with `fsync`.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.program.program import Running
from tests.program.waiting import LONGEST, wait_for

_TRACER: Final = ("strace", "-f", "-y", "-s", "4")
_SHOWN: Final = "fdatasync,fsync,sendto"
_NO_COVERAGE: Final = ("-E", "COVERAGE_PROCESS_CONFIG", "-E", "COVERAGE_PROCESS_START")
"""Coverage writes a file of its own when the program ends, which is not to fail."""

_SYNCED: Final = re.compile(r"fdatasync.* = 0$")
_INJECTED: Final = "(INJECTED)"
_PUT: Final = '"PUT '


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What becomes of a thread's calls of one kind: `what` in strace's words.

    `when` tells of which of them, counted from 1: `3` or `3+` or `3..5`.
    """

    call: str
    what: str
    when: str = "1+"

    @property
    def kills(self) -> bool:
        """Tell whether it ends the process."""
        return self.what.startswith("signal=")

    @property
    def options(self) -> tuple[str, ...]:
        """Give it as strace's options."""
        return (
            *("-e", f"trace={_SHOWN},{self.call}"),
            *("-e", f"inject={self.call}:{self.what}:when={self.when}"),
        )

    def starting(self, log: Path) -> Sequence[str]:
        """Give the command that starts another one, in its own process, and lets the fault happen to it."""
        # To stop at nothing else is quicker; but then strace 6.1 sends no signal.
        quick = () if self.kills else ("--seccomp-bpf",)
        return (*_TRACER, "-D", *quick, *_NO_COVERAGE, "-o", str(log), *self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The syncs and the PUTs of a process in their order, and the calls that failed."""

    lines: Sequence[str] = field(repr=False)

    @property
    def faults(self) -> Sequence[str]:
        """Give the calls that were made to fail."""
        return [line for line in self.lines if _INJECTED in line]

    @property
    def puts(self) -> int:
        """Count the PUTs that left."""
        return sum(_PUT in line for line in self.lines)

    @property
    def puts_after_a_failure(self) -> int:
        """Count those that left after something failed and before a sync succeeded."""
        count, failed = 0, False
        for line in self.lines:
            if _INJECTED in line:
                failed = True
            elif _SYNCED.search(line):
                failed = False
            count += failed and _PUT in line
        return count


def trace(log: Path, process: int) -> Trace:
    """Wait until strace has written down the end of `process`; give all of it."""
    end = re.compile(rf"^{process} +\+\+\+ ", re.MULTILINE)
    wait_for(lambda: end.search(log.read_text()), "the end of a trace")
    return Trace(lines=log.read_text().splitlines())


@contextmanager
def failing(running: Running, fault: Fault, log: Path) -> Iterator[None]:
    """Let the fault happen to a process that runs, for as long as the block lasts."""
    command = (*_TRACER, "-o", str(log), *fault.options, "-p", str(running.process.pid))
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        try:
            assert tracer.stderr is not None
            said = tracer.stderr.readline()
            assert "attached" in said, said
            yield
        finally:
            tracer.terminate()
            tracer.communicate(timeout=LONGEST)


def why_not() -> str | None:
    """Give why no disk can be made to fail here; None where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(
        (*_TRACER, *Fault(call="fdatasync", what="error=EIO", when="1").options, "true"),
        check=False,
        capture_output=True,
        text=True,
    )
    return None if tried.returncode == 0 else f"strace can't trace a process here: {tried.stderr.strip()}"
