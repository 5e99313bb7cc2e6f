"""The commands: a table of them, and what comes before each."""

import os
from typing import Final

import click

from reconciler import __version__
from reconciler.cli.importing import imported

_COMMANDS: Final = {
    "validate": "Check manifests offline; show every problem.",
    "plan": "Show what would be sent, and send nothing.",
    "apply": "Send what is pending, once.",
    "approve": "Let a plan pass that a guard holds.",
    "run": "Watch the manifests and keep the chat as they say.",
    "status": "Show how everything stands.",
    "history": "Show the calls made, newest first, from the ledger.",
    "retry": "Let what the service rejected be sent again.",
    "ledger": "Check the ledger, back it up, or export it.",
    "schema": "Print the JSON Schema of a manifest.",
    "health": "Ask a running daemon whether it is alive.",
    "sandbox": "Run a local stand-in for the chat service.",
    "demo": "Watch manifests/ against the sandbox.",
}

_WITH_A_LOG: Final = {"run"}
"""Commands that tell by themselves which variables are misspelt."""


def commands() -> dict[str, click.Command]:
    """Give every command by its name."""
    return {name: _command(name) for name in _COMMANDS}


def _command(name: str) -> click.Command:
    command: click.Command = imported(f"reconciler.cli.{name}").command
    return command


class _Commands(click.Group):
    """Commands by name; a command's module is imported only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order of use."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        del ctx
        return _command(cmd_name) if cmd_name in _COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, so that help imports none of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings: defaults < reconciler.toml < RECONCILER_* environment < flags.",
)
@click.version_option(__version__, prog_name="reconciler")
@click.option(
    "--config",
    type=click.Path(dir_okay=False),
    envvar="RECONCILER_CONFIG",
    show_envvar=True,
    help="Settings file (TOML). Default: reconciler.toml, where there is one.",
)
@click.pass_context
def program(ctx: click.Context, config: str | None) -> None:
    """GitOps for chat messages: manifests in, the fewest Update Message calls out."""
    # Only now: whoever asks for help needs none of this.
    from pathlib import Path  # noqa: PLC0415  # see above

    from reconciler.settings import FILE, misspelt, read_file  # noqa: PLC0415  # see above

    if ctx.invoked_subcommand not in _WITH_A_LOG:
        for name, close in misspelt(os.environ).items():
            click.echo(f"reconciler: warning: {name} is no setting; did you mean {close}?", err=True)
    path = Path(config) if config is not None else FILE if FILE.exists() else None
    if path is not None:
        values = read_file(path)
        ctx.default_map = {command: dict(values) for command in _COMMANDS}
        ctx.obj = path  # for the words about a value of it
