"""What a new text changes in an old one: the part between what both begin and end with."""

import re
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"\w+|\W")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDiff:
    """`before` and `after` are in both texts; `old` is replaced by `new` between them."""

    before: str
    old: str
    new: str
    after: str


def text_diff(old: str, new: str) -> TextDiff:
    """Tell two texts apart by whole words, in one look at each: a text may have 10,000 characters."""
    olds, news = _WORD.findall(old), _WORD.findall(new)
    shorter = min(len(olds), len(news))
    start = next((i for i in range(shorter) if olds[i] != news[i]), shorter)
    most = shorter - start
    end = next((i for i in range(most) if olds[-1 - i] != news[-1 - i]), most)
    return TextDiff(
        before="".join(olds[:start]),
        old="".join(olds[start : len(olds) - end]),
        new="".join(news[start : len(news) - end]),
        after="".join(olds[len(olds) - end :]),
    )
