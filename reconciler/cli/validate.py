"""`reconciler validate`: check manifests offline; show every problem."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from reconciler.cli.exit_code import ExitCode
from reconciler.cli.options import READING, output, paths, settings
from reconciler.cli.output import commentary, document, print_json
from reconciler.cli.survey import SourceError, expect_whole, rules
from reconciler.core.problem import Problem
from reconciler.render.problem_document import problem_document
from reconciler.render.words import count
from reconciler.settings import Settings
from reconciler.source.conflict import Declaration, conflicts, declarations
from reconciler.source.directory import Directory
from reconciler.source.regular_file import LARGEST_FILE
from reconciler.source.yaml_file import load

FORMAT = "reconciler/problems/v1"

_STANDARD_INPUT: Final = Path("-")


@click.command("validate")
@paths()
@settings(*READING)
@output("text", "json")
def command(settings: Settings, output: str) -> ExitCode:
    """Check the manifests under each PATH offline and show every problem they have.

    PATH may be -, alone: then one file is read from stdin.
    """
    if settings.manifests == (_STANDARD_INPUT,):
        problems, files, dialogs = _check_standard_input(settings)
    elif _STANDARD_INPUT in settings.manifests:
        msg = "'-' stands for a file on stdin and can't be given together with other paths"
        raise click.UsageError(msg)
    else:
        problems, files, dialogs = _check(settings)
    if output == "json":
        shown = [problem_document(problem) for problem in problems]
        print_json({"format": FORMAT, "files": files, "dialogs": dialogs, "problems": shown})
    else:
        for problem in problems:
            document().print(str(problem))
    summary = f"{count(files, 'file')}, {count(dialogs, 'dialog')}: "
    commentary().print(summary + (count(len(problems), "problem") if problems else "all valid"))
    return ExitCode.INVALID_MANIFESTS if problems else ExitCode.DONE


def _check_standard_input(settings: Settings) -> tuple[Sequence[Problem], int, int]:
    data = sys.stdin.buffer.read(LARGEST_FILE + 1)
    loaded = load(data, "<stdin>", rules(settings, os.environ))
    declared = list(declarations(loaded))
    return sorted((*loaded.problems, *conflicts(declared))), 1, len(declared)


def _check(settings: Settings) -> tuple[Sequence[Problem], int, int]:
    source = Directory(settings.manifests)
    scan = source.scan()
    expect_whole(scan)
    problems = list(scan.problems)
    declared: list[Declaration] = []
    read_under = rules(settings, os.environ)
    for file in scan.files:
        data = source.read(file)
        if data is None:
            msg = f"{file.path}: changed while it was read; run this again"
            raise SourceError(msg)
        loaded = load(data, file.path, read_under)
        problems += loaded.problems
        declared += declarations(loaded)
    problems += conflicts(declared)
    return sorted(problems), len(scan.files), len(declared)
