"""Ids, users and message text: types of their own, so that an invalid one cannot be made.

Source: the vendor's *Update Message* page. Dialog and message ids are 24 hex digits, written by
the service in lower case; user ids are positive integers.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_ID: Final = re.compile(r"[0-9a-f]{24}")
# C0 but tab and newline, DEL, C1: control characters broke dialogs once. Lone surrogates cannot be sent.
_UNSENDABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LARGEST_USER: Final = 2**63 - 1


class Mark(StrEnum):
    """A one-way state of a message for one user; the service has no way back."""

    READ = "read"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True, order=True)
class MessageId:
    """One message. Raises ValueError unless 24 lower-case hex digits."""

    value: str

    def __post_init__(self) -> None:
        """Refuse what would address something else: an empty id is the whole dialog."""
        _check_id(self.value)

    def __str__(self) -> str:
        """Give the id as the service writes it."""
        return self.value


@dataclass(frozen=True, slots=True, order=True)
class DialogId:
    """One dialog. Raises ValueError unless 24 lower-case hex digits."""

    value: str

    def __post_init__(self) -> None:
        """Refuse what is not an id."""
        _check_id(self.value)

    def __str__(self) -> str:
        """Give the id as the service writes it."""
        return self.value


@dataclass(frozen=True, slots=True, order=True)
class UserId:
    """One user of the chat service. Raises ValueError unless 1 to 2**63 - 1."""

    value: int

    def __post_init__(self) -> None:
        """Refuse what no user can have."""
        if not 1 <= self.value <= _LARGEST_USER:
            msg = f"a user id is a number from 1 to {_LARGEST_USER}"
            raise ValueError(msg)

    def __str__(self) -> str:
        """Give the id in decimal digits."""
        return str(self.value)


@dataclass(frozen=True, slots=True)
class TextDigest:
    """SHA-256 of a text's UTF-8 bytes: tells texts apart where the text itself is not kept."""

    value: bytes

    def __str__(self) -> str:
        """Give enough of the digest to tell two apart on a screen."""
        return f"sha256:{self.value.hex()[:12]}"


class MessageText:
    """What a message says. Never shown by accident: `repr` and `str` give its length only.

    No dataclass, for `dataclasses.asdict` would open it. Raises ValueError where the text is
    empty or holds a character that cannot be sent.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not value:
            msg = "a message text cannot be empty"
            raise ValueError(msg)
        if unsendable(value) is not None:
            msg = "a message text cannot hold control characters or lone surrogates"
            raise ValueError(msg)
        self._value: Final = value

    def __repr__(self) -> str:
        """Show the length, never the text."""
        return f"MessageText(<{len(self._value)} characters>)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        """Tell whether both say the same."""
        return isinstance(other, MessageText) and self._value == other._value

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(self._value)

    def reveal(self) -> str:
        """Give the text itself: to the wire, to the ledger, to a reader who asked."""
        return self._value

    def digest(self) -> TextDigest:
        """Give the digest that the ledger compares by."""
        return TextDigest(hashlib.sha256(self._value.encode()).digest())


def unsendable(text: str) -> str | None:
    """Give the first character of `text` that cannot be sent, if there is one."""
    found = _UNSENDABLE.search(text)
    return found.group() if found else None


def _check_id(value: str) -> None:
    if _ID.fullmatch(value) is None:
        msg = "an id is 24 lower-case hex digits"
        raise ValueError(msg)
