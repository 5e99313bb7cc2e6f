"""Counts what a process does, from outside the program: Python runs this first where it is on the path.

`RECONCILER_COUNTS` names a folder, where each process keeps its counts in a file: also one that was
forked, or that ends without a word. `counts.py` reads them. What is counted is seen at the seams to
others: Python's audit events, SQLite's trace, and what hashes and parses. With `RECONCILER_COUNT_ALL`
calls of functions and the memory at its peak are counted too, from the first manifest on: that takes time.
"""

import atexit
import hashlib
import mmap
import os
import sqlite3
import sys
import threading
import tracemalloc
from collections.abc import Callable
from enum import IntEnum, auto
from pathlib import Path
from typing import Any


class Work(IntEnum):
    """What is counted; the value is its place in the file."""

    FILES_READ = 0
    FILES_PARSED = auto()
    YAML_EVENTS = auto()
    SQL_STATEMENTS = auto()
    BYTES_HASHED = auto()
    FUNCTION_CALLS = auto()
    PEAK_BYTES = auto()


SIZE = 8
"""Bytes of one count, in the machine's own order."""

_MANIFESTS = (".yaml", ".yml")
_HASHES = ("sha256", "blake2b")
_ASIDE = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "CREATE")
"""What begins a statement that is not counted: transactions, whose number is chance, and the schema."""


class _Counts:
    """The counts of this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.open()

    def open(self) -> None:
        """Begin with a file of this process's own."""
        path = self._folder / f"{os.getpid()}.counts"
        with path.open("w+b") as file:
            file.truncate(SIZE * len(Work))
            self._counted = memoryview(mmap.mmap(file.fileno(), 0)).cast("q")

    def add(self, work: Work, count: int = 1) -> None:
        self._counted[work] += count


def _audit(counts: _Counts, *, all_of_it: bool) -> Callable[[str, tuple[Any, ...]], None]:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]).endswith(_MANIFESTS):
            counts.add(Work.FILES_READ)
            if all_of_it and not tracemalloc.is_tracing():
                _count_memory(counts)
                _count_calls(counts)

    return hook


def _count_statements(counts: _Counts) -> None:
    connect = sqlite3.connect

    def statement(text: str) -> None:
        lines = (line.strip() for line in text.splitlines())
        said = " ".join(
            line for line in lines if not line.startswith("--")
        )  # what a trigger does is all comment
        if said and not said.lstrip().startswith(_ASIDE):
            counts.add(Work.SQL_STATEMENTS)

    def counting(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **named)
        connection.set_trace_callback(statement)
        return connection

    setattr(sqlite3, "connect", counting)  # noqa: B010  # by its name: its overloads are of no matter


def _count_hashing(counts: _Counts) -> None:
    class Hashing:
        def __init__(self, make: Callable[..., Any], *arguments: Any, **named: Any) -> None:
            self._hash = make(**named)
            for data in arguments:
                self.update(data)

        def update(self, data: Any) -> None:
            counts.add(Work.BYTES_HASHED, len(data))
            self._hash.update(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._hash, name)

    def counting(make: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments, **named: Hashing(make, *arguments, **named)

    for name in _HASHES:
        setattr(hashlib, name, counting(getattr(hashlib, name)))


def _count_parsing(counts: _Counts) -> None:
    from yaml import _yaml  # noqa: PLC0415  # only where something is counted

    class Parser(_yaml.CParser):
        def __init__(self, *arguments: Any) -> None:
            counts.add(Work.FILES_PARSED)
            super().__init__(*arguments)

        def get_event(self) -> Any:
            counts.add(Work.YAML_EVENTS)
            return super().get_event()

    setattr(_yaml, "CParser", Parser)  # noqa: B010  # by its name: a type can't be assigned to


def _count_calls(counts: _Counts) -> None:
    def profile(_: Any, event: str, __: Any) -> None:
        if event in {"call", "c_call"}:
            counts.add(Work.FUNCTION_CALLS)

    threading.setprofile(profile)
    sys.setprofile(profile)


def _count_memory(counts: _Counts) -> None:
    atexit.register(lambda: counts.add(Work.PEAK_BYTES, tracemalloc.get_traced_memory()[1]))
    tracemalloc.start()


def _start(folder: str) -> None:
    counts = _Counts(Path(folder))
    os.register_at_fork(after_in_child=counts.open)
    _count_statements(counts)
    _count_hashing(counts)
    _count_parsing(counts)
    sys.addaudithook(_audit(counts, all_of_it="RECONCILER_COUNT_ALL" in os.environ))


if "RECONCILER_COUNTS" in os.environ:
    _start(os.environ["RECONCILER_COUNTS"])
