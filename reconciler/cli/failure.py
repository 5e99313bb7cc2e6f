"""Turns whatever ended a command into a line on stderr and an exit code."""

import errno
import os
import sys
import traceback
from pathlib import Path, PurePath

import click
from click.core import ParameterSource

from reconciler.cli.exit_code import ExitCode
from reconciler.core.failure import Failure
from reconciler.settings import SettingsFileError

_INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C ended: 128 + SIGINT."""


def explain(error: Exception) -> int:
    """Say what went wrong and what to do; give the exit code."""
    match error:
        case click.UsageError():
            return _wrong_usage(error)
        case click.Abort():
            return _INTERRUPTED
        case click.ClickException():
            error.show()
            return ExitCode.ERROR
        case OSError(errno=errno.EPIPE | errno.ENOSPC | errno.EIO | errno.EDQUOT):
            return _output_lost(error)
        case Failure():
            click.echo(f"reconciler: {error}", err=True)
            return _code(error)
        case _:
            return _unexpected(_innermost(error))


def _code(error: Failure) -> ExitCode:
    if type(error).__name__ == "LedgerInUse":  # by its name: importing the ledger takes time
        return ExitCode.LEDGER_IN_USE
    return ExitCode.USAGE if isinstance(error, SettingsFileError) else ExitCode.ERROR


def _wrong_usage(error: click.UsageError) -> int:
    """Say what is wrong; of a value from the settings file click would say that the flag is."""
    if isinstance(error, click.BadParameter) and (place := _in_settings_file(error)) is not None:
        click.echo(f"reconciler: {place}: {error.message.rstrip('.')}; correct it there", err=True)
    else:
        error.show()
    return ExitCode.USAGE


def _in_settings_file(error: click.BadParameter) -> str | None:
    """Give the file and the key that a value came from; None where it came from elsewhere."""
    context, parameter = error.ctx, error.param
    if context is None or parameter is None or parameter.name is None:
        return None
    if context.get_parameter_source(parameter.name) is not ParameterSource.DEFAULT_MAP:
        return None
    return f"{context.obj}: {parameter.name}"


def _unexpected(error: Exception) -> int:
    if isinstance(error, FileNotFoundError) and not _working_directory_exists():
        click.echo("reconciler: the working directory is gone; change to one that is there", err=True)
        return ExitCode.ERROR
    return _bug(error)


def _working_directory_exists() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _output_lost(error: OSError) -> int:
    """Say why the output is not whole, unless its reader left: then nobody is there to be told."""
    # What is left in the buffer goes nowhere, or the interpreter would try once more at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno != errno.EPIPE:
        click.echo(f"reconciler: can't write the output: {error.strerror}", err=True)
    return ExitCode.ERROR


def _bug(error: Exception) -> int:
    """Name the kind and the place of a bug. Its message may quote a manifest, so it is not shown."""
    places = traceback.extract_tb(error.__traceback__)
    where = "".join(f" at {PurePath(place.filename).name}:{place.lineno}" for place in places[-1:])
    click.echo(
        f"reconciler: a bug: {type(error).__name__}{where}; please report it with what you ran", err=True
    )
    if os.environ.get("RECONCILER_LOG_LEVEL") == "debug":
        traceback.print_tb(error.__traceback__)
    return ExitCode.ERROR


def _innermost(error: Exception) -> Exception:
    """Give what went wrong first in a group, which itself says nothing."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
