"""The rows of the query `in_doubt` as doubts."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from reconciler.core.change_key import ChangeKey
from reconciler.core.doubt import Doubt
from reconciler.core.message import DialogId, Mark, MessageId, UserId
from reconciler.ledger.encoding import time_of


def doubts(rows: Iterable[tuple[Any, ...]]) -> tuple[Doubt, ...]:
    """Put the changes of each call together; the rows of one call follow each other."""
    return tuple(
        Doubt(
            number=number,
            dialog=DialogId(dialog),
            changes=frozenset(_key(row) for row in changes),
            intended_at=time_of(intended_at),
        )
        for (number, dialog, intended_at), changes in groupby(rows, lambda row: (row[0], row[1], row[5]))
    )


def _key(row: tuple[Any, ...]) -> ChangeKey:
    _, _, message, mark, user, _ = row
    return ChangeKey(
        MessageId(message) if message else None, Mark(mark) if mark else None, UserId(user) if user else None
    )
