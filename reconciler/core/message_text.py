"""What a message says: a type of its own that never shows itself by accident, and holds what can be sent."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

# C0 but tab and newline, DEL, C1: control characters broke dialogs once. Lone surrogates cannot be sent.
_UNSENDABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


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
