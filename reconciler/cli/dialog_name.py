"""Which dialogs a person means by a name, going by the ledger."""

import difflib

from reconciler.core.failure import Failure
from reconciler.core.message import DialogId
from reconciler.ledger.reader import LedgerReader
from reconciler.render.words import visible


class DialogUnknown(Failure):
    """The ledger knows no dialog of that name."""


def dialogs_named(name: str, ledger: LedgerReader) -> tuple[DialogId, ...]:
    """Give the dialogs of this name or id; none where the only manifest of that name lacks an id.

    Raises DialogUnknown, with the names that are close.
    """
    found = ledger.dialogs_called(name)
    if found:
        return found
    names = ledger.dialog_names()
    if name in names:
        return ()
    close = difflib.get_close_matches(name.lower(), names)  # as manifests have to write them
    todo = f"did you mean {' or '.join(close)}?" if close else "`reconciler status` lists those there are"
    msg = f'{ledger.path}: knows no dialog "{visible(name)}"; {todo}'
    raise DialogUnknown(msg)
