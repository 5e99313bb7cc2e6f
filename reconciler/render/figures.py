"""What a plan comes to: calls, texts, marks, what cannot be undone, how long it takes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.action import MarkDialog
from reconciler.core.condition import HeldReason
from reconciler.core.diff import DialogMarkChange, MarkChange, TextChange
from reconciler.core.plan import DialogPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts of one plan.

    `first_texts` replace what the ledger does not know. `marks` are of single messages, `covered`
    those of them that a dialog's own call makes.

    `seconds` is what the calls take at the rate given, the service's own time left out.
    """

    dialogs: int
    calls: int
    texts: int
    first_texts: int
    marks: int
    covered: int
    dialog_marks: int
    held: Mapping[HeldReason, int]
    seconds: float

    def __add__(self, other: "Figures") -> "Figures":
        """Give what two parts of a plan come to together."""
        return Figures(
            dialogs=self.dialogs + other.dialogs,
            calls=self.calls + other.calls,
            texts=self.texts + other.texts,
            first_texts=self.first_texts + other.first_texts,
            marks=self.marks + other.marks,
            covered=self.covered + other.covered,
            dialog_marks=self.dialog_marks + other.dialog_marks,
            held=dict(Counter(self.held) + Counter(other.held)),
            seconds=self.seconds + other.seconds,
        )

    @property
    def changes(self) -> int:
        """Count the changes to be sent."""
        return self.texts + self.marks + self.dialog_marks


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
