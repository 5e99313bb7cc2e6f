"""Collects what is wrong, so that a reader of a file learns all of it at once."""

import re
from typing import Final

from reconciler.core.problem import Origin, Problem
from reconciler.source.node import Extent, Node

MOST_PROBLEMS: Final = 1000
"""Of one file; what follows would hardly be read, and memory must stay bounded."""

_LONGEST_QUOTE: Final = 40
_WORD: Final = re.compile(r"[0-9A-Za-z+:._/-]{1,40}")


class Diagnostics:
    """The problems of one file or one document of it. None of them may quote message text."""

    __slots__ = ("_muted", "path", "problems")

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._muted: set[tuple[int, int]] = set()

    def add(self, node: Node, what: str, todo: str) -> None:
        """Note a problem with `node`; none with one that was not read whole, which is not known."""
        if node.extent is Extent.WHOLE and (node.line, node.column) not in self._muted:
            self.add_at(node.line, node.column, what, todo)

    def mute(self, node: Node) -> None:
        """Take no more problems with `node`: its value is unknown, all of them would be guesses."""
        self._muted.add((node.line, node.column))

    def add_at(self, line: int, column: int, what: str, todo: str) -> None:
        """Note a problem where no node stands."""
        if len(self.problems) <= MOST_PROBLEMS:  # one more than is shown: it tells that there are more
            self.problems.append(Problem(Origin(self.path, line, column), what, todo))

    def take(self, other: "Diagnostics", above: int | None) -> None:
        """Take over what was found above a line, or all of it."""
        for problem in other.problems:
            if above is None or problem.origin.line < above:
                self.add_at(problem.origin.line, problem.origin.column, problem.what, problem.todo)
        self._muted |= other._muted  # noqa: SLF001  # of the same class

    def origin(self, node: Node) -> Origin:
        """Give the place of `node` as a reader can open it."""
        return Origin(self.path, node.line, node.column)


def quote(text: str) -> str:
    """Give a key or id so that it can be shown anywhere: in quotes, short, and in one line."""
    cut = text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…"
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in cut
    )
    return f'"{shown}"'


def name_value(key: str, value: str) -> str:
    """Name the value of a key, and show it if it is one word: more could be a text put in the wrong line."""
    return f"{key} {quote(value)}" if _WORD.fullmatch(value) else f"this {key}"
