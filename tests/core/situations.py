"""Situations: a manifest and what the ledger knows, over three messages, three users and two texts.

The universe is small on purpose, so that declared, applied and failed parts overlap often. Where
several are picked from a list, one number tells which: quick to draw, and it shrinks to none.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple, TypeVar

from hypothesis import strategies as st

from reconciler.core.applied import (
    AppliedMark,
    AppliedState,
    ChangeKey,
    DialogMark,
    FailedAttempt,
)
from reconciler.core.manifest import DeclaredMessage, Manifest
from reconciler.core.message import Mark, MessageId
from tests.core.builders import (
    EARLIER,
    MESSAGES,
    MINUTE,
    NOW,
    SECOND,
    THIS,
    USERS,
    applied,
    deferred,
    manifest,
    marked,
    message,
    rejected,
    suspended,
)

T = TypeVar("T")

TEXTS: Final = ("Hi", "Ho")
INTERVAL: Final = 10 * MINUTE
MARKS: Final = tuple(AppliedMark(which, mark, user) for which in MESSAGES for mark in Mark for user in USERS)
DIALOG_MARKS: Final = tuple(DialogMark(mark, user) for mark in Mark for user in USERS)
KEYS: Final = (
    *(ChangeKey(which, None, None) for which in MESSAGES),
    *(ChangeKey(*mark) for mark in MARKS),
    *(ChangeKey(None, *mark) for mark in DIALOG_MARKS),
)


class Situation(NamedTuple):
    """A manifest, and what the ledger knows of its dialog."""

    manifest: Manifest
    applied: AppliedState


def several(items: Sequence[T]) -> st.SearchStrategy[tuple[T, ...]]:
    """Pick any of `items`, in their order."""
    return st.integers(0, 2 ** len(items) - 1).map(
        lambda number: tuple(item for place, item in enumerate(items) if number >> place & 1)
    )


def few(items: Sequence[T]) -> st.SearchStrategy[tuple[T, ...]]:
    """Pick about a quarter of `items`, in their order."""
    return st.builds(lambda one, other: tuple(i for i in one if i in other), several(items), several(items))


def maybe_text() -> st.SearchStrategy[str | None]:
    return st.sampled_from((None, *TEXTS))


def declared_messages(which: MessageId) -> st.SearchStrategy[DeclaredMessage]:
    return st.builds(
        message,
        st.just(which),
        maybe_text(),
        by=st.sampled_from(USERS),
        read=several(USERS),
        delivered=several(USERS),
    )


manifests: Final = st.builds(
    lambda messages, **rest: manifest(*messages, **rest),
    several(MESSAGES).flatmap(lambda ids: st.tuples(*(declared_messages(which) for which in ids))),
    read=few(USERS),
    delivered=few(USERS),
    interval=st.sampled_from((None, INTERVAL)),
    requested_at=st.sampled_from((None, "Monday", "Tuesday")),
)

_asserted: Final = st.builds(
    marked,
    st.sampled_from((MINUTE, INTERVAL - SECOND, INTERVAL, INTERVAL + MINUTE)),
    st.sampled_from((None, "Monday", "Tuesday")),
)


_dialog_marks: Final = several(DIALOG_MARKS).flatmap(
    lambda marks: st.fixed_dictionaries(dict.fromkeys(marks, _asserted))
)

untroubled_states: Final = st.builds(
    lambda texts, marks, dialog_marks: applied(
        {which: says for which, says in zip(MESSAGES, texts, strict=True) if says}, marks, dialog_marks
    ),
    st.tuples(*[maybe_text()] * len(MESSAGES)),
    few(MARKS),
    _dialog_marks,
)


def _failures(wanted: str | None) -> tuple[FailedAttempt, ...]:
    return (
        rejected(under=THIS, wanted=wanted),
        rejected(under=EARLIER, wanted=wanted),
        deferred(MINUTE, wanted=wanted),
        deferred(2 * MINUTE, wanted=wanted, attempts=3),
        deferred(0 * SECOND, wanted=wanted),
        deferred(None, wanted=wanted),
    )


_failed_text: Final = st.sampled_from(tuple(failure for says in TEXTS for failure in _failures(says)))
_failed_mark: Final = st.sampled_from(_failures(None))

failures: Final = few(KEYS).flatmap(
    lambda keys: st.fixed_dictionaries({key: _failed_mark if key.mark else _failed_text for key in keys})
)

untroubled: Final = st.builds(Situation, manifests, untroubled_states)
"""Nothing has failed and nothing is suspended: all that differs is to be sent."""

situations: Final = st.builds(
    lambda wanted, known, failed: Situation(wanted, replace(known, failed=failed)),
    manifests,
    untroubled_states,
    failures,
)
"""Some of it has failed before: some is held, some is to be tried again."""

suspensions: Final = st.sampled_from((None, suspended(NOW), suspended(NOW + SECOND)))
