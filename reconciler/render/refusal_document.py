"""A guard that tripped, as JSON."""

from typing import Any

from reconciler.core.refusal import Refusal


def refusal_document(refusal: Refusal) -> dict[str, Any]:
    """Give which guard, the `figure` that is over its `limit`, what is held, and what lets it pass.

    `figure` counts texts, of those `known`, or dialogs.
    """
    return {
        "guard": refusal.guard.value,
        "plan": refusal.plan,
        "figure": refusal.figure,
        "known": refusal.known,
        "limit": refusal.limit,
        "changes": len(refusal.changes),
        "dialogs": len(refusal.dialogs),
        "words": refusal.words,
        "approve": refusal.command,
    }
