"""Power is cut while the ledger is written: nothing that it acknowledged is lost, and it is whole.

The writer's own code runs over a file system that drops and tears what was not synced; what is left
is opened as any ledger is. Requests come from a second connection meanwhile, and the log is moved
into the file a few times.

With `synchronous = NORMAL`, which many recommend for a write-ahead log, the same test finds losses.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

from reconciler.core.call import Call, Intent
from reconciler.core.message import MessageId
from reconciler.ledger.check import check_ledger
from reconciler.ledger.errors import LedgerError
from reconciler.ledger.history import Result
from reconciler.ledger.opening import open_ledger, open_requests
from tests.core.builders import DIALOG, READ
from tests.ledger.calls import call, intent, put_text
from tests.ledger.power_cut import Acknowledged, Disk, Event, Recording, Synced, disk_at
from tests.ledger.test_requests import APPROVAL

BATCHES = 200
SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Intended:
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Answered:
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Approved:
    plan: str


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What a ledger's files were, what happened to them since, and what it acknowledged on the way."""

    start: dict[str, bytes]
    log: Sequence[Event]


def record(directory: Path, synchronous: str) -> Recorded:
    """Write batch after batch, checkpoints among them; with each batch a few calls and their answers."""
    path = directory / "ledger.db"
    open_ledger(path, keep_text=True).close()
    start = {path.name: path.read_bytes()}
    random = _seeded("workload")
    recording = Recording()
    log = recording.log
    try:
        with ExitStack() as stack:
            ledger = stack.enter_context(open_ledger(path, keep_text=True, opener=recording.open))
            requests = stack.enter_context(open_requests(path, opener=recording.open))
            for connection in (ledger._connection, requests._connection):  # noqa: SLF001  # what the test is about
                connection.execute(f"PRAGMA synchronous = {synchronous}")
            for batch in range(BATCHES):
                first = ledger.next_number()
                begun = [
                    intent(
                        number,
                        put_text(f"text {number} {'x' * random.randrange(2500)}", READ, of=_message(random)),
                    )
                    for number in range(first, first + random.randrange(1, 9))
                ]
                numbers = tuple(each.number for each in begun)
                ledger.write(begun)
                log.append(Acknowledged(Intended(numbers)))
                ledger.write([call(each) for each in begun])
                log.append(Acknowledged(Answered(numbers)))
                if batch % 10 == 0:
                    requests.approve(replace(APPROVAL, plan=f"plan {batch}"))
                    log.append(Acknowledged(Approved(f"plan {batch}")))
            written = tuple(log)  # what closing does is told by no acknowledgement
    finally:
        recording.unregister()
    return Recorded(start=start, log=written)


def _message(random: Random) -> MessageId:
    return MessageId(f"{random.randrange(200):024x}")


def _seeded(seed: str) -> Random:
    return Random(seed)  # noqa: S311  # the same in each run, or a failure could not be repeated


def lost_or_damaged(recorded: Recorded, cuts: int, seeds: Sequence[int], directory: Path) -> list[str]:
    """Cut power so many times with each seed, switch it on again, and give what is wrong then."""
    return [
        f"seed {seed}, cut after event {cut}: {wrong}"
        for seed in seeds
        for cut, disk in disk_at(recorded.log, recorded.start, _cuts(recorded, cuts, seed))
        for wrong in _wrong(disk, recorded.log[:cut], _seeded(f"{seed} {cut}"), directory)
    ]


def _cuts(recorded: Recorded, cuts: int, seed: int) -> list[int]:
    return _seeded(f"{seed}").sample(range(1, len(recorded.log) + 1), cuts)


def _wrong(disk: Disk, before: Sequence[Event], random: Random, directory: Path) -> Iterator[str]:
    for left in directory.iterdir():
        left.unlink()
    for name, content in disk.after_power_loss(random).items():
        (directory / name).write_bytes(content)
    path = directory / "ledger.db"
    try:
        with open_ledger(path, keep_text=True) as ledger:
            results = {row.number: row.result for row in ledger.history()}
            plans = {approval.plan for approval in ledger.approvals()}
            ledger.applied(DIALOG)
        yield from (f"it is not true that {each.rule}" for each in check_ledger(path) if each.contradictions)
    except LedgerError as error:
        yield str(error)
        return
    for event in before:
        match event:
            case Acknowledged(Intended(numbers)) if not results.keys() >= set(numbers):
                yield f"the intents {numbers} are lost"
            case Acknowledged(Answered(numbers)) if {results.get(n) for n in numbers} != {Result.APPLIED}:
                yield f"the answers {numbers} are lost"
            case Acknowledged(Approved(plan)) if plan not in plans:
                yield f"the approval of {plan} is lost"
            case _:
                pass


@pytest.fixture
def crashed(tmp_path: Path) -> Iterator[Path]:
    """Where the files are when power is back: in memory where there is such a place, to be quick."""
    memory = Path("/dev/shm")  # noqa: S108  # a directory of our own is made in it
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as directory:
        yield Path(directory)


@pytest.mark.slow
def test_no_power_cut_loses_what_was_acknowledged_or_damages_the_ledger(
    tmp_path: Path, crashed: Path
) -> None:
    recorded = record(tmp_path, "FULL")
    assert sum(event == Synced("ledger.db") for event in recorded.log) > 1, "the log was moved into the file"
    assert lost_or_damaged(recorded, 250, SEEDS, crashed) == []


@pytest.mark.slow
def test_the_same_test_finds_losses_where_not_every_commit_is_synced(tmp_path: Path, crashed: Path) -> None:
    recorded = record(tmp_path, "NORMAL")
    wrong = lost_or_damaged(recorded, 60, SEEDS[:1], crashed)
    assert any("lost" in each for each in wrong)


def write_and_end(path: Path, left: Path, *batches: Sequence[Intent | Call]) -> Sequence[Event]:
    """Write each batch and end there, with the files `left` as they are; give what happened to them."""
    recording = Recording()
    with ExitStack() as stack:
        stack.callback(recording.unregister)
        ledger = stack.enter_context(open_ledger(path, keep_text=True, opener=recording.open))
        for batch in batches:
            ledger.write(batch)
        for file in (path, path.with_name(f"{path.name}-wal")):
            shutil.copy(file, left)
        return tuple(recording.log)


def test_what_a_failed_sync_left_off_the_disk_takes_nothing_with_it_when_power_is_cut(
    path: Path, crashed: Path
) -> None:
    open_ledger(path, keep_text=True).close()
    disk = Disk({path.name: bytearray(path.read_bytes())})
    first, second = intent(1, put_text("Hi")), intent(2, put_text("Ho"))
    *before, last = write_and_end(path, crashed, [first], [call(first)])
    assert last == Synced(f"{path.name}-wal")
    for event in before:
        disk.happens(event)
    disk.unsure.clear()  # the last sync fails: the answer can be read and is not on disk, nor will be
    for event in write_and_end(crashed / path.name, path.parent, [second]):
        disk.happens(event)
    for name, content in disk.durable.items():
        path.with_name(name).write_bytes(content)
    with open_ledger(path, keep_text=True) as ledger:
        assert {row.number: row.result for row in ledger.history()} == {1: Result.APPLIED, 2: Result.IN_DOUBT}
