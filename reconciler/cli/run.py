"""`reconciler run`: watch the manifests and keep the chat as they say."""

import asyncio
import logging
import os

import click

from reconciler import __version__
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.guarding import guards_of
from reconciler.cli.options import GUARDING, READING, SENDING, SERVING, paths, settings
from reconciler.cli.sending import stop_signal
from reconciler.cli.serving import daemon, log_to_stderr, run_until
from reconciler.log_lines import LogLines, event
from reconciler.settings import Settings


@click.command("run")
@paths()
@settings(*READING, *SENDING, *GUARDING, *SERVING, "rescan", "grace", "log_level")
def command(settings: Settings) -> ExitCode:
    """Watch the manifests under each PATH and keep the chat as they say, until SIGTERM or Ctrl-C."""
    log_to_stderr(settings.log_level)
    asyncio.run(_run(settings))
    return ExitCode.DONE


async def _run(settings: Settings) -> None:
    log = logging.getLogger("reconciler")
    stop = stop_signal()
    async with daemon(settings, os.environ, [LogLines()], guards=guards_of(settings)) as (made, url):
        paths = " ".join(str(path) for path in settings.manifests)
        log.info(event("started", version=__version__, manifests=paths, ledger=settings.ledger, url=url))
        await run_until(stop, made, settings.grace)
    log.info(event("stopped"))
