"""What goes wrong before `run` has a log: told as that would have told it, for who collects its lines."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import click

from reconciler.cli.failure import say_to_a_person
from reconciler.cli.importing import imported

_FLAG = "--log-format"


def early(error: Exception, arguments: Sequence[str]) -> Callable[[str], None]:
    """Give how an error is said. Once `run` has a log it says by itself what it needs to."""
    if _command(arguments) != "run" or not _for_programs(error, arguments, os.environ):
        return say_to_a_person
    return _log


def interruption(arguments: Sequence[str]) -> str:
    """Give what is said where a signal ended a command that has no words of its own for that."""
    sends = _command(arguments) == "apply"
    return f"interrupted{'; `reconciler history` shows what was sent' if sends else ''}"


def _log(words: str) -> None:
    log, events = imported("reconciler.cli.log"), imported("reconciler.log_lines.events")
    log.log_to_stderr("info", "json")
    log.LOG.critical(events.Failed(what=words))


def _command(arguments: Sequence[str]) -> str | None:
    """Give the command: the first argument that is no flag of the program, nor the value of one."""
    before = ("", *arguments)
    return next(
        (one for one, last in zip(arguments, before, strict=False) if one[:1] != "-" and last != "--config"),
        None,
    )


def _for_programs(error: Exception, arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Tell for whom the log would be: as a flag says, the environment or the settings file."""
    given = [value for name, _, value in (one.partition("=") for one in arguments) if name == _FLAG and value]
    given += [value for flag, value in pairwise(arguments) if flag == _FLAG]
    context = error.ctx if isinstance(error, click.UsageError) else None
    file = (context.default_map or {}).get("log_format") if context is not None else None
    form = (given or [environ.get("RECONCILER_LOG_FORMAT") or file or "auto"])[-1]
    return form == "json" or (form != "text" and not sys.stderr.isatty())
