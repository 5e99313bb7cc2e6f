"""Names of files that a line can show: no control characters in them, and no bytes other than UTF-8."""

import re
from typing import Final

_UNSHOWABLE: Final = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"
"""None of these is printable. Compiled only where a name has something in it that is not: few have."""


def is_showable(name: str) -> bool:
    """Tell whether a name can be shown as it is."""
    return name.isprintable() or re.search(_UNSHOWABLE, name) is None


def shown(path: str) -> str:
    """Give a path with what can't be shown spelt out."""
    return re.sub(_UNSHOWABLE, _escape, path)


def _escape(character: re.Match[str]) -> str:
    return character.group().encode("unicode_escape").decode("ascii")
