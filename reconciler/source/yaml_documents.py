"""Text of a file -> its YAML documents, those too that YAML cannot read to their end.

One document after the other is read, each on its own. More than 500,000 events in a file are refused, so
that time and memory stay bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.core.problem import Origin, Problem
from reconciler.source.diagnostics import MOST_PROBLEMS, Diagnostics
from reconciler.source.node import MappingNode
from reconciler.source.reading import MOST_EVENTS, Reader
from reconciler.source.recovery import CutShort, Part, cut_short
from reconciler.source.stretches import stretches
from reconciler.source.syntax import EventParser, FastestParser


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document, and in `found` what YAML itself has against it.

    `digest` is the SHA-256 of its text, from its first key to the start of the next document.
    """

    part: Part
    digest: bytes
    found: Diagnostics


def documents(
    text: str, path: str, parser: type[EventParser] = FastestParser
) -> Iterator[Document | CutShort | Problem]:
    """Give the documents of a file, in order; as the last, a problem where it has too many values."""
    reader = Reader(path, parser)
    told = 0
    for stretch in stretches(text):
        reading = reader.read(stretch)
        root = reading.tree.root
        if not reading.ended:
            why = Problem(Origin(path, 1, 1), f"the file has more than {MOST_EVENTS:,} values", "split it")
            yield CutShort(root=root, parts=(), found=Diagnostics(path), origin=why.origin)
            yield why
            return
        if reading.mistake is not None:
            document = cut_short(stretch, reading, reader, resume=told <= MOST_PROBLEMS)
            told += len(document.found.problems)
            yield document
        elif root is not None and reading.digest is not None:
            if stretch.adrift and not isinstance(root, MappingNode):
                reading.found.mute(root)  # nothing else needs to be said about a word behind `...`
            yield Document(part=Part(root, stretch.text), digest=reading.digest, found=reading.found)
