"""The applied state of one dialog: what the ledger says was applied. It claims nothing about the server."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from reconciler.core.change_key import ChangeKey
from reconciler.core.message import Mark, MessageId, UserId
from reconciler.core.message_text import MessageText, TextDigest


class AppliedMark(NamedTuple):
    """One user has one mark on one message."""

    message: MessageId
    mark: Mark
    user: UserId


class DialogMark(NamedTuple):
    """One mark of one user on a whole dialog."""

    mark: Mark
    user: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedText:
    """The text last applied, and when; `text` is None where the ledger keeps digests only.

    It is not `certain` where a later call that changes it was made and its answer never came: then
    the message may say either.
    """

    digest: TextDigest
    text: MessageText | None = None
    at: datetime | None = None
    certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedDialogMark:
    """When a whole dialog was last marked, and for which `requestedAt`."""

    at: datetime
    requested_at: str | None = None


class Setback(StrEnum):
    """How an attempt ended that did not apply its change."""

    DEFERRED = "deferred"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAttempt:
    """What the ledger remembers of a change whose last attempt did not apply it.

    A rejection stands until the manifest (`manifest`, its digest) changes; a deferral until
    `retry_at`, or until another text (`wanted`) is declared. It is to be tried `alone` where the
    call carried text and marks and was refused as a whole: then nobody knows which part was meant.
    """

    setback: Setback
    manifest: bytes
    wanted: TextDigest | None
    attempts: int
    retry_at: datetime | None
    status: int | None
    words: str
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedState:
    """All that the ledger knows of one dialog.

    `manifests` are the digests of the manifests that the texts and marks here were applied for:
    as long as that is one and the same, the dialog is still being brought to it for the first time.
    """

    texts: Mapping[MessageId, AppliedText] = field(default_factory=dict)
    marks: AbstractSet[AppliedMark] = frozenset()
    dialog_marks: Mapping[DialogMark, AppliedDialogMark] = field(default_factory=dict)
    failed: Mapping[ChangeKey, FailedAttempt] = field(default_factory=dict)
    manifests: AbstractSet[bytes] = frozenset()
