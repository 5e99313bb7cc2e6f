"""Nodes: what stands in a YAML document, and where. Lines and columns count from 1."""

from typing import Final, NamedTuple

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


class ScalarNode(NamedTuple):
    """One value as its source text: whether `12:30` is a time is for the manifest's format to say.

    `plain` is without quotes and not as a block; `end` the index behind it in the file's text.
    """

    text: str
    plain: bool
    line: int
    column: int
    end: int

    @property
    def null(self) -> bool:
        """Whether this is one of YAML's ways to say that there is no value."""
        return self.plain and self.text in _NULLS


class SequenceNode(NamedTuple):
    """A list."""

    items: list["Node"]
    line: int
    column: int


class MappingNode(NamedTuple):
    """Keys and values; where a key stands twice, its first value."""

    keys: list[ScalarNode]
    values: dict[str, "Node"]
    line: int
    column: int


Node = ScalarNode | SequenceNode | MappingNode
