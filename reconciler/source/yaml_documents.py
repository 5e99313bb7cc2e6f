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
from typing import Any, Final, NamedTuple

from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
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
    except (YAMLError, ValueError, OverflowError) as error:  # the latter two from the Python parser
        yield tree.cut_off(explain(error, text, path))
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


class _Open(NamedTuple):
    """A list or mapping that is being read, and the items of the one around it."""

    around: list[Node]
    mapping: bool
    line: int
    column: int


class _Tree:
    """Builds the tree of one document after the other from the events of the file.

    `_items` is the innermost open list or mapping, of a mapping its keys and values in turn;
    `_outer` holds those around it, each with the kind and the place of the one inside.
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
            SequenceEndEvent: self._close,
            MappingEndEvent: self._close,
        }

    def document(self, event: Any) -> Document:
        """Give the document that ends here."""
        digest = hashlib.sha256(self._text[self._first : event.start_mark.index].encode()).digest()
        return Document(root=self._items[0], digest=digest, found=self._found)

    def cut_off(self, why: Problem) -> CutOff:
        """Close what is open, and give what is there."""
        while self._outer:
            if self._outer[-1].mapping:
                del self._items[len(self._items) // 2 * 2 :]  # a key whose value did not come
            self._close(None)
        return CutOff(root=self._items[0] if self._items else None, found=self._found, why=why)

    def _start(self, event: Any) -> None:
        self._first = 0 if event is None else event.end_mark.index
        self._found = Diagnostics(self._path)
        self._items: list[Node] = []
        self._outer: list[_Open] = []
        self._anchors: dict[str, ScalarNode | None] = {}

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        node = ScalarNode(
            event.value, event.implicit[0], mark.line + 1, mark.column + 1, event.end_mark.index
        )
        self._items.append(node)
        if event.anchor is not None or event.tag is not None:
            self._decorate(event, node)

    def _alias(self, event: Any) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        scalar = self._anchors.get(event.anchor)
        if scalar is not None:
            node = scalar._replace(line=line, column=column)
        else:
            node = ScalarNode("", False, line, column, event.end_mark.index)  # noqa: FBT003  # a tuple's field
            self._unresolved(node, event.anchor)
        self._items.append(node)

    def _unresolved(self, node: ScalarNode, anchor: str) -> None:
        if anchor in self._anchors:
            what, todo = "an alias of a list or a mapping", "write out here what it stands for"
        else:
            what, todo = "an alias without an anchor before it", "put a text that starts with * in quotes"
        self._found.add(node, what, todo)
        self._found.mute(node)

    def _open(self, event: Any) -> None:
        mark = event.start_mark
        if len(self._outer) == DEEPEST:
            origin = Origin(self._path, mark.line + 1, mark.column + 1)
            raise _TooDeepError(Problem(origin, f"nested deeper than {DEEPEST} levels", "close what is open"))
        if not self._outer:
            self._first = mark.index
        line, column = mark.line + 1, mark.column + 1
        self._outer.append(_Open(self._items, type(event) is MappingStartEvent, line, column))
        self._items = []
        if event.anchor is not None or event.tag is not None:
            self._decorate(event, SequenceNode(self._items, line, column))

    def _close(self, _event: Any) -> None:
        items = self._items
        self._items, mapping, line, column = self._outer.pop()
        if mapping:
            self._items.append(self._mapping(items, line, column))
        else:
            self._items.append(SequenceNode(items, line, column))

    def _mapping(self, items: list[Node], line: int, column: int) -> MappingNode:
        keys: list[ScalarNode] = []
        values: dict[str, Node] = {}
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is ScalarNode:
                keys.append(key)
                values.setdefault(key.text, value)
            else:
                self._found.add(key, "a list or a mapping as a key", "write the key as a plain word")
        if len(values) != len(keys):
            self._repeated(keys)
        if "<<" in values:
            keys = self._without_merges(keys, values)
        return MappingNode(keys, values, line, column)

    def _repeated(self, keys: list[ScalarNode]) -> None:
        lines: dict[str, int] = {}
        for key in keys:
            if key.text in lines:
                what = f"the key {quote(key.text)} stands twice, first in line {lines[key.text]}"
                self._found.add(key, what, "keep one of them")
            else:
                lines[key.text] = key.line

    def _without_merges(self, keys: list[ScalarNode], values: dict[str, Node]) -> list[ScalarNode]:
        for key in keys:
            if key.text == "<<" and key.plain:
                self._found.add(key, "a merge key", "write out what it would merge")
                values.pop(key.text, None)
        return [key for key in keys if key.text in values]

    def _decorate(self, event: Any, node: Node) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = node if type(node) is ScalarNode else None
        if event.tag is not None:
            self._found.add(node, "a tag", "remove it, or put a text that starts with ! in quotes")
            self._found.mute(node)
