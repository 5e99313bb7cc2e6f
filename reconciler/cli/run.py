"""`reconciler run`: watch the manifests and keep the chat as they say."""

import asyncio
import os

import click

from reconciler import __version__
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.failure import explain
from reconciler.cli.guarding import guards_of
from reconciler.cli.log import LOG, log_to_stderr
from reconciler.cli.options import GUARDING, READING, SENDING, SERVING, paths, settings
from reconciler.cli.sending import stop_signal
from reconciler.cli.serving import daemon, run_until
from reconciler.log_lines.events import Failed, Started, Stopped, UnknownSetting
from reconciler.log_lines.observer import LogLines
from reconciler.settings import Settings, misspelt


@click.command("run")
@paths()
@settings(*READING, *SENDING, *GUARDING, *SERVING, "rescan", "grace", "log_level", "log_format")
def command(settings: Settings) -> int:
    """Watch the manifests under each PATH and keep the chat as they say, until SIGTERM or Ctrl-C."""
    for_programs = log_to_stderr(settings.log_level, settings.log_format)
    for name, close in misspelt(os.environ).items():
        LOG.warning(UnknownSetting(variable=name, todo=f"did you mean {close}?"))
    try:
        asyncio.run(_run(settings))
    except Exception as error:
        if not for_programs:
            raise
        return explain(error, lambda words: LOG.critical(Failed(what=words)))
    return ExitCode.DONE


async def _run(settings: Settings) -> None:
    stop = stop_signal()
    async with daemon(settings, os.environ, [LogLines()], guards=guards_of(settings)) as (made, url):
        paths = tuple(str(path) for path in settings.manifests)
        LOG.info(Started(version=__version__, manifests=paths, ledger=str(settings.ledger), url=url))
        await run_until(stop, made, settings.grace)
    LOG.info(Stopped())
