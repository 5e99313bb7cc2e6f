"""The rows of one dialog as its applied state."""

from collections.abc import Iterable, Sequence
from typing import Any

from reconciler.core.applied import (
    AppliedDialogMark,
    AppliedMark,
    AppliedState,
    AppliedText,
    DialogMark,
    FailedAttempt,
    Setback,
)
from reconciler.core.change_key import ChangeKey
from reconciler.core.message import Mark, MessageId, UserId
from reconciler.core.message_text import MessageText, TextDigest
from reconciler.ledger.encoding import time_of, unescape

Rows = Sequence[Sequence[Any]]


def applied_state(texts: Rows, marks: Rows, dialog_marks: Rows, failed: Rows) -> AppliedState:
    """Read the rows of the queries `applied_…` and `failed_attempts`."""
    return AppliedState(
        texts=dict(map(_applied_text, texts)),
        marks=frozenset(map(_applied_mark, marks)),
        dialog_marks=dict(map(_applied_dialog_mark, dialog_marks)),
        failed=dict(map(_failed_attempt, failed)),
        manifests=frozenset(row[-1] for row in (*texts, *marks, *dialog_marks)),
    )


def _applied_text(columns: Iterable[Any]) -> tuple[MessageId, AppliedText]:
    message, digest, text, answered_at, certain, _ = columns
    return MessageId(message), AppliedText(
        digest=TextDigest(digest),
        text=None if text is None else MessageText(text),
        at=time_of(answered_at),
        certain=bool(certain),
    )


def _applied_mark(columns: Iterable[Any]) -> AppliedMark:
    message, mark, user, _ = columns
    return AppliedMark(MessageId(message), Mark(mark), UserId(user))


def _applied_dialog_mark(columns: Iterable[Any]) -> tuple[DialogMark, AppliedDialogMark]:
    mark, user, answered_at, requested_at, _ = columns
    return DialogMark(Mark(mark), UserId(user)), AppliedDialogMark(
        at=time_of(answered_at), requested_at=None if requested_at is None else unescape(requested_at)
    )


def _failed_attempt(columns: Iterable[Any]) -> tuple[ChangeKey, FailedAttempt]:
    message, mark, user, kind, manifest, text_digest, attempts, retry_at, status, words, alone = columns
    key = ChangeKey(
        MessageId(message) if message else None, Mark(mark) if mark else None, UserId(user) if user else None
    )
    return key, FailedAttempt(
        setback=Setback(kind),
        manifest=manifest,
        wanted=None if key.mark is not None else TextDigest(text_digest),
        attempts=attempts,
        retry_at=time_of(retry_at),
        status=status,
        words=words,
        alone=bool(alone),
    )
