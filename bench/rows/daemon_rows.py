"""The daemon over a large tree of which all is applied: its start, and what it takes when idle."""

import time
from dataclasses import dataclass
from typing import Final

from bench.bench import Bench, Row
from bench.living import daemon, sandbox
from bench.result import Figure, Result, against_bound, holds, memory_of, time_of
from bench.words import memory, plain, seconds, share

_READY_SECONDS: Final = 3.0
_READY_MEMORY: Final = 150 * 1024 * 1024
_IDLE_SHARE: Final = 0.01
_SETTLE: Final = 5.0
"""Seconds after it is ready, before it counts as idle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """One start: seconds until ready, bytes then and at the peak, and the calls that were made."""

    ready: float
    resident: int
    peak: int
    calls: int


def restart(bench: Bench, files: int, repeats: int) -> tuple[Restart, ...]:
    """Start the daemon over a tree of which all is applied, so many times; once in a run."""
    return bench.once(("restart", files), lambda: tuple(_restart(bench, files) for _ in range(repeats)))


def _restart(bench: Bench, files: int) -> Restart:
    tree = bench.fixtures.tree(files, bench.sizes.messages)
    with bench.folder() as home, sandbox(home, tree.seed([])) as service:
        ledger = bench.fixtures.copy(tree, home)
        with daemon(home, tree.root, "--ledger", ledger, api=service.url) as running:
            ready = running.becomes_ready()
            resident, peak = running.memory(), running.peak()
        return Restart(ready=ready, resident=resident, peak=peak, calls=service.counters()["arrived"])


def _measure_restart(bench: Bench) -> Result:
    starts = restart(bench, bench.sizes.large, bench.sizes.few)
    ready = time_of("until ready", [start.ready for start in starts])
    resident = memory_of("resident then", [start.resident for start in starts])
    peak = memory_of("resident at its peak", [start.peak for start in starts])
    calls = sum(start.calls for start in starts)
    return Result(
        checks=(
            against_bound("time until ready", ready.middle, _READY_SECONDS, seconds),
            against_bound("resident memory", max(resident.values), _READY_MEMORY, memory),
            holds("calls", f"{calls}", "0", so=calls == 0),
        ),
        figures=(ready, resident, peak, Figure(what="calls", values=(calls,), shown=plain)),
    )


def _measure_idle(bench: Bench) -> Result:
    tree = bench.fixtures.tree(bench.sizes.large, bench.sizes.messages)
    with bench.folder() as home, sandbox(home, tree.seed([])) as service:
        ledger = bench.fixtures.copy(tree, home)
        with daemon(home, tree.root, "--ledger", ledger, api=service.url) as running:
            running.becomes_ready()
            time.sleep(min(_SETTLE, bench.sizes.idle))
            began, cpu = time.monotonic(), running.cpu()
            time.sleep(bench.sizes.idle)
            used = (running.cpu() - cpu) / (time.monotonic() - began)
            resident = running.memory()
    return Result(
        checks=(against_bound("processor time", used, _IDLE_SHARE, share),),
        figures=(
            Figure(what=f"processor time over {bench.sizes.idle:g} s", values=(used,), shown=share),
            memory_of("resident", [resident]),
        ),
    )


RESTART: Final = Row(
    name="restart",
    title="Restart of the daemon with 1,000,000 messages, nothing changed",
    how="From the start of `reconciler run` until `/readyz` answers 200. The resident memory is what "
    "it has then; the peak before that is told too. Calls are counted by the sandbox.",
    measure=_measure_restart,
)

IDLE: Final = Row(
    name="idle",
    title="Idle with 1,000,000 messages",
    how="Processor time of the daemon, its children's included, from 5 s after it is ready, with the "
    "default rescan each 30 s.",
    measure=_measure_idle,
)
