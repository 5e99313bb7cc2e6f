"""`reconciler sandbox`: run a local stand-in for the chat service."""

import asyncio
import contextlib
import signal
from pathlib import Path

import click

from reconciler.cli.exit_code import ExitCode
from reconciler.core.failure import Failure
from reconciler.sandbox.fault_file import parse_fault_rules
from reconciler.sandbox.json_object import SandboxInputError
from reconciler.sandbox.options import Assumptions, Reading, SandboxOptions
from reconciler.sandbox.rate_limit import RateLimit
from reconciler.sandbox.sandbox import Sandbox
from reconciler.sandbox.seed import Seed
from reconciler.sandbox.seed_file import read_seed_file
from reconciler.sandbox.server import serve

_READABLE = click.Path(path_type=Path, dir_okay=False, exists=True)


class SandboxError(Failure):
    """The sandbox can't start."""


@click.command("sandbox")
@click.option("--seed", type=_READABLE, help="Dialogs, messages and credentials to begin with (JSON).")
@click.option("--faults", type=_READABLE, help="Faults to inject from the start (JSON).")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=9480, show_default=True, help="0: a free one."
)
@click.option("--allow-remote", is_flag=True, help="Listen beyond loopback; nothing protects a sandbox.")
@click.option("--rate-limit", type=click.IntRange(1), metavar="N", help="Answer 429 over N calls a second.")
@click.option(
    "--reading",
    type=click.Choice([reading.value for reading in Reading]),
    default=Reading.MESSAGE.value,
    show_default=True,
    help="What a mark with a message id marks; the vendor's page says both.",
)
def command(
    *,
    seed: Path | None,
    faults: Path | None,
    host: str,
    port: int,
    allow_remote: bool,
    rate_limit: int | None,
    reading: str,
) -> ExitCode:
    """Run a local stand-in for the chat service until SIGTERM or Ctrl-C. It is not the service.

    docs/sandbox.md tells what it does, which reading of the contract it chose, how to make it
    fail, and how to read what was asked of it.
    """
    try:
        options = SandboxOptions(
            seed=Seed() if seed is None else read_seed_file(seed),
            faults=() if faults is None else parse_fault_rules(faults.read_bytes()),
            host=host,
            port=port,
            allow_remote=allow_remote,
            rate_limit=None if rate_limit is None else RateLimit(calls=rate_limit),
            assumptions=Assumptions(reading=Reading(reading)),
        )
        asyncio.run(_serve(options))
    except SandboxInputError as error:
        raise SandboxError(str(error)) from None
    except OSError as error:
        msg = f"can't listen on {host}:{port}: {error.strerror}; name a free port with --port"
        raise SandboxError(msg) from None
    return ExitCode.DONE


async def _serve(options: SandboxOptions) -> None:
    serving = asyncio.ensure_future(serve(options, on_ready=_say))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _say(sandbox: Sandbox) -> None:
    click.echo(f"sandbox: {sandbox.url}")
