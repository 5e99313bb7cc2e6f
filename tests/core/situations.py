"""Situations: a manifest and what the ledger knows, over three messages, three users and two texts.

The universe is small on purpose, so that declared, applied and failed parts overlap often. Where
several are picked from a list, numbers tell which: quick to draw, and they shrink to none.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final, NamedTuple, TypeVar

from hypothesis import strategies as st

from reconciler.core.applied import AppliedDialogMark, AppliedMark, AppliedState, DialogMark, FailedAttempt
from reconciler.core.change_key import ChangeKey
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

K = TypeVar("K")
T = TypeVar("T")

_EVEN: Final = 6
"""Bits of a number of which hypothesis draws each with even odds; in a larger one it prefers the low bits."""

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


def half(items: Sequence[T]) -> st.SearchStrategy[tuple[T, ...]]:
    """Pick about half of `items`, in their order."""
    parts = [items[start : start + _EVEN] for start in range(0, len(items), _EVEN)]
    return st.tuples(*map(_half_of_few, parts)).map(lambda picked: tuple(chain.from_iterable(picked)))


def few(items: Sequence[T]) -> st.SearchStrategy[tuple[T, ...]]:
    """Pick about a quarter of `items`, in their order."""
    return st.builds(lambda one, other: tuple(i for i in one if i in other), half(items), half(items))


def none_to_half(items: Sequence[T]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.just(()) | few(items) | half(items)


def half_to_all(items: Sequence[T]) -> st.SearchStrategy[tuple[T, ...]]:
    return half(items) | st.just(tuple(items))


def _half_of_few(items: Sequence[T]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.integers(0, 2 ** len(items) - 1).map(
        lambda number: tuple(item for place, item in enumerate(items) if number >> place & 1)
    )


def maybe_text() -> st.SearchStrategy[str | None]:
    return st.sampled_from((None, *TEXTS))


def declared_messages(which: MessageId) -> st.SearchStrategy[DeclaredMessage]:
    return st.builds(
        message,
        st.just(which),
        maybe_text(),
        by=st.sampled_from(USERS),
        read=half_to_all(USERS),
        delivered=half_to_all(USERS),
    )


def _manifest(messages: tuple[DeclaredMessage, ...], **rest: Any) -> Manifest:
    return manifest(*messages, **rest)


manifests: Final = st.builds(
    _manifest,
    half_to_all(MESSAGES).flatmap(lambda ids: st.tuples(*(declared_messages(which) for which in ids))),
    read=half(USERS),
    delivered=half(USERS),
    interval=st.sampled_from((None, INTERVAL)),
    requested_at=st.sampled_from((None, "Monday", "Tuesday")),
)

_asserted: Final = st.builds(
    marked,
    st.sampled_from((MINUTE, INTERVAL - SECOND, INTERVAL, INTERVAL + MINUTE)),
    st.sampled_from((None, "Monday", "Tuesday")),
)


def in_sync(wanted: Manifest, done: Collection[ChangeKey] = KEYS) -> AppliedState:
    """Give what the ledger knows where of all that could be declared `done` was applied, as declared."""
    return applied(
        {
            m.id: m.text.text.reveal()
            for m in wanted.messages
            if m.text and ChangeKey(m.id, None, None) in done
        },
        [mark for mark in MARKS if ChangeKey(*mark) in done],
        {
            mark: marked(MINUTE, requested_at=wanted.requested_at)
            for mark in DIALOG_MARKS
            if ChangeKey(None, *mark) in done
        },
    )


def _after_edits(
    wanted: Manifest,
    done: tuple[ChangeKey, ...],
    old_texts: dict[MessageId, str],
    old_dialog_marks: dict[DialogMark, AppliedDialogMark],
    doubted: tuple[MessageId, ...],
) -> AppliedState:
    """Give what the ledger knows where what is not done was done otherwise, before; or is in doubt."""
    known, before = in_sync(wanted, done), applied(old_texts)
    texts = {**before.texts, **known.texts}
    return replace(
        known,
        texts={
            which: replace(text, certain=False) if which in doubted else text for which, text in texts.items()
        },
        dialog_marks={**old_dialog_marks, **known.dialog_marks},
    )


def _each(keys: Iterable[K], value: st.SearchStrategy[T]) -> st.SearchStrategy[dict[K, T]]:
    return st.fixed_dictionaries(dict.fromkeys(keys, value))


_old_texts: Final = none_to_half(MESSAGES).flatmap(lambda ids: _each(ids, st.sampled_from(TEXTS)))
_old_dialog_marks: Final = none_to_half(DIALOG_MARKS).flatmap(lambda marks: _each(marks, _asserted))

untroubled: Final = manifests.flatmap(
    lambda wanted: st.builds(
        Situation,
        st.just(wanted),
        st.builds(
            _after_edits, st.just(wanted), none_to_half(KEYS), _old_texts, _old_dialog_marks, few(MESSAGES)
        ),
    )
)
"""Nothing has failed and nothing is suspended: all that differs is to be sent."""

_failure: Final = st.sampled_from(
    tuple(
        failure
        for wanted in TEXTS
        for failure in (
            rejected(under=THIS, wanted=wanted),
            rejected(under=EARLIER, wanted=wanted),
            deferred(MINUTE, wanted=wanted),
            deferred(2 * MINUTE, wanted=wanted, attempts=3),
            deferred(0 * SECOND, wanted=wanted),
            deferred(None, wanted=wanted),
            deferred(0 * SECOND, wanted=wanted, status=403, alone=True),
        )
    )
)


def _failed(situation: Situation, failed: dict[ChangeKey, FailedAttempt]) -> Situation:
    return situation._replace(applied=replace(situation.applied, failed=failed))


situations: Final = st.builds(
    _failed, untroubled, (few(KEYS) | half(KEYS)).flatmap(lambda keys: _each(keys, _failure))
)
"""Some of it has failed before: some is held, some is to be tried again."""

suspensions: Final = st.sampled_from((None, suspended(NOW), suspended(NOW + SECOND)))
