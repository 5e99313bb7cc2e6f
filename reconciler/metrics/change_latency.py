"""How long it takes from the change of a file to the answer that what follows from it is applied."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.call import Call
from reconciler.core.condition import HeldReason
from reconciler.core.diff import Change, DialogMarkChange, MarkChange, TextChange
from reconciler.core.message import DialogId
from reconciler.core.outcome import Applied
from reconciler.core.plan import DialogPlan
from reconciler.reconcile.file_plan import FilePlan
from reconciler.reconcile.planning import PassPlan


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What one dialog waits for, as the file at `location` declares it: since when, by its fingerprint."""

    location: str
    since: dict[int, datetime]


class ChangeLatency:
    """Keeps in mind since when each change waits that follows from the change of a file.

    That is what the first plan after it asks for, as long as later plans ask for it too, whether it
    failed meanwhile or was held by a guard. What the manifest suspends does not wait. Nor does what
    only time asks for, or what was declared before this process began.
    """

    def __init__(self) -> None:
        self._waiting: dict[DialogId, _Waiting] = {}

    def planned(self, plan: PassPlan, managed: Container[str]) -> None:
        """Take note of a plan; `managed` are the locations of all files, as of before it."""
        planned = {file.file.location for file in plan.files}
        before = {
            dialog: waiting
            for dialog, waiting in self._waiting.items()
            if waiting.location in planned or waiting.location not in managed
        }
        for dialog in before:
            del self._waiting[dialog]
        for file in plan.files:
            for dialog, since in _since(file, before):
                self._waiting[dialog] = _Waiting(file.file.location, since)

    def answered(self, call: Call) -> float | None:
        """Give for how many seconds what a call applied had waited; of several changes, the longest."""
        dialog = call.intent.action.dialog
        waiting = self._waiting.get(dialog)
        if waiting is None or not isinstance(call.outcome, Applied):
            return None
        keys = map(_fingerprint, call.intent.action.changes)
        since = [waiting.since.pop(key) for key in keys if key in waiting.since]
        if not waiting.since:
            del self._waiting[dialog]
        return max(0.0, (call.answered_at - min(since)).total_seconds()) if since else None


def _since(
    file: FilePlan, before: Mapping[DialogId, _Waiting]
) -> Iterator[tuple[DialogId, dict[int, datetime]]]:
    """Give since when the changes of each dialog of a file wait: as known, or else since it was changed."""
    for under_way, plans in ((False, file.dialogs), (True, file.postponed)):
        for plan in plans:
            known = before[plan.manifest.dialog].since if plan.manifest.dialog in before else {}
            asked = {_fingerprint(change) for change in _asked(plan)}
            since = {key: at for key, at in known.items() if under_way or key in asked}
            if file.changed_at is not None:
                since = dict.fromkeys(asked, file.changed_at) | since
            if since:
                yield plan.manifest.dialog, since


def _asked(plan: DialogPlan) -> Iterator[Change]:
    for action in plan.actions:
        yield from action.changes
    yield from (held.change for held in plan.held if held.reason is not HeldReason.SUSPENDED)


def _fingerprint(change: Change) -> int:
    """Give what tells the changes of one dialog apart and holds no text."""
    match change:
        case TextChange(new=text):
            value: object = text
        case DialogMarkChange(requested_at=requested_at):
            value = requested_at
        case MarkChange():
            value = None
    return hash((change.key, value))
