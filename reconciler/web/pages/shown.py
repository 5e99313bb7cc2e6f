"""Foreign text as it is safe to look at: what is seen is what is there."""

import re
from typing import Final

from reconciler.render.words import visible

_LONGEST: Final = 0xFFFF
"""The largest character that four digits spell."""

_UNSEEN: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters but tab and newline, fillers without ink, tags, lone surrogates."""


def shown(text: str) -> str:
    """Give a text with every character spelt out that would not be seen, or could not be sent."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(_spelt, visible(text))


def _spelt(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\u{code:04x}" if code <= _LONGEST else f"\\U{code:08x}"
