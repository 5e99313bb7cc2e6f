"""Turns whatever ended a command into a line on stderr and an exit code."""

import errno
import os
import sys
from collections.abc import Callable

import click
from click.core import ParameterSource

from reconciler.cli.exit_code import ExitCode
from reconciler.core.failure import Failure, WrongUsage

INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C ended: 128 + SIGINT."""


def say_to_a_person(words: str) -> None:
    """Say it on stderr."""
    click.echo(f"reconciler: {words}", err=True)


def explain(error: Exception, say: Callable[[str], None] = say_to_a_person) -> int:
    """Say what went wrong and what to do; give the exit code."""
    match error:
        case click.UsageError():
            return _wrong_usage(error, say)
        case click.Abort():
            return INTERRUPTED
        case click.ClickException():
            error.show()
            return ExitCode.ERROR
        case OSError(errno=errno.EPIPE | errno.ENOSPC | errno.EIO | errno.EDQUOT):
            return _output_lost(error, say)
        case Failure():
            say(str(error))
            return _code(error)
        case _:
            return _unexpected(_innermost(error), say)


def _code(error: Failure) -> ExitCode:
    if type(error).__name__ == "LedgerInUse":  # by its name: importing the ledger takes time
        return ExitCode.LEDGER_IN_USE
    return ExitCode.USAGE if isinstance(error, WrongUsage) else ExitCode.ERROR


def _wrong_usage(error: click.UsageError, say: Callable[[str], None]) -> int:
    """Say what is wrong; of a value from the settings file click would say that the flag is."""
    if isinstance(error, click.BadParameter) and (place := _in_settings_file(error)) is not None:
        say(f"{place}: {error.message.rstrip('.')}; correct it there")
    elif say is say_to_a_person:
        error.show()
    else:
        say(f"wrong usage: {error.format_message().rstrip('.')}; `reconciler run --help` tells more")
    return ExitCode.USAGE


def _in_settings_file(error: click.BadParameter) -> str | None:
    """Give the file and the key that a value came from; None where it came from elsewhere."""
    context, parameter = error.ctx, error.param
    if context is None or parameter is None or parameter.name is None:
        return None
    if context.get_parameter_source(parameter.name) is not ParameterSource.DEFAULT_MAP:
        return None
    return f"{context.obj}: {parameter.name}"


def _unexpected(error: Exception, say: Callable[[str], None]) -> int:
    if isinstance(error, FileNotFoundError) and not _working_directory_exists():
        say("the working directory is gone; change to one that is there")
        return ExitCode.ERROR
    return _bug(error, say)


def _working_directory_exists() -> bool:
    try:
        os.getcwd()  # noqa: PTH109  # pathlib takes longer to import than help to be shown
    except FileNotFoundError:
        return False
    return True


def _output_lost(error: OSError, say: Callable[[str], None]) -> int:
    """Say why the output is not whole, unless its reader left: then nobody is there to be told."""
    # What is left in the buffer goes nowhere, or the interpreter would try once more at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno != errno.EPIPE:
        say(f"can't write the output: {error.strerror}")
    return ExitCode.ERROR


def _bug(error: Exception, say: Callable[[str], None]) -> int:
    """Name the kind and the place of a bug. Its message may quote a manifest, so it is not shown."""
    import traceback  # noqa: PLC0415  # only a bug needs it

    places = traceback.extract_tb(error.__traceback__)
    where = "".join(f" at {place.filename.rpartition(os.sep)[2]}:{place.lineno}" for place in places[-1:])
    say(f"a bug: {type(error).__name__}{where}; please report it with what you ran")
    if os.environ.get("RECONCILER_LOG_LEVEL") == "debug" and say is say_to_a_person:
        traceback.print_tb(error.__traceback__)
    return ExitCode.ERROR


def _innermost(error: Exception) -> Exception:
    """Give what went wrong first in a group, which itself says nothing."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
