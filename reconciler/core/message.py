"""Ids, users and marks: types of their own, so that an invalid one cannot be made.

Source: the vendor's *Update Message* page. Dialog and message ids are 24 hex digits, written by
the service in lower case; user ids are positive integers.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_ID: Final = re.compile(r"[0-9a-f]{24}")
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


def _check_id(value: str) -> None:
    if _ID.fullmatch(value) is None:
        msg = "an id is 24 lower-case hex digits"
        raise ValueError(msg)
