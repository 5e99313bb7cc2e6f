"""`reconciler schema`: print the JSON Schema of a manifest."""

import click

from reconciler.cli.exit_code import ExitCode
from reconciler.cli.output import print_json
from reconciler.source.schema import json_schema


@click.command("schema")
def command() -> ExitCode:
    """Print the JSON Schema of a manifest, for editors and other tools."""
    print_json(json_schema())
    return ExitCode.DONE
