"""More than one process: the lock, and what a killed writer leaves behind."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import pytest

from reconciler.ledger.errors import LedgerInUse
from reconciler.ledger.existing import open_reader
from reconciler.ledger.history import Result
from reconciler.ledger.opening import open_ledger
from reconciler.ledger.reader import LedgerReader
from tests.core.builders import DIALOG, M1, digest
from tests.ledger.calls import put_text, sent

ROOT = Path(__file__).parents[2]


@contextmanager
def writing_process(path: Path, task: str) -> Iterator[tuple["subprocess.Popen[str]", IO[str]]]:
    command = [sys.executable, "-m", "tests.ledger.writing_process", str(path), task]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout
        finally:
            process.kill()


def test_a_second_process_is_refused_and_told_who_has_it(path: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    with writing_process(path, "hold") as (process, output):
        assert output.readline() == "open\n"
        with pytest.raises(LedgerInUse) as refused:
            open_ledger(path, keep_text=True)
    assert refused.value.pid == process.pid
    assert refused.value.since is not None
    assert before < refused.value.since < datetime.now(UTC)
    assert f"{path}: the ledger is in use by process {process.pid} since 2" in str(refused.value)
    assert str(refused.value).endswith(" UTC; stop that one, or name another file")


def test_a_reader_needs_no_lock(path: Path) -> None:
    with writing_process(path, "hold") as (_, output):
        output.readline()
        with open_reader(path, LedgerReader) as reader:
            assert list(reader.history()) == []


@pytest.mark.parametrize("end", ["kill", "exit"])
def test_the_lock_ends_with_its_process_however_that_ends(path: Path, end: str) -> None:
    with writing_process(path, "hold") as (process, output):
        output.readline()
        if end == "kill":
            process.kill()
        else:
            assert process.stdin is not None
            process.stdin.close()
        process.wait()
        with open_ledger(path, keep_text=True) as ledger:
            assert ledger.next_number() == 1


def test_one_process_cannot_open_it_twice_either(path: Path) -> None:
    path.with_name(f"{path.name}.lock").write_text("4194304 2026-11-22T12:00:00.123456+00:00 and more\n")
    with open_ledger(path, keep_text=True), pytest.raises(LedgerInUse, match=f"process {os.getpid()} since"):
        open_ledger(path, keep_text=True)
    open_ledger(path, keep_text=True).close()


def test_a_lock_that_does_not_say_whose_it_is_holds_all_the_same(path: Path) -> None:
    with open_ledger(path, keep_text=True):
        path.with_name(f"{path.name}.lock").write_text("")
        with pytest.raises(LedgerInUse, match="in use by another process; stop"):
            open_ledger(path, keep_text=True)


def test_of_many_that_open_a_new_ledger_at_once_one_gets_it(path: Path) -> None:
    processes = 4
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        results = pool.map(_open_and_write, [path] * processes, chunksize=1)
    with open_ledger(path, keep_text=True) as ledger:
        assert ledger.next_number() == 1 + sum(results)
    assert sum(results) >= 1


def _open_and_write(path: Path) -> bool:
    try:
        ledger = open_ledger(path, keep_text=True)
    except LedgerInUse:
        return False
    with ledger:
        ledger.write(sent(ledger.next_number(), put_text("Hi")))
    return True


@pytest.mark.parametrize("lines", [1, 2, 7, 60, 301])
def test_a_killed_writer_leaves_all_it_had_recorded(path: Path, lines: int) -> None:
    with writing_process(path, "write") as (process, output):
        said = [output.readline().split() for _ in range(lines)]
        process.kill()
        said += [line.split() for line in output if line.endswith("\n")]
        process.wait()
    begun = max(int(number) for what, number in said if what == "begun")
    done = max((int(number) for what, number in said if what == "done"), default=0)
    with open_ledger(path, keep_text=True) as ledger:
        rows = {row.number: row for row in ledger.history()}
        last = max(rows)
        assert begun <= last <= begun + 1
        assert rows.keys() == set(range(1, last + 1))
        answered = {number for number, row in rows.items() if row.result is Result.APPLIED}
        assert set(range(1, done + 1)) <= answered
        assert rows.keys() - answered <= {last}
        texts = ledger.applied(DIALOG).texts
        applied = max(answered, default=0)
        known = {M1: (digest(f"text {applied}"), applied == last)} if applied else {}
        assert {message: (text.digest, text.certain) for message, text in texts.items()} == known
        assert applied == last or rows[last].result is Result.IN_DOUBT
        assert ledger.next_number() == last + 1
        ledger.write(sent(last + 1, put_text("after the crash")))
        assert ledger.applied(DIALOG).texts[M1].digest == digest("after the crash")


def test_a_reader_reads_what_a_killed_writer_left(path: Path) -> None:
    with writing_process(path, "write") as (process, output):
        while output.readline() != "done 5\n":
            pass
        process.kill()
        process.wait()
    with open_reader(path, LedgerReader) as reader:
        assert {row.number for row in reader.history()} >= {1, 2, 3, 4, 5}
