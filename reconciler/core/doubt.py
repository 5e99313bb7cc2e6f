"""A call that has no answer on record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.change_key import ChangeKey
from reconciler.core.message import DialogId


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A call that may have been made and has no answer on record: what it did to `changes` is not known.

    A later answer that is definite about a change ends the doubt about it.
    """

    number: int
    dialog: DialogId
    changes: frozenset[ChangeKey]
    intended_at: datetime


def oldest(doubts: Iterable[Doubt]) -> Mapping[DialogId, datetime]:
    """Give, for each dialog that such a call is about, when the oldest was intended."""
    since: dict[DialogId, datetime] = {}
    for doubt in doubts:
        since[doubt.dialog] = min(doubt.intended_at, since.get(doubt.dialog, doubt.intended_at))
    return since
