"""What a command's plans are guarded by, and what a person has to type to let one pass."""

import shlex
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from reconciler.cli.options import APPROVING
from reconciler.core.refusal import Guards
from reconciler.settings import DEFAULTS, Settings

_SHOWN: Final = {field.name for field in fields(Settings) if field.repr}


def guards_of(settings: Settings) -> Guards:
    """Give the guards; a plan passes by a command with the flags and paths of the one that runs."""
    context = click.get_current_context()
    program = context.find_root()
    config = ["--config", str(program.params["config"])] if _typed(program, "config") else []
    flags = [
        part
        for name in APPROVING
        if name in _SHOWN and (_typed(context, name) or (name == "ledger" and _moved(settings)))
        for part in (f"--{name.replace('_', '-')}", str(context.params[name]))
    ]
    paths = settings.manifests if _typed(context, "manifests") else ()
    return guards_with(settings, config=config, flags=flags, paths=paths)


def guards_with(
    settings: Settings, *, config: Iterable[str] = (), flags: Iterable[str] = (), paths: Iterable[Path] = ()
) -> Guards:
    """Give the guards; a plan passes by a command with these options of the program, flags and paths."""
    named = [str(path) for path in paths]
    guarded = ["--", *named] if any(path.startswith("-") for path in named) else named

    def command(plan: str) -> str:
        before = shlex.join(["reconciler", *config, "approve", plan])
        return f'{before} --reason "…" {shlex.join([*flags, *guarded])}'.rstrip()

    return Guards(limits=settings.limits(), command=command)


def _moved(settings: Settings) -> bool:
    return settings.ledger != DEFAULTS.ledger


def _typed(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE
