"""Cuts out of the service's words what we had sent: a message text, a credential.

An error may quote the text that it refuses, whole, shortened or escaped. Any eight characters in
a row that stand in what was sent are cut; what is shorter than eight is cut where it stands as a
word of its own.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final
from urllib.parse import quote, quote_plus

_WINDOW: Final = 8
_CUT: Final = "[...]"


def without_echo(words: str, sent: Iterable[str]) -> str:
    """Give `words`, which have single spaces only, without what they repeat of `sent`."""
    hidden = [False] * len(words)
    for form in {form for value in sent for form in _forms(value)}:
        for start, end in _repeats(words, form):
            hidden[start:end] = [True] * (end - start)
    runs = groupby(zip(words, hidden, strict=True), key=lambda pair: pair[1])
    return "".join(_CUT if cut else "".join(char for char, _ in run) for cut, run in runs)


def _forms(value: str) -> Iterator[str]:
    """Give the ways in which a service is likely to write a value that it quotes."""
    plain = " ".join(value.split())
    yield plain
    yield " ".join(json.dumps(value)[1:-1].split())
    yield html.escape(plain)
    yield quote(value)
    yield quote_plus(value)


def _repeats(words: str, form: str) -> Iterator[tuple[int, int]]:
    if len(form) < _WINDOW:
        if form:
            yield from (found.span() for found in re.finditer(rf"(?<!\w){re.escape(form)}(?!\w)", words))
        return
    for start in range(len(words) - _WINDOW + 1):
        if words[start : start + _WINDOW] in form:
            yield start, start + _WINDOW
