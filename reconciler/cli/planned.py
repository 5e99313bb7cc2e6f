"""What a survey found to do, planned."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from reconciler.cli.at_once import AtOnce
from reconciler.cli.survey import Survey
from reconciler.core.refusal import Guards
from reconciler.ledger.reader import LedgerReader
from reconciler.reconcile.planning import PassPlan, Planner


def planner(found: Survey, ledger: LedgerReader, *, guards: Guards, retry_rejected: bool = False) -> Planner:
    """Give what plans the files that a survey found to do; what was deferred is planned at once."""
    return Planner(
        source=found.source,
        ledger=AtOnce(ledger=ledger, retry_rejected=retry_rejected),
        rules=found.rules,
        guards=guards,
        now=found.at,
    )


def plan_survey(
    found: Survey, ledger: LedgerReader, *, guards: Guards, retry_rejected: bool = False
) -> PassPlan:
    """Read and plan what a survey found to do."""
    plans = planner(found, ledger, guards=guards, retry_rejected=retry_rejected)
    return plans.plan(found.todo.files, others=found.others, unusable=found.scan.problems)


def unread(found: Survey, plan: PassPlan) -> Sequence[str]:
    """Give the paths of the files that changed before they could be read: the plan lacks them."""
    return not_planned(found, cited=plan.cited, planned={file.file.location for file in plan.files})


def not_planned(found: Survey, *, cited: AbstractSet[str], planned: AbstractSet[str]) -> Sequence[str]:
    """Give the paths of the files that were to be planned, and are not among the locations `planned`.

    Those at the locations `cited` were to be planned too, as far as the look found them as known.
    """
    return paths(found, missing(found, cited=cited, planned=planned))


def missing(found: Survey, *, cited: AbstractSet[str], planned: AbstractSet[str]) -> frozenset[str]:
    """Give the locations that `not_planned` gives the paths of."""
    return frozenset({*(file.location for file in found.todo.files), *cited} - planned)


def paths(found: Survey, locations: AbstractSet[str]) -> Sequence[str]:
    """Give the paths of the files at some locations, as far as the look found them."""
    return [file.path for file in found.scan.files if file.location in locations]
