"""Text of a file -> a stretch for each of its documents, cut where no mistake can reach across.

A line that starts with `---` or `...` ends a document wherever it stands, also in an unclosed quote or
bracket (YAML 1.1, 9.1.2; both parsers keep to it). So what is wrong in one document stays in it.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

# Directives before a `---` belong to the document behind it. They are matched without one too: a search
# that began anew at each line of a long row of them would take quadratic time. A byte order mark may
# start any document, not only the first (YAML 1.2.2, 9.1.1).
_CUT: Final = re.compile(
    r"""(?<![^\r\n]) (?P<order_mark>\ufeff?) (?:
    (?P<directives>(?: %(?:YAML|TAG)[ \t][^\r\n]*(?:\r\n?|\n) (?:[ \t]*(?:\#[^\r\n]*)?(?:\r\n?|\n))*+ )++)
        (?P<start>---(?![^ \t\r\n]))?
    | ---(?![^ \t\r\n])
    | (?P<end>\.\.\.)(?![^ \t\r\n])
    )""",
    re.VERBOSE,
)

_CUTTING: Final = ("---", "...", "%", "\ufeff")
"""What a line starts with that is a cut."""


class Stretch(NamedTuple):
    """The text of one document, with the directives before it; or of none, but comments."""

    text: str
    line: int
    """How many lines stand before it in the file."""

    adrift: bool = False
    """Whether it stands behind `...`, where another document needs a `---` first."""

    last: bool = True
    """Whether the file ends behind it."""


def stretches(text: str) -> Iterator[Stretch]:
    """Cut the text of a file; parts that are empty are left out."""
    start, line, adrift = 0, 0, False
    for cut in _cuts(text):
        if cut["directives"] and not cut["start"]:
            continue
        part = text[start : cut.start()]
        if part:
            yield _stretch(part, line, adrift=adrift, last=False)
        line += count_lines(part)
        adrift = cut["end"] is not None
        start = cut.end("end" if adrift else "order_mark")
    if start < len(text):
        yield _stretch(text[start:], line, adrift=adrift, last=True)


def _cuts(text: str) -> Iterator[re.Match[str]]:
    if "\r" in text or any(f"\n{start}" in text for start in _CUTTING):
        yield from _CUT.finditer(text)
    elif first := _CUT.match(text):
        yield first


def _stretch(part: str, line: int, *, adrift: bool, last: bool) -> Stretch:
    if adrift:  # the `...` becomes blank, so that the columns stay right
        words = part.lstrip(" \t")
        part = " " * (len("...") + len(part) - len(words)) + words
    return Stretch(part, line, adrift, last)


def count_lines(text: str) -> int:
    """Count the line breaks, of all three kinds."""
    breaks = text.count("\n")
    return breaks + text.count("\r") - text.count("\r\n") if "\r" in text else breaks
