"""`reconciler approve`: let a plan pass that a guard holds."""

import os

import click

from reconciler.cli.clock import now
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.guarding import guards_of
from reconciler.cli.identity import rules_without_sending
from reconciler.cli.options import APPROVING, paths, settings
from reconciler.cli.output import commentary, document
from reconciler.cli.person import person
from reconciler.cli.plan import show_unread
from reconciler.cli.planned import plan_survey, unread
from reconciler.cli.survey import survey
from reconciler.cli.typed import Name, Reason
from reconciler.core.failure import Failure
from reconciler.core.refusal import Approval
from reconciler.ledger.existing import open_reader
from reconciler.ledger.opening import open_requests
from reconciler.ledger.reader import LedgerReader
from reconciler.reconcile.planning import PassPlan
from reconciler.render.refusal_lines import refusal_lines
from reconciler.render.words import count, moment, visible
from reconciler.settings import Settings


class NothingHeld(Failure):
    """No guard holds a plan of that id."""


@click.command("approve")
@click.argument("plan_id", type=Name(), metavar="PLAN-ID")
@paths()
@settings(*APPROVING)
@click.option("--reason", type=Reason(), required=True, metavar="TEXT", help="Why; it stands in the history.")
def command(settings: Settings, plan_id: str, reason: str) -> ExitCode:
    """Let the plan PLAN-ID for the manifests under each PATH pass the guard that holds it.

    That guard, and exactly the changes that `plan` or `apply` showed: anything else is held as
    before. Works while a daemon runs, which then sends it; else the next `apply` or `run` does.
    """
    read_under = rules_without_sending(settings, os.environ)
    with open_reader(settings.ledger, LedgerReader) as ledger:
        found = survey(settings, read_under, ledger)
        plan = plan_survey(found, ledger, guards=guards_of(settings))
        before = [approval for approval in ledger.approvals() if approval.plan == plan_id]
    refusal = next((refusal for refusal in plan.refusals if refusal.plan == plan_id), None)
    if refusal is None:
        show_unread(unread(found, plan))
        raise NothingHeld(_not_held(plan_id, plan, ledger, before[-1] if before else None))
    approval = refusal.approved(reason=reason, by=person(), now=now())
    with open_requests(settings.ledger) as requests:
        requests.approve(approval, dialogs=refusal.dialogs)
    what = f"{count(len(refusal.changes), 'change')} in {count(len(refusal.dialogs), 'dialog')}"
    document().print(f"Approved plan {plan_id}, {refusal.guard}: {refusal.words}; {what}.")
    document().print("A running daemon sends it now, otherwise the next `reconciler apply` does.")
    for line in refusal_lines(other for other in plan.refusals if other is not refusal):
        commentary().print(line)
    return ExitCode.DONE


def _not_held(plan_id: str, plan: PassPlan, ledger: LedgerReader, before: Approval | None) -> str:
    what = f"{visible(plan_id)}: no plan of this id is held"
    if not ledger.exists:
        there = f"there is no ledger at {ledger.path}"
        return f"{what}, {there}; name the one that `reconciler apply` or `run` writes"
    held = [f"{refusal.plan} ({refusal.guard}: {refusal.words})" for refusal in plan.refusals]
    approved = f"; it was approved by {visible(before.by)} on {moment(before.at)}" if before else ""
    there = f"approve one that is: {', '.join(held)}" if held else "no guard holds anything now"
    return f"{what}, going by the ledger {ledger.path}{approved}; {there}"
