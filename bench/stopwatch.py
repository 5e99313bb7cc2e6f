"""Runs one program and writes what it took: `python -I -S stopwatch.py RESULT ERRORS COMMAND...`.

A program of its own, and a small one: Linux counts what a process had in memory when it was forked
as if its program had used it, so whoever starts a program must be smaller than that program.

RESULT gets JSON: `code`, `wall` and `cpu` in seconds, `peak` in bytes, and `shown`: what came to the
terminal, each with its second. ERRORS is the file for stderr, or `terminal` for a terminal.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

_EVERY = 0.1
"""Seconds between looks at how much the processes take together, where there are several."""


def tree(process: int) -> "list[int]":
    """Give a process and all that descend from it."""
    found = [process]
    for one in found:
        try:
            for thread in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
        except OSError:
            continue  # it ended just then
    return found


def proportional(processes: "list[int]") -> int:
    """Give the bytes that processes have in memory; what they share is counted once."""
    total = 0
    for one in processes:
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it ended just then
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


class _Together(threading.Thread):
    """Looks now and then at the memory of a process and its children."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._process = process
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(_EVERY):
            processes = tree(self._process)
            if len(processes) > 1:
                self.peak = max(self.peak, proportional(processes))

    def end(self) -> None:
        self._over.set()
        self.join()


class _Terminal(threading.Thread):
    """Takes what is shown on a terminal."""

    def __init__(self, master: int, began: float) -> None:
        super().__init__(daemon=True)
        self.shown: list[tuple[float, str]] = []
        self._master = master
        self._began = began

    def run(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return  # nobody has the terminal any more
            self.shown.append((time.monotonic() - self._began, data.decode(errors="replace")))


def main(result: str, errors: str, command: "list[str]") -> None:
    """Run `command`; its stdout is ours."""
    terminal = os.openpty() if errors == "terminal" else None
    err = terminal[1] if terminal else os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    began = time.monotonic()
    process = os.posix_spawnp(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, err, 2),
        ],
    )
    os.close(err)
    reader = None if terminal is None else _Terminal(terminal[0], began)
    if reader is not None:
        reader.start()
    together = _Together(process)
    together.start()
    _, status, usage = os.wait4(process, 0)
    wall = time.monotonic() - began
    together.end()
    if reader is not None:
        reader.join()
    took = {
        "code": os.waitstatus_to_exitcode(status),
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": max(usage.ru_maxrss * 1024, together.peak),
        "shown": [] if reader is None else reader.shown,
    }
    Path(result).write_text(json.dumps(took))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
