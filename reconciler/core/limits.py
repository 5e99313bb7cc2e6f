"""The limits that guards keep: settings, known before there is anything to guard."""

from typing import NamedTuple


class Limits(NamedTuple):
    """How much may change at once without approval.

    `rewrites` is a share of the texts that the ledger knows, from 0 to 1, where 1 is no limit;
    `dialog_marks` a number of dialogs that are marked as a whole.
    """

    rewrites: float = 0.3
    dialog_marks: int = 25
