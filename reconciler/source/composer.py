"""Events of a parser -> the tree of one document, each node with its place.

The events are walked without recursion, and no node is made by PyYAML: its composer crashes the
process on deep nesting, and its resolver turns `12:30` into 750.

| refused | because |
|---|---|
| nesting deeper than 32 | time and memory stay bounded |
| tags, merge keys, aliases of a list or mapping | what is meant must stand where it is meant |
| a key that stands twice, a key that is not a scalar | a value would be lost silently |

An alias of a scalar is that scalar at the alias's place.
"""

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final, NamedTuple

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reconciler.source.diagnostics import Diagnostics, quote
from reconciler.source.node import MappingNode, Node, ScalarNode, SequenceNode

DEEPEST: Final = 32


class TooDeepError(Exception):
    """The document nests deeper than `DEEPEST`: at `line` and `column`, from 1."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__()
        self.line = line
        self.column = column


class Unfinished(NamedTuple):
    """What was read of a document before the reading ended."""

    root: Node | None
    opened: int
    """How many lists and mappings were open then: the root, its last value, the last one of that..."""

    flow_line: int | None
    """Where the first of them starts that is in brackets or braces."""


class _Open(NamedTuple):
    """A list or mapping that is being read, and the items of the one around it."""

    around: list[Node]
    mapping: bool
    line: int
    column: int
    flow: bool


class Composer:
    """Builds the tree of a document from its events. `line` is how many lines stand before the text.

    `_items` is the innermost open list or mapping, of a mapping its keys and values in turn;
    `_outer` holds those around it, each with the kind and the place of the one inside.
    """

    def __init__(self, text: str, line: int, found: Diagnostics, *, resumed: bool = False) -> None:
        """Start; with `resumed`, an anchor may stand where the document could not be read."""
        self._text = text
        self._line = line + 1
        self._resumed = resumed
        self.found = found
        self._start(None)

    def digest(self, end: Any) -> bytes:
        """Give the SHA-256 of the document's text from its first key to the event that ends it."""
        return hashlib.sha256(self._text[self._first : end.start_mark.index].encode()).digest()

    def stands_at(self, *keys: str) -> bool:
        """Tell whether the value of the last of these keys comes next; each key is in the one before."""
        if len(self._outer) != len(keys):
            return False
        inside = (*(outer.around for outer in self._outer[1:]), self._items)
        return all(
            len(items) % 2 == 1 and type(items[-1]) is ScalarNode and items[-1].text == key
            for items, key in zip(inside, keys, strict=True)
        )

    def unfinished(self) -> Unfinished:
        """Close what is open, and give what is there."""
        opened = len(self._outer)
        flow_line = next((outer.line for outer in self._outer if outer.flow), None)
        while self._outer:
            if self._outer[-1].mapping and len(self._items) % 2:
                key = self._items[-1]  # its value did not come
                self._items.append(ScalarNode("", True, key.line, key.column, 0))  # noqa: FBT003  # a tuple's field
            self._close(None)
        return Unfinished(self._items[0] if self._items else None, opened, flow_line)

    def _start(self, event: Any) -> None:
        self._first = 0 if event is None else event.end_mark.index
        self._items: list[Node] = []
        self._outer: list[_Open] = []
        self._anchors: dict[str, ScalarNode | None] = {}

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        node = ScalarNode(
            event.value, event.implicit[0], mark.line + self._line, mark.column + 1, event.end_mark.index
        )
        self._items.append(node)
        if event.anchor is not None or event.tag is not None:
            self._decorate(event, node)

    def _alias(self, event: Any) -> None:
        line, column = event.start_mark.line + self._line, event.start_mark.column + 1
        scalar = self._anchors.get(event.anchor)
        if scalar is not None:
            node = scalar._replace(line=line, column=column)
        else:
            node = ScalarNode("", False, line, column, event.end_mark.index)  # noqa: FBT003  # a tuple's field
            self._unresolved(node, event.anchor)
        self._items.append(node)

    def _unresolved(self, node: ScalarNode, anchor: str) -> None:
        if anchor in self._anchors:
            self.found.add(node, "an alias of a list or a mapping", "write out here what it stands for")
        elif not self._resumed:
            what, todo = "an alias without an anchor before it", "put a text that starts with * in quotes"
            self.found.add(node, what, todo)
        self.found.mute(node)

    def _open(self, event: Any) -> None:
        mark = event.start_mark
        if len(self._outer) == DEEPEST:
            raise TooDeepError(mark.line + self._line, mark.column + 1)
        if not self._outer:
            self._first = mark.index
        line, column = mark.line + self._line, mark.column + 1
        self._outer.append(
            _Open(self._items, type(event) is MappingStartEvent, line, column, event.flow_style)
        )
        self._items = []
        if event.anchor is not None or event.tag is not None:
            self._decorate(event, SequenceNode(self._items, line, column))

    def _close(self, _event: Any) -> None:
        items = self._items
        self._items, mapping, line, column, _ = self._outer.pop()
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
                self.found.add(key, "a list or a mapping as a key", "write the key as a plain word")
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
                self.found.add(key, what, "keep one of them")
            else:
                lines[key.text] = key.line

    def _without_merges(self, keys: list[ScalarNode], values: dict[str, Node]) -> list[ScalarNode]:
        for key in keys:
            if key.text == "<<" and key.plain:
                self.found.add(key, "a merge key", "write out what it would merge")
                values.pop(key.text, None)
        return [key for key in keys if key.text in values]

    def _decorate(self, event: Any, node: Node) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = node if type(node) is ScalarNode else None
        if event.tag is not None:
            self.found.add(node, "a tag", "remove it, or put a text that starts with ! in quotes")
            self.found.mute(node)

    HANDLERS: ClassVar[Mapping[type[Event], Callable[["Composer", Any], None]]] = MappingProxyType(
        {
            DocumentStartEvent: _start,
            ScalarEvent: _scalar,
            AliasEvent: _alias,
            SequenceStartEvent: _open,
            MappingStartEvent: _open,
            SequenceEndEvent: _close,
            MappingEndEvent: _close,
        }
    )
    """What to do with an event, if anything."""
