"""Where the reading of a document can go on behind an error.

In YAML's block style, a line that stands exactly as far to the right as the items of a list, and starts
as they do, is such an item: within an item all else stands further to the right. The same is true of
the keys of a mapping. So the lines from there on can be read on their own, below the keys that they
belong to. (Both parsers also let a quoted text go on further to the left, against YAML's rules; a line
in such a text is taken for an item only if it starts with a key of the format.) This finds more
mistakes and is for that alone: nothing of it is acted upon.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from reconciler.source import keys
from reconciler.source.composer import Unfinished
from reconciler.source.encoding import CONFLICT
from reconciler.source.node import MappingNode, SequenceNode
from reconciler.source.stretches import Stretch, count_lines

_INSIDE_SPEC: Final = 3
"""Of the lists and mappings that are open: the document's own, its spec, and one in there."""

_LINE: Final = re.compile(r"(?<![^\r\n])( *)(-?)( *)([A-Za-z]+):(?![^ \t\r\n])")


class Layout(NamedTuple):
    """How far to the right the parts of a document start, in spaces; None where that is not known."""

    top: int | None = 0
    spec: int | None = None
    messages: int | None = None

    def learn(self, unfinished: Unfinished) -> "Layout":
        """Take over what a tree shows, where more than one line agree or the mistake is further inside."""
        root = unfinished.root
        if not isinstance(root, MappingNode):
            return self if root is None else Layout(None)
        known = Layout(_indent(root), self.spec, self.messages)
        spec = root.values.get("spec")
        if not isinstance(spec, MappingNode) or (unfinished.opened < _INSIDE_SPEC and not _is_spec(spec)):
            return known
        known = known._replace(spec=_indent(spec))
        items = spec.values.get("messages")
        if not isinstance(items, SequenceNode) or not _are_messages(items):
            return known
        return known._replace(messages=items.column - 1)

    def starts_message(self, indent: int, *, below_mistake: bool) -> bool:
        """Tell whether a line that starts an item so far to the right starts one of the messages.

        Where none was seen yet, those up to two spaces further than the keys of the spec do: no text of
        a message can start there. But the line with the mistake could.
        """
        if self.messages is None and self.spec is not None:
            return below_mistake and self.spec <= indent <= self.spec + 2
        return indent == self.messages


class Resumption(NamedTuple):
    """A line from which the reading can go on. It starts at `start`; `header` is to stand before it."""

    line: int
    start: int
    header: str


def _indent(mapping: MappingNode) -> int | None:
    """Give where the keys start; None in braces, which stand before them."""
    match mapping:
        case MappingNode(keys=[first, *_], line=line, column=column) if first[2:4] == (line, column):
            return column - 1
        case _:
            return None


def _is_spec(spec: MappingNode) -> bool:
    match spec.values.get("messages"):
        case SequenceNode() as items if _are_messages(items):
            return True
        case _:
            return len(spec.keys) > 1 and keys.SPEC.names.issuperset(spec.values)


def _are_messages(items: SequenceNode) -> bool:
    match items.items:
        case [MappingNode(keys=[_, _, *_])]:
            return True
        case [_, _, *_] as several:
            return all(isinstance(item, MappingNode) for item in several)
        case _:
            return False


class Lines:
    """The lines of a stretch that may start a key or an item, looked through once from top to bottom."""

    def __init__(self, stretch: Stretch) -> None:
        self._lines = _starts(stretch)

    def next(self, suspect: int, mistake: int, layout: Layout) -> Resumption | None:
        """Give the next one that the layout knows below the line `suspect`; the mistake ends in another."""
        for line, match in self._lines:
            if line > suspect:
                header = _header(match, layout, below_mistake=line > mistake)
                if header is not None:
                    return Resumption(line, match.start(), header)
        return None


def _starts(stretch: Stretch) -> Iterator[tuple[int, re.Match[str]]]:
    line, counted = stretch.line + 1, 0
    conflict = CONFLICT.search(stretch.text)  # all may stand twice behind it
    for match in _LINE.finditer(stretch.text, 0, len(stretch.text) if conflict is None else conflict.start()):
        line += count_lines(stretch.text[counted : match.start()])
        counted = match.start()
        yield line, match


def _header(match: re.Match[str], layout: Layout, *, below_mistake: bool) -> str | None:
    """Give the keys that a line stands below, or None where it is not known to start anything."""
    before, dash, between, key = match.groups()
    if layout.top is None:
        return None
    indent = len(before) + len(between)
    if not dash and indent == layout.top and key in keys.MANIFEST.names:
        return ""
    if layout.spec is None:
        return None
    spec = " " * layout.top + "spec:\n"
    if not dash:
        return spec if indent == layout.spec and key in keys.SPEC.names else None
    if (
        between
        and key in keys.MESSAGE.names
        and layout.starts_message(len(before), below_mistake=below_mistake)
    ):
        return f"{spec}{' ' * layout.spec}messages:\n"
    return None
