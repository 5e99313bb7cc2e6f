"""How a dialog stands, as JSON."""

from typing import Any

from reconciler.core.file_report import DialogReport


def dialog_document(dialog: DialogReport) -> dict[str, Any]:
    """Give how one dialog stands."""
    return {
        "name": dialog.name,
        "dialogId": dialog.dialog and str(dialog.dialog),
        "labels": dict(dialog.labels),
        "origin": str(dialog.origin),
        "condition": dialog.condition.value,
        "declared": dialog.declared,
        "applied": dialog.applied,
        "pending": dialog.pending,
        "held": {reason.value: number for reason, number in sorted(dialog.held.items())},
        "note": dialog.note,
        "dueAt": dialog.due_at and dialog.due_at.isoformat(),
    }
