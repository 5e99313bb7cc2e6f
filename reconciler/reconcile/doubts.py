"""The calls that have no answer on record, kept up to date with what is recorded."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from reconciler.core.action import Action, MarkDialog
from reconciler.core.call import Call, Intent, Withdrawal
from reconciler.core.change_key import ChangeKey
from reconciler.core.doubt import Doubt, oldest
from reconciler.core.message import DialogId
from reconciler.core.outcome import Applied, Deferred, Rejected
from reconciler.ledger.entry import Entry


class Doubts:
    """The calls under way, and those of former times whose answer was never recorded.

    Few: as many as calls go side by side, and what crashes left. So nothing of the record has to be
    read again to know them. `known` is what the record says to begin with.
    """

    def __init__(self, known: Iterable[Doubt]) -> None:
        self._open = {doubt.number: doubt for doubt in known}

    def recorded(self, entries: Iterable[Entry]) -> None:
        """Take note of entries, in order, that are on record now."""
        for entry in entries:
            match entry:
                case Intent():
                    self._open[entry.number] = _doubt(entry)
                case Withdrawal():
                    self._open.pop(entry.intent.number, None)
                case Call():
                    self._open.pop(entry.intent.number, None)
                    self._settle(entry)
                case _:
                    pass

    def oldest(self) -> Mapping[DialogId, datetime]:
        """Give, for each dialog that such a call is about, when the oldest was intended."""
        return oldest(self._open.values())

    def _settle(self, call: Call) -> None:
        """End the doubts about what an answer was definite about, whatever earlier calls did."""
        settled, dialog = _decided(call), call.intent.action.dialog
        for doubt in [doubt for doubt in self._open.values() if doubt.dialog == dialog]:
            left = doubt.changes - settled
            if doubt.number > call.intent.number or left == doubt.changes:
                continue
            del self._open[doubt.number]
            if left:
                self._open[doubt.number] = replace(doubt, changes=left)


def _doubt(intent: Intent) -> Doubt:
    return Doubt(
        number=intent.number,
        dialog=intent.action.dialog,
        changes=_asked(intent.action),
        intended_at=intent.sent_at,
    )


def _decided(call: Call) -> frozenset[ChangeKey]:
    match call.outcome:
        case Applied():
            return frozenset(change.key for change in call.intent.action.changes)
        case Rejected():
            return _asked(call.intent.action)
        case Deferred():
            return frozenset()


def _asked(action: Action) -> frozenset[ChangeKey]:
    """Give what a call is for; a mark that a call for the dialog covers only rides along."""
    changes = action.asserted if isinstance(action, MarkDialog) else action.changes
    return frozenset(change.key for change in changes)
