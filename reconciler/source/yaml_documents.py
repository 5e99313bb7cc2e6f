"""Text of a file -> its YAML documents as trees of nodes, each node with its place.

The parser's events are walked without recursion, and no node is made by PyYAML: its composer
crashes the process on deep nesting, and its resolver turns `12:30` into 750.

| refused | because |
|---|---|
| nesting deeper than 32, more than 500,000 events | time and memory stay bounded |
| tags, merge keys, aliases of a list or mapping | what is meant must stand where it is meant |
| a key that stands twice, a key that is not a scalar | a value would be lost silently |

An alias of a scalar is that scalar at the alias's place.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from reconciler.core.problem import Origin, Problem
from reconciler.source.diagnostics import Diagnostics, quote
from reconciler.source.node import MappingNode, Node, ScalarNode, SequenceNode
from reconciler.source.syntax import EventParser, FastestParser, explain

DEEPEST: Final = 32
MOST_EVENTS: Final = 500_000
"""One for each scalar and two for each list or mapping: 38,000 messages with four keys each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document, and in `found` what YAML itself has against it.

    `digest` is the SHA-256 of its text, from its first key to the start of the next document.
    """

    root: Node
    digest: bytes
    found: Diagnostics


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """The file cannot be read further; `root` is what was read of the document before that."""

    root: Node | None
    found: Diagnostics
    why: Problem


def documents(text: str, path: str, parser: type[EventParser] = FastestParser) -> Iterator[Document | CutOff]:
    """Give the documents of a file, in order; at most one cut-off, as the last."""
    tree = _Tree(text, path)
    event: Event | None = None
    try:
        # Bytes, because errors about a `str` quote its lines.
        for event in islice(iter(parser(text.encode()).get_event, None), MOST_EVENTS):
            if (handle := tree.handlers.get(type(event))) is not None:
                handle(event)
            if type(event) is DocumentEndEvent:
                yield tree.document(event)
    except (YAMLError, ValueError) as error:
        yield tree.cut_off(explain(error, path))
    except _TooDeepError as error:
        yield tree.cut_off(error.problem)
    else:
        if type(event) is not StreamEndEvent:
            why = Problem(Origin(path, 1, 1), f"the file has more than {MOST_EVENTS:,} values", "split it")
            yield tree.cut_off(why)


class _TooDeepError(Exception):
    """The document nests deeper than `DEEPEST`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem


class _Tree:
    """Builds the tree of one document after the other from the events of the file.

    `_items` is the innermost open collection, of a mapping its keys and values in turn; `_outer`
    are those around it, each with the event that opened the one inside.
    """

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = path
        self._start(None)
        self.handlers: Mapping[type[Event], Callable[[Any], None]] = {
            DocumentStartEvent: self._start,
            ScalarEvent: self._scalar,
            AliasEvent: self._alias,
            SequenceStartEvent: self._open,
            MappingStartEvent: self._open,
            SequenceEndEvent: self._close_sequence,
            MappingEndEvent: self._close_mapping,
        }

    def document(self, event: DocumentEndEvent) -> Document:
        """Give the document that ends here."""
        digest = hashlib.sha256(self._text[self._first : event.start_mark.index].encode()).digest()
        return Document(root=self._items[0], digest=digest, found=self._found)

    def cut_off(self, why: Problem) -> CutOff:
        """Close what is open and give what is there."""
        while self._outer:
            if type(self._outer[-1][1]) is MappingStartEvent:
                del self._items[len(self._items) // 2 * 2 :]
                self._close_mapping(None)
            else:
                self._close_sequence(None)
        return CutOff(root=self._items[0] if self._items else None, found=self._found, why=why)
