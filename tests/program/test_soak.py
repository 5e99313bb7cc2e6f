"""The daemon at work for a long time: what it takes of memory, files and threads stays the same.

`RECONCILER_SOAK` says for how many seconds (`make soak`: an hour). `--log-cli-level=info` shows what
was measured.
"""

import itertools
import logging
import os
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

from reconciler.sandbox.faults import Delay, Drop, Fault, FaultRule, Status, Truncate
from tests.program.chat import manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program, Running
from tests.program.rate_audit import assert_within
from tests.program.waiting import wait_for

SECONDS: Final = float(os.environ.get("RECONCILER_SOAK", "120"))

RATE: Final = 20
DIALOGS, MESSAGES = 12, 12
TICK: Final = 0.5
"""Seconds between two edits: each takes more calls than the rate lets through in that time."""

FAULTS: Final[tuple[tuple[Fault, float, bool], ...]] = (
    (Delay(seconds=0.0, jitter=0.1), 0.5, False),
    (Drop(), 0.02, False),
    (Truncate(), 0.01, True),
    (Status(status=500), 0.02, True),
    (Status(status=422), 0.01, False),
    (Status(status=429), 0.002, False),
)
"""Each with how likely it is, and whether the call is carried out all the same."""

CONNECTIONS: Final = 8 + 6
"""One a call under way, the one that listens, the event loop's two, and those of who asks for metrics."""

MOST_MORE: Final = 4.0
"""Megabytes that may come on top after the warm-up: an allocator's noise, and not a leak of hours."""

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a process takes of the machine."""

    megabytes: float
    files: int
    """Without sockets, whose number breathes with the calls under way."""
    sockets: int
    threads: int


def taken_by(process: int) -> Taken:
    """Look at a process from outside."""
    status = Path(f"/proc/{process}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    sockets = [name.startswith("socket:") for name in open_by(process)]
    return Taken(
        megabytes=int(fields["VmRSS"].split()[0]) / 1024,
        files=len(sockets) - sum(sockets),
        sockets=sum(sockets),
        threads=int(fields["Threads"]),
    )


def open_by(process: int) -> Iterator[str]:
    """Give what a process has open; what it closes meanwhile does not count."""
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield str(descriptor.readlink())


def edit(program: Program, tick: int, comment: str = "") -> None:
    """Change the texts of one dialog."""
    texts = dict.fromkeys(range(MESSAGES), f"text: tick {tick}")
    program.declare(f"{tick % DIALOGS}.yaml", manifest(tick % DIALOGS, messages=texts) + comment)


def work(program: Program, daemon: Running, tick: int) -> None:
    """Do what happens in one tick: an edit, looks from outside, and now and then a mishap."""
    edit(program, tick)
    if tick % 20 == 7:
        program.declare("mishap.yaml", manifest(tick % DIALOGS, messages={0: "text: [cut o"}))
    if tick % 20 == 9:
        (program.manifests / "mishap.yaml").unlink()
    for path in ("/metrics", "/healthz", "/readyz", "/nowhere"):
        daemon.get(path)
    if tick % 30 == 15:
        program.run("status")
        program.run("history", "--limit", "10")


def soak(program: Program, daemon: Running) -> Sequence[Taken]:
    """Work for as long as was asked; give what the daemon took at each tick."""
    taken: list[Taken] = []
    ends = monotonic() + SECONDS
    for tick in itertools.count():
        begin = monotonic()
        if begin >= ends:
            return taken
        work(program, daemon, tick)
        taken.append(taken_by(daemon.process.pid))
        with suppress(subprocess.TimeoutExpired):
            code = daemon.process.wait(max(0.0, min(begin + TICK, ends) - monotonic()))
            pytest.fail(f"it ended with {code} and said:\n{daemon.stderr}")
    raise AssertionError


@pytest.mark.slow
def test_memory_files_and_threads_stay_flat_at_work(program: Program, sandbox: LiveSandbox) -> None:
    sandbox.let_fail(
        *(FaultRule(fault=fault, probability=often, applied=done) for fault, often, done in FAULTS)
    )
    for tick in range(-DIALOGS, 0):
        edit(program, tick)
    settings = ("--rate", str(RATE), "--guard-rewrites", "1", "--rescan", "5", "--log-level", "debug")
    with program.daemon(*settings) as daemon:
        taken = soak(program, daemon)
        (program.manifests / "mishap.yaml").unlink(missing_ok=True)
        sandbox.let_succeed()
        last = range(len(taken) - DIALOGS, len(taken))
        for tick in last:
            edit(program, tick, "# and what was refused once more\n")
        in_sync = 'reconciler_dialogs{condition="in sync"}'
        wait_for(lambda: daemon.metric(in_sync) == DIALOGS, "all is in sync", seconds=120)
        daemon.stop()
    texts = sandbox.look(lambda inside: {each.id: each.text for each in inside.chat.messages.values()})
    assert texts == {message_id(tick % DIALOGS, m): f"tick {tick}" for tick in last for m in range(MESSAGES)}
    quarter = len(taken) // 4
    early, late = taken[quarter : 2 * quarter], taken[-quarter:]
    before, after = (statistics.median(each.megabytes for each in part) for part in (early, late))
    calls = sandbox.arrived()
    _log.info(
        "%d calls in %.0f s: %.1f MB after the warm-up, %.1f MB at the end; "
        "files %d, %d; sockets %d, %d; threads %d, %d",
        calls,
        SECONDS,
        before,
        after,
        *(max(each.files for each in part) for part in (early, late)),
        *(max(each.sockets for each in part) for part in (early, late)),
        *(max(each.threads for each in part) for part in (early, late)),
    )
    assert calls > SECONDS * RATE / 3, "it was at work"
    assert after - before < MOST_MORE
    assert statistics.median(each.files for each in late) <= statistics.median(each.files for each in early)
    assert max(each.files for each in late) <= max(each.files for each in taken[: 2 * quarter]) + 2
    assert max(each.sockets for each in taken) <= CONNECTIONS
    threads = statistics.median(each.threads for each in early)
    assert statistics.median(each.threads for each in late) <= threads
    assert max(each.threads for each in taken) <= threads + 1, "a watch that is renewed has two for a moment"
    assert_within(RATE, program, sandbox, seconds=10)  # most of the time the machine is busy with other tests
