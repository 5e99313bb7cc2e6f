"""A manifest: one validated YAML document that declares one dialog.

Everything is resolved: whoever acts is named, `true` has become a user. What is not declared is
not managed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core.message import DialogId, MessageId, UserId
from reconciler.core.message_text import MessageText
from reconciler.core.problem import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspend:
    """Nothing is sent for this dialog before `until`."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredText:
    """What one message must say, and who says it."""

    text: MessageText
    actor: UserId
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredUsers:
    """Who must have a mark. `origin` is the place of the `read` or `delivered` key's value."""

    users: tuple[UserId, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredMessage:
    """One message of the manifest; each part is None where it is not declared."""

    id: MessageId
    origin: Origin
    text: DeclaredText | None = None
    read: DeclaredUsers | None = None
    delivered: DeclaredUsers | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The desired state of one dialog.

    `read` and `delivered` here are the whole dialog's marks; `interval` and `requested_at` say
    when those are asserted again. `digest` is of the document's own
    text and of the rules that it was read under.
    """

    name: str
    dialog: DialogId
    origin: Origin
    digest: bytes
    labels: Mapping[str, str]
    read: DeclaredUsers | None = None
    delivered: DeclaredUsers | None = None
    interval: timedelta | None = None
    requested_at: str | None = None
    suspend: Suspend | None = None
    messages: tuple[DeclaredMessage, ...] = ()

    def declared(self) -> int:
        """Count what is declared: texts, and marks, one a user."""
        parts = (self.read, self.delivered, *(p for m in self.messages for p in (m.read, m.delivered)))
        marks = sum(len(part.users) for part in parts if part is not None)
        return marks + sum(message.text is not None for message in self.messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenManifest:
    """A document that cannot be used, with its names where those could be read.

    Its dialog stays as it was last applied: a broken manifest never means "nothing is wanted".
    """

    name: str | None
    dialog: DialogId | None
    origin: Origin
