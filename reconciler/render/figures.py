"""What a plan comes to: calls, texts, marks, what cannot be undone, how long it takes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.core.condition import HeldReason


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


NO_CALLS: Final = Figures(
    dialogs=0,
    calls=0,
    texts=0,
    first_texts=0,
    marks=0,
    covered=0,
    dialog_marks=0,
    held={},
    seconds=0.0,
)
"""What a plan of nothing comes to."""
