"""A report as JSON."""

from typing import Any

from reconciler.core.action import MarkDialog, UpdateMessage
from reconciler.core.call import Call
from reconciler.core.condition import Condition
from reconciler.core.outcome import Answered, Applied, Deferred, Rejected
from reconciler.core.report import Report
from reconciler.render.dialog_document import dialog_document
from reconciler.render.problem_document import problem_document
from reconciler.render.refusal_document import refusal_document

FORMAT = "reconciler/report/v1"


def report_document(report: Report) -> dict[str, Any]:
    """Give what a pass did and how the dialogs it looked at stand. Without texts."""
    outcomes, conditions = report.outcomes(), report.conditions()
    return {
        "format": FORMAT,
        "startedAt": report.started_at.isoformat(),
        "finishedAt": report.finished_at.isoformat(),
        "calls": {
            "applied": outcomes[Applied],
            "deferred": outcomes[Deferred],
            "rejected": outcomes[Rejected],
        },
        "guards": [refusal_document(refusal) for refusal in report.refusals],
        "dialogsByCondition": {condition.value: conditions[condition] for condition in Condition},
        "dialogs": [dialog_document(dialog) for file in report.files for dialog in file.dialogs],
        "failures": [_failure(call) for call in report.calls if not isinstance(call.outcome, Applied)],
        "problems": [problem_document(problem) for problem in report.problems],
    }


def _failure(call: Call) -> dict[str, Any]:
    action = call.intent.action
    return {
        "dialog": call.intent.name,
        "message": str(action.message) if isinstance(action, UpdateMessage) else None,
        "wholeDialog": isinstance(action, MarkDialog),
        "actAs": action.actor.value,
        "origin": str(action.origin),
        "outcome": "rejected" if isinstance(call.outcome, Rejected) else "deferred",
        "status": call.answer.status if isinstance(call.answer, Answered) else None,
        "words": call.answer.words,
        "retryAt": call.retry_at and call.retry_at.isoformat(),
    }
