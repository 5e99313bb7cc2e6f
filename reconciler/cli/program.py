"""The program: runs a command, turns failures into lines and exit codes."""

import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from reconciler.cli.importing import imported


def run(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name; give its exit code. Failures are said on stderr."""
    _prepare_streams()
    program, failure = imported("reconciler.cli.commands").program, imported("reconciler.cli.failure")
    try:
        code = program.main(list(arguments), prog_name="reconciler", standalone_mode=False)
        sys.stdout.flush()  # here, and not at the interpreter's end, a full disk has words and a code
    except Exception as error:  # noqa: BLE001  # the one place where a failure becomes words
        early = imported("reconciler.cli.early")
        code = failure.explain(error, early.early(error, arguments))
        if code == failure.INTERRUPTED:
            failure.say_to_a_person(early.interruption(arguments))
    except SystemExit:  # SIGTERM, of a command that is not waiting for it
        failure.say_to_a_person(imported("reconciler.cli.early").interruption(arguments))
        raise
    return int(code or 0)


def _prepare_streams() -> None:
    """Let both streams take whatever is said: a closed one drops it, a narrow one spells it out."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main() -> NoReturn:
    """Run as the installed command.

    As a container's first process it would not even hear SIGTERM without a handler; commands
    that have something to finish put their own in its place.
    """
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    sys.exit(run(sys.argv[1:]))
