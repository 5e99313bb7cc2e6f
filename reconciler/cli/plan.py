"""`reconciler plan`: show what would be sent, and send nothing."""

import os
from collections.abc import Iterable, Sequence

import click

from reconciler.cli.exit_code import ExitCode
from reconciler.cli.guarding import APPROVING, guards_of
from reconciler.cli.identity import rules_without_sending
from reconciler.cli.options import output, paths, retry_rejected, settings
from reconciler.cli.output import commentary, document, print_json
from reconciler.cli.survey import plan_survey, survey, unread
from reconciler.core.problem import Problem
from reconciler.ledger.existing import open_reader
from reconciler.reconcile.planning import PassPlan
from reconciler.render.figures import figures
from reconciler.render.plan_document import plan_document
from reconciler.render.plan_lines import dialog_lines, summary_lines
from reconciler.render.plan_markdown import plan_markdown
from reconciler.render.refusal_lines import refusal_lines
from reconciler.settings import Settings


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
    with open_reader(settings.ledger) as ledger:
        found = survey(settings, read_under, ledger)
        plan = plan_survey(found, ledger, guards=guards_of(settings), retry_rejected=retry_rejected)
        if not ledger.exists:
            commentary().print(
                f"no ledger at {settings.ledger}: everything counts as not applied", style="warn"
            )
    match output:
        case "json":
            print_json(plan_document(plan, rate=settings.rate, texts=not hide_text))
        case "markdown":
            for line in plan_markdown(plan, rate=settings.rate, texts=not hide_text):
                click.echo(line)
        case _:
            _print(plan, settings.rate, texts=not hide_text)
            for shown in refusal_lines(plan.refusals):
                document().print(shown)
    show_problems(plan.problems)
    lacking = unread(found, plan)
    show_unread(lacking)
    return _exit_code(plan, lacking, exit_code=exit_code)


def _exit_code(plan: PassPlan, lacking: Sequence[str], *, exit_code: bool) -> ExitCode:
    if lacking or any(file.bugs for file in plan.files):
        return ExitCode.ERROR
    if plan.problems:
        return ExitCode.INVALID_MANIFESTS
    pending = plan.refusals or any(dialog.actions for dialog in plan.dialogs)
    return ExitCode.CHANGES_PENDING if exit_code and pending else ExitCode.DONE


def show_problems(problems: Iterable[Problem]) -> None:
    """Say on stderr what is wrong with the manifests that can't be used."""
    for problem in problems:
        commentary().print(str(problem), style="bad")


def show_unread(paths: Iterable[str]) -> None:
    """Say on stderr which files a plan lacks."""
    for path in paths:
        commentary().print(f"{path}: changed while it was read; run this again", style="bad")


def _print(plan: PassPlan, rate: float, *, texts: bool) -> None:
    console = document()
    for dialog in plan.dialogs:
        if dialog.actions or dialog.held:
            for line in dialog_lines(dialog, texts=texts):
                console.print(line)
            console.print()
    for line in summary_lines(figures(plan.dialogs, rate), rate, len(plan.problems)):
        console.print(line)
