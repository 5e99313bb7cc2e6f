"""The first plan of a large tree, and a large backlog."""

import os
import time
from typing import Final

from bench.bench import Bench, Row
from bench.living import daemon, sandbox, wait_for
from bench.result import Figure, Result, against_bound, against_least, against_peer, holds, memory_of, time_of
from bench.running import RECONCILER, Cost, run
from bench.words import a_second, memory, plain, seconds

_MESSAGES_A_SECOND: Final = 30_000
_CORES: Final = 2
_FLAT: Final = 1.25
"""How much more memory ten times the messages may take, where memory is flat."""

_BYTES_A_CHANGE: Final = 2 * 1024
_FIRST_CALL: Final = 2.0
_PACE: Final = "80"
_ALMOST_ALL: Final = 0.95
_PLANNED_WITHIN: Final = 300.0
_CHANGES_PENDING: Final = 2


def first_plan(bench: Bench, files: int) -> Cost:
    """Plan a tree of which nothing is applied; once in a run."""

    def measure() -> Cost:
        tree = bench.fixtures.tree(files, bench.sizes.messages)
        with bench.folder() as home:
            command = (RECONCILER, "plan", "--exit-code", tree.root, "--ledger", home / "ledger.db")
            return run(*command, home=home, terminal=True, silent=True, exits=(_CHANGES_PENDING,))

    return bench.once(("first plan", files), measure)


def _measure(bench: Bench) -> Result:
    cost = first_plan(bench, bench.sizes.large)
    smaller = first_plan(bench, bench.sizes.medium)
    messages = bench.sizes.large * bench.sizes.messages
    rate = messages / cost.wall
    updates = len(cost.shown)
    peak = memory_of(f"memory at its peak, {messages:,} messages", [cost.peak])
    less = bench.sizes.medium * bench.sizes.messages
    peak_of_less = memory_of(f"memory at its peak, {less:,} messages", [smaller.peak])
    return Result(
        checks=(
            against_least("messages a second", rate, _MESSAGES_A_SECOND, a_second),
            against_peer("memory at its peak", peak, peak_of_less, at_most=_FLAT),
            holds("progress on the terminal", f"{updates} updates", "some", so=updates > 1),
        ),
        figures=(
            Figure(what="messages a second", values=(rate,), shown=a_second),
            time_of("time", [cost.wall]),
            time_of("processor time", [cost.cpu]),
            peak,
            peak_of_less,
            Figure(what="updates on the terminal", values=(updates,), shown=plain),
        ),
        notes=_notes(),
    )


def _notes() -> tuple[str, ...]:
    cores = len(os.sched_getaffinity(0))
    return () if cores == _CORES else (f"The target is for {_CORES} cores; this machine has {cores}.",)


def _measure_pending(bench: Bench) -> Result:
    tree = bench.fixtures.tree(bench.sizes.medium, bench.sizes.messages)
    with bench.folder() as home, sandbox(home, tree.seed([])) as service:
        ledger = bench.fixtures.copy(tree, home)
        with daemon(home, tree.root, "--ledger", ledger, api=service.url) as idle:
            idle.becomes_ready()
            before = idle.peak()
    with bench.folder() as home, sandbox(home, tree.seed()) as service:
        ledger = home / "ledger.db"
        with daemon(home, tree.root, "--ledger", ledger, "--rate", _PACE, api=service.url) as running:
            puts = service.puts(wait=60) or service.puts(wait=60)
            first = min(put["monotonic"] for put in puts) - running.began
            pending = wait_for(
                lambda: _pending(running.metric("reconciler_changes_pending"), tree.size),
                "almost all changes are pending",
                seconds=_PLANNED_WITHIN,
            )
            time.sleep(min(1.0, bench.sizes.idle))
            after = running.peak()
    a_change = max(0, after - before) / tree.size
    return Result(
        checks=(
            against_bound("memory a change", a_change, _BYTES_A_CHANGE, memory),
            against_bound("first call after", first, _FIRST_CALL, seconds),
        ),
        figures=(
            memory_of("at its peak, with nothing pending", [before]),
            memory_of("at its peak, with all pending", [after]),
            time_of("from the start of the process to the first call", [first]),
            Figure(what="changes pending then", values=(pending,), shown=plain),
        ),
    )


def _pending(pending: float, size: int) -> float | None:
    return pending if pending >= _ALMOST_ALL * size else None


FIRST_PLAN: Final = Row(
    name="first-plan",
    title="First plan of 1,000,000 messages, nothing applied yet",
    how="`reconciler plan` without a ledger, all of it printed, with a terminal for its progress; "
    "from the start of the process to its end. Memory counts as flat where ten times the messages "
    f"take at most {_FLAT} times as much.",
    measure=_measure,
)

PENDING: Final = Row(
    name="pending",
    title="100,000 changes pending",
    how="The daemon over 100,000 messages in 1,000 files with a new ledger, at 80 calls a second. "
    "Memory is the peak with all pending less the peak of the same with all applied. The first "
    "call is counted from the start of the process, which is before planning starts, until it is "
    "at the sandbox.",
    measure=_measure_pending,
)
