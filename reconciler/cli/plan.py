"""`reconciler plan`: show what would be sent, and send nothing."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import click

from reconciler.cli.exit_code import ExitCode
from reconciler.cli.identity import rules_without_sending
from reconciler.cli.options import APPROVING, output, paths, retry_rejected, settings
from reconciler.cli.output import commentary, document
from reconciler.cli.survey import survey
from reconciler.core.file_report import all_problems
from reconciler.core.problem import Problem
from reconciler.ledger.existing import open_reader
from reconciler.ledger.file_reader import FileReader
from reconciler.render.figures import NO_CALLS, Figures
from reconciler.render.line import Line
from reconciler.render.plan_summary import summary_lines
from reconciler.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CameTo:
    """What a plan came to. `refusals` are the lines that tell of guards that tripped.

    `unread` are the paths of files that the plan lacks: they changed just then.
    """

    figures: Figures
    problems: Sequence[Problem]
    refusals: Sequence[Line] = ()
    bugs: int = 0
    unread: Sequence[str] = ()


@click.command("plan")
@paths()
@settings(*APPROVING, "rate")
@click.option(
    "--exit-code", is_flag=True, help="Exit with 2 where something is to be sent, or to be approved."
)
@click.option("--hide-text", is_flag=True, help="Show digests of texts in place of the texts.")
@retry_rejected()
@output("text", "json", "markdown")
def command(
    settings: Settings, output: str, *, exit_code: bool, hide_text: bool, retry_rejected: bool
) -> ExitCode:
    """Show what `apply` would send for the manifests under each PATH, and send nothing.

    Reads the manifests and the ledger; writes neither. Calls nobody, but with a session of our own
    or a token and without --act-as: then it logs in, or asks whose the token is, to learn who acts.
    """
    read_under = rules_without_sending(settings, os.environ)
    with open_reader(settings.ledger, FileReader) as ledger:
        found = survey(settings, read_under, ledger)
        exists = ledger.exists
    if not exists:
        commentary().print(f"no ledger at {settings.ledger}: everything counts as not applied", style="warn")
    if output == "text" and not found.todo.files:
        came_to = CameTo(figures=NO_CALLS, problems=all_problems(found.others.values(), found.scan.problems))
    else:
        # Only now: what plans takes longer to import than files that are as known to be looked at.
        from reconciler.cli.guarding import guards_of  # noqa: PLC0415  # see above
        from reconciler.cli.whole_plan import Asked, show_plan  # noqa: PLC0415  # see above

        asked = Asked(
            survey=found,
            ledger=settings.ledger,
            guards=guards_of(settings),
            retry_rejected=retry_rejected,
            rate=settings.rate,
            texts=not hide_text,
        )
        came_to = show_plan(asked, output)
    if output == "text":
        summary = summary_lines(came_to.figures, settings.rate, len(came_to.problems))
        for line in (*summary, *came_to.refusals):
            document().print(line)
    show_problems(came_to.problems)
    show_unread(came_to.unread)
    return _exit_code(came_to, exit_code=exit_code)


def _exit_code(came_to: CameTo, *, exit_code: bool) -> ExitCode:
    if came_to.unread or came_to.bugs:
        return ExitCode.ERROR
    if came_to.problems:
        return ExitCode.INVALID_MANIFESTS
    pending = came_to.refusals or came_to.figures.calls
    return ExitCode.CHANGES_PENDING if exit_code and pending else ExitCode.DONE


def show_problems(problems: Iterable[Problem]) -> None:
    """Say on stderr what is wrong with the manifests that can't be used."""
    for problem in problems:
        commentary().print(str(problem), style="bad")


def show_unread(paths: Iterable[str]) -> None:
    """Say on stderr which files a plan lacks."""
    for path in paths:
        commentary().print(f"{path}: changed while it was read; run this again", style="bad")
