"""Entries cut into portions that are written at once: a few statements a portion, not a few an entry.

A statement costs its rows and as much again. It also lets go of Python's lock, and whoever takes
that keeps it for as long as a call takes to make.
"""

from collections.abc import Iterable, Iterator

from reconciler.core.call import Call, Intent
from reconciler.core.message import DialogId
from reconciler.ledger.entry import Entry


def portions(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Give the entries, in order, in portions within which the order does not matter.

    Intents and calls go together where each is of a dialog of its own. Anything else goes alone.
    """
    portion: list[Entry] = []
    dialogs = set[DialogId]()
    for entry in entries:
        dialog = _dialog(entry)
        if portion and (dialog is None or dialog in dialogs):
            yield portion
            portion, dialogs = [], set()
        if dialog is None:
            yield [entry]
        else:
            portion.append(entry)
            dialogs.add(dialog)
    if portion:
        yield portion


def _dialog(entry: Entry) -> DialogId | None:
    match entry:
        case Intent(action=action) | Call(intent=Intent(action=action)):
            return action.dialog
        case _:
            return None
