"""Nodes: what stands in a YAML document, and where. Lines and columns count from 1."""

from enum import Enum, auto
from typing import Final, NamedTuple

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


class Extent(Enum):
    """How much of a list or mapping is known."""

    WHOLE = auto()
    CUT = auto()
    """There may be more than was read."""

    DOUBTFUL = auto()
    """So too; and it may belong elsewhere, for the error stands right behind it."""


class ScalarNode(NamedTuple):
    """One value as its source text: whether `12:30` is a time is for the manifest's format to say.

    `plain` is without quotes and not as a block; `end` the index behind it in the file's text.
    """

    text: str
    plain: bool
    line: int
    column: int
    end: int

    def __repr__(self) -> str:
        """Show the place only: it may be a message's text."""
        return f"ScalarNode({self.line}:{self.column})"

    @property
    def null(self) -> bool:
        """Whether this is one of YAML's ways to say that there is no value."""
        return self.plain and self.text in _NULLS

    @property
    def extent(self) -> Extent:
        """A value is read whole or not at all."""
        return Extent.WHOLE


class SequenceNode(NamedTuple):
    """A list."""

    items: list["Node"]
    line: int
    column: int
    extent: Extent = Extent.WHOLE

    def __repr__(self) -> str:
        """Show the place only."""
        return f"SequenceNode({self.line}:{self.column})"


class MappingNode(NamedTuple):
    """Keys and values; where a key stands twice, its first value."""

    keys: list[ScalarNode]
    values: dict[str, "Node"]
    line: int
    column: int
    extent: Extent = Extent.WHOLE

    def __repr__(self) -> str:
        """Show the place only: keys are source text too."""
        return f"MappingNode({self.line}:{self.column})"


Node = ScalarNode | SequenceNode | MappingNode
