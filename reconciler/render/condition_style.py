"""In which style the condition of a dialog is shown."""

from typing import Final

from reconciler.core.condition import Condition

_STYLE: Final = {
    Condition.IN_SYNC: "good",
    Condition.PENDING: "warn",
    Condition.BACKING_OFF: "warn",
    Condition.SUSPENDED: "warn",
    Condition.STALLED: "bad",
    Condition.INVALID: "bad",
}


def condition_style(condition: Condition) -> str:
    """Give the style in which a condition is shown."""
    return _STYLE[condition]
