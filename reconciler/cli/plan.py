"""`reconciler plan`: show what would be sent, and send nothing."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import click

from reconciler.cli.exit_code import ExitCode
from reconciler.cli.guarding import APPROVING, guards_of
from reconciler.cli.identity import rules_without_sending
from reconciler.cli.options import output, paths, retry_rejected, settings
from reconciler.cli.output import commentary, document, print_json
from reconciler.cli.survey import plan_survey, survey, unread
from reconciler.core.problem import Problem
from reconciler.core.refusal import Refusal
from reconciler.ledger.existing import open_reader
from reconciler.reconcile.planning import FEW, PassPlan
from reconciler.render.figures import Figures, figures
from reconciler.render.plan_document import plan_document
from reconciler.render.plan_lines import plan_lines, summary_lines
from reconciler.render.plan_markdown import plan_markdown
from reconciler.render.refusal_lines import refusal_lines
from reconciler.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CameTo:
    """What a plan came to. `unread` are the paths of files that it lacks: they changed just then."""

    figures: Figures
    problems: Sequence[Problem]
    refusals: Sequence[Refusal]
    bugs: int
    unread: Sequence[str]


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
    guards = guards_of(settings)
    with open_reader(settings.ledger) as ledger:
        found = survey(settings, read_under, ledger)
        many = output == "text" and len(found.todo.files) > FEW
        plan = None if many else plan_survey(found, ledger, guards=guards, retry_rejected=retry_rejected)
        exists = ledger.exists
    if not exists:
        commentary().print(f"no ledger at {settings.ledger}: everything counts as not applied", style="warn")
    if plan is None:
        # Only now: what starts processes takes longer to import than a plan of few files to be made.
        from reconciler.cli.shares import Asked, show_shares  # noqa: PLC0415  # see above

        asked = Asked(
            survey=found,
            ledger=settings.ledger,
            guards=guards,
            retry_rejected=retry_rejected,
            rate=settings.rate,
            texts=not hide_text,
        )
        came_to = show_shares(asked)
    else:
        _print(plan, output, settings.rate, texts=not hide_text)
        came_to = _came_to(plan, settings.rate, unread(found, plan))
    if output == "text":
        summary = summary_lines(came_to.figures, settings.rate, len(came_to.problems))
        for line in (*summary, *refusal_lines(came_to.refusals)):
            document().print(line)
    show_problems(came_to.problems)
    show_unread(came_to.unread)
    return _exit_code(came_to, exit_code=exit_code)


def _came_to(plan: PassPlan, rate: float, unread: Sequence[str]) -> CameTo:
    return CameTo(
        figures=figures(plan.dialogs, rate),
        problems=plan.problems,
        refusals=plan.refusals,
        bugs=sum(file.bugs for file in plan.files),
        unread=unread,
    )


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


def _print(plan: PassPlan, output: str, rate: float, *, texts: bool) -> None:
    match output:
        case "json":
            print_json(plan_document(plan, rate=rate, texts=texts))
        case "markdown":
            for line in plan_markdown(plan, rate=rate, texts=texts):
                click.echo(line)
        case _:
            console = document()
            for shown in plan_lines(plan.dialogs, texts=texts):
                console.print(shown)
