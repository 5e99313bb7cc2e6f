"""A plan as JSON."""

from collections.abc import Iterable
from typing import Any

from reconciler.core.action import Action, MarkDialog, UpdateMessage
from reconciler.core.condition import HeldReason
from reconciler.core.diff import Change, DialogMarkChange, MarkChange, TextChange
from reconciler.core.plan import DialogPlan, Held
from reconciler.core.refusal import Refusal
from reconciler.reconcile.planning import PassPlan
from reconciler.render.figures import Figures
from reconciler.render.plan_figures import figures
from reconciler.render.problem_document import problem_document
from reconciler.render.refusal_document import refusal_document

FORMAT = "reconciler/plan/v1"


def plan_document(plan: PassPlan, *, rate: float, texts: bool) -> dict[str, Any]:
    """Give the whole plan; with `texts` the texts themselves, else their digests only."""
    return {
        "format": FORMAT,
        "summary": summary_document(figures(plan.dialogs, rate)),
        "guards": [refusal_document(refusal) for refusal in plan.refusals],
        "dialogs": [_dialog(dialog, texts=texts) for dialog in plan.dialogs if dialog.actions or dialog.held],
        "problems": [problem_document(problem) for problem in plan.problems],
    }


def summary_document(figures: Figures) -> dict[str, Any]:
    """Give what a plan comes to."""
    return {
        "calls": figures.calls,
        "seconds": round(figures.seconds, 3),
        "dialogs": figures.dialogs,
        "texts": figures.texts,
        "textsNewToTheLedger": figures.first_texts,
        "marks": figures.marks,
        "marksCoveredByDialogCalls": figures.covered,
        "dialogMarks": figures.dialog_marks,
        "cannotBeUndone": figures.marks + figures.dialog_marks,
        "held": {reason.value: number for reason, number in sorted(figures.held.items())},
    }


def _dialog(plan: DialogPlan, *, texts: bool) -> dict[str, Any]:
    return {
        "name": plan.manifest.name,
        "dialogId": str(plan.manifest.dialog),
        "origin": str(plan.manifest.origin),
        "actions": [_action(action, texts=texts) for action in plan.actions],
        "held": [_held(held, plan.refusals, texts=texts) for held in plan.held],
    }


def _action(action: Action, *, texts: bool) -> dict[str, Any]:
    match action:
        case UpdateMessage():
            target: dict[str, Any] = {"message": str(action.message)}
            covered = 0
        case MarkDialog():
            target = {"wholeDialog": True}
            covered = len(action.covered)
    return {
        **target,
        "actAs": action.actor.value,
        "origin": str(action.origin),
        "attempt": action.attempt,
        "coveredMarks": covered,
        "changes": [_change(change, texts=texts) for change in action.changes],
    }


def _change(change: Change, *, texts: bool) -> dict[str, Any]:
    match change:
        case TextChange(old=old, new=new):
            digests = {"oldDigest": old and old.digest.value.hex(), "newDigest": new.digest().value.hex()}
            shown = {"old": old.text.reveal() if old and old.text else None, "new": new.reveal()}
            in_doubt = old is not None and not old.certain
            return {"field": "text", **(shown if texts else {}), **digests, "oldInDoubt": in_doubt}
        case MarkChange(message=message, mark=mark, user=user):
            return {"field": mark.value, "user": user.value, "message": str(message)}
        case DialogMarkChange(mark=mark, user=user):
            return {"field": mark.value, "user": user.value, "wholeDialog": True}


def _held(held: Held, refusals: Iterable[Refusal], *, texts: bool) -> dict[str, Any]:
    change = held.change
    message = change.key.message
    actor = change.actor if isinstance(change, TextChange) else change.user
    by = refusals if held.reason is HeldReason.GUARDED else ()
    return {
        "message": message and str(message),
        "wholeDialog": message is None,
        "actAs": actor.value,
        "origin": str(change.origin),
        "change": _change(change, texts=texts),
        "reason": held.reason.value,
        "detail": held.detail,
        "until": held.until and held.until.isoformat(),
        "guards": [{"guard": refusal.guard.value, "plan": refusal.plan} for refusal in by],
    }
