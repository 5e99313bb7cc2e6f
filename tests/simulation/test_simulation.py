"""The whole reconciler in worlds where everything goes wrong that can: edits, crashes, faults, wrong clocks.

A seed that fails is printed with the command that runs exactly it again.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from reconciler.chat_api.limiter import Leave, Limiter
from reconciler.core.call import Call, Intent
from reconciler.core.outcome import Applied, Deferred
from reconciler.ledger.entry import Entry
from reconciler.reconcile.group_commit import GroupCommit
from tests.chat_api.virtual_time import virtual_loop
from tests.simulation.simulation import Outcome, simulate

_ROOT: Final = Path(__file__).parents[2]
_CHUNK: Final = 50
_FOUND_WITHIN: Final = 30
"""Seeds in which a broken part must be found."""


def seeds() -> Iterator[range]:
    """Give the seeds to run in chunks: RECONCILER_SEEDS of them, or the one that RECONCILER_SEED names."""
    if one := os.environ.get("RECONCILER_SEED"):
        yield range(int(one), int(one) + 1)
        return
    many = int(os.environ.get("RECONCILER_SEEDS", "1000"))
    for first in range(0, many, _CHUNK):
        yield range(first, min(first + _CHUNK, many))


@pytest.mark.slow
@pytest.mark.no_cover  # thousands of simulated hours: what they cover is covered by other tests
@pytest.mark.parametrize("chunk", [*seeds()], ids=lambda chunk: f"{chunk.start}-{chunk.stop - 1}")
def test_after_all_trouble_each_world_is_as_declared_with_no_call_too_many(chunk: range) -> None:
    wrong = [words for seed in chunk for words in what_is_wrong(seed)]
    assert not wrong, "\n".join(wrong)


def what_is_wrong(seed: int) -> Iterator[str]:
    """Give what a seed brings out, and how to see it again."""
    try:
        violations = simulate(seed).violations
    except Exception as error:  # noqa: BLE001  # the seed is what matters: run alone, it raises the same
        violations = (f"{type(error).__name__}: {error}",)
    if violations:
        path = Path(__file__).relative_to(_ROOT)
        yield f"seed {seed}; to run it again: RECONCILER_SEED={seed} .venv/bin/pytest {path}"
        yield from (f"    {violation}" for violation in violations[:10])


@pytest.mark.slow
def test_a_seed_makes_the_same_calls_again_in_another_process_too() -> None:
    several = [7, 9, 12, 28]
    script = (
        f"from tests.simulation.simulation import simulate\nfor s in {several}: print(simulate(s).summary)"
    )
    for hash_seed in ("1", "2"):
        other = subprocess.run(
            [sys.executable, "-c", script],
            cwd=_ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(_ROOT)},
            check=True,
            capture_output=True,
            text=True,
        )
        assert other.stdout.splitlines() == [str(simulate(seed).summary) for seed in several]


@pytest.mark.slow
def test_the_worlds_are_as_bad_as_they_are_meant_to_be() -> None:
    """What a repeat was needed for, over some seeds: a world without trouble would prove nothing."""
    outcomes = [simulate(seed) for seed in range(40)]
    for why in ("first", "in doubt", "outage", "throttled", "credential", "mixed", "freed"):
        assert sum(outcome.explained.get(why, 0) for outcome in outcomes) >= 3, why
    assert sum(outcome.lives > 2 for outcome in outcomes) >= 10


class NoRate:
    """A limiter that lets everything through at once."""

    def __init__(self, limiter: Limiter) -> None:
        del limiter

    def at_once(self) -> Leave:
        return Leave(virtual_loop().time)

    async def acquire(self, priority: int = 0) -> Leave:
        del priority
        return Leave(virtual_loop().time)

    def slow_down(self) -> None:
        pass

    def pause(self, seconds: float) -> None:
        del seconds


class HastyRecorder(GroupCommit):
    """Does not wait until an intent is durable."""

    async def write(self, entry: Entry) -> None:
        if isinstance(entry, Intent):
            self._waiting.append((entry, self._nobody()))
            return
        await super().write(entry)

    @staticmethod
    def _nobody() -> "asyncio.Future[None]":
        return asyncio.get_running_loop().create_future()


class HopefulRecorder(GroupCommit):
    """Takes what was put off for applied."""

    async def write(self, entry: Entry) -> None:
        if isinstance(entry, Call) and isinstance(entry.outcome, Deferred):
            entry = replace(entry, outcome=Applied(), retry_at=None)
        await super().write(entry)


BROKEN = {
    "a rate that gives leave at once": (lambda s: replace(s, make_rate=NoRate), "calls in the second after"),
    "an intent that is not waited for": (
        lambda s: replace(s, make_recorder=HastyRecorder),
        "left without an intent",
    ),
    "no answer taken for success": (
        lambda s: replace(s, make_recorder=HopefulRecorder),
        "the ledger says applied",
    ),
}


@pytest.mark.parametrize("part", BROKEN)
def test_a_broken_part_is_found(part: str) -> None:
    adapt, words = BROKEN[part]
    found: list[Outcome] = []
    for seed in range(_FOUND_WITHIN):
        outcome = simulate(seed, adapt)
        if any(words in violation for violation in outcome.violations):
            found.append(outcome)
            break
    assert found, f"nothing found in {_FOUND_WITHIN} seeds"
