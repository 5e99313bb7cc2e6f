"""Which part of a dialog something is about."""

from typing import NamedTuple

from reconciler.core.message import Mark, MessageId, UserId


class ChangeKey(NamedTuple):
    """Which part of a dialog a change is about, whatever its value.

    `message` is None for a mark of the whole dialog; `mark` is None for a text; `user` is None
    for a text, whose author is part of its value.
    """

    message: MessageId | None
    mark: Mark | None
    user: UserId | None
