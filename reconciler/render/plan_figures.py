"""What a plan comes to, counted."""

from collections import Counter
from collections.abc import Iterable

from reconciler.core.action import MarkDialog
from reconciler.core.condition import HeldReason
from reconciler.core.diff import DialogMarkChange, MarkChange, TextChange
from reconciler.core.plan import DialogPlan
from reconciler.render.figures import Figures


def figures(plans: Iterable[DialogPlan], rate: float) -> Figures:
    """Count what `plans` come to at `rate` calls a second."""
    kinds: Counter[type] = Counter()
    held: Counter[HeldReason] = Counter()
    dialogs = calls = covered = first_texts = 0
    for plan in plans:
        dialogs += bool(plan.actions)
        calls += len(plan.actions)
        held.update(h.reason for h in plan.held)
        for action in plan.actions:
            kinds.update(type(change) for change in action.changes)
            first_texts += sum(isinstance(c, TextChange) and c.old is None for c in action.changes)
            covered += len(action.covered) if isinstance(action, MarkDialog) else 0
    return Figures(
        dialogs=dialogs,
        calls=calls,
        texts=kinds[TextChange],
        first_texts=first_texts,
        marks=kinds[MarkChange],
        covered=covered,
        dialog_marks=kinds[DialogMarkChange],
        held=dict(held),
        seconds=calls / rate,
    )
