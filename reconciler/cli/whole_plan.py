"""The plan of what a survey found to do: made and shown whole, or in shares where it is of many files."""

from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.cli.output import document, print_json
from reconciler.cli.plan import CameTo
from reconciler.cli.planned import plan_survey, unread
from reconciler.cli.survey import Survey
from reconciler.core.refusal import Guards
from reconciler.ledger.existing import open_reader
from reconciler.ledger.reader import LedgerReader
from reconciler.reconcile.planning import FEW, PassPlan
from reconciler.render.plan_document import plan_document
from reconciler.render.plan_figures import figures
from reconciler.render.plan_lines import plan_lines
from reconciler.render.plan_markdown import plan_markdown
from reconciler.render.refusal_lines import refusal_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a plan is asked for. `rate` is in calls a second; with `texts` texts are shown."""

    survey: Survey
    ledger: Path
    guards: Guards
    retry_rejected: bool
    rate: float
    texts: bool


def show_plan(asked: Asked, output: str) -> CameTo:
    """Make the plan and print it, of a text all but the summary; give what it came to."""
    if output == "text" and len(asked.survey.todo.files) > FEW:
        # Only now: what starts processes takes longer to import than a plan of few files to be made.
        from reconciler.cli.shares import show_shares  # noqa: PLC0415  # see above

        return show_shares(asked)
    with open_reader(asked.ledger, LedgerReader) as ledger:
        plan = plan_survey(asked.survey, ledger, guards=asked.guards, retry_rejected=asked.retry_rejected)
    _print(plan, output, asked.rate, texts=asked.texts)
    return CameTo(
        figures=figures(plan.dialogs, asked.rate),
        problems=plan.problems,
        refusals=tuple(refusal_lines(plan.refusals)),
        bugs=sum(file.bugs for file in plan.files),
        unread=unread(asked.survey, plan),
    )


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
