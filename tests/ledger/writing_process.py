"""A process that writes a ledger: `python -m tests.ledger.writing_process LEDGER hold|write`.

`hold` opens it and waits. `write` writes action after action, each with its answer, and says
each action's number once it is recorded, until it is killed.
"""

import sys
from itertools import count
from pathlib import Path

from reconciler.ledger.opening import open_ledger
from tests.ledger.calls import call, intent, put_text


def main(path: Path, task: str) -> None:
    ledger = open_ledger(path, keep_text=True)
    if task == "hold":
        _say("open")
        sys.stdin.read()
        return
    for number in count(ledger.next_number()):
        begun = intent(number, put_text(f"text {number}"))
        ledger.write([begun])
        _say(f"begun {number}")
        ledger.write([call(begun)])
        _say(f"done {number}")


def _say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
