"""A document that YAML cannot read to its end -> all that can be told about it."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from reconciler.core.problem import Origin
from reconciler.source.diagnostics import Diagnostics
from reconciler.source.node import Node
from reconciler.source.reading import Reader, Reading
from reconciler.source.resumption import Layout, Lines, Resumption
from reconciler.source.stretches import Stretch
from reconciler.source.syntax import Mistake
from reconciler.source.trust import above, first_suspect_line, loosened

_MOST_RESUMPTIONS: Final = 20
"""Of one document, so that the work stays in proportion to its length."""

_NOT_ALL: Final = "(not all that follows in this document could be read)"


class Part(NamedTuple):
    """A tree that can be checked, and the text that its scalars have their `end` in."""

    root: Node
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CutShort:
    """A document that cannot be read to its end, and in `found` why, and what else YAML has against it.

    `parts` are what can be checked, in order. `root` is all that was read before the mistake, also
    what cannot be trusted. `origin` is where the document starts.
    """

    root: Node | None
    parts: tuple[Part, ...]
    found: Diagnostics
    origin: Origin


def cut_short(stretch: Stretch, first: Reading, reader: Reader, *, resume: bool) -> CutShort:
    """Look at a document again in which there is a mistake, above and, with `resume`, below it."""
    recovery = _Recovery(stretch, reader.path)
    recovery.take(first, stretch.text)
    for _ in range(_MOST_RESUMPTIONS if resume else 0):
        at = recovery.next()
        if at is None:
            break
        rest = _from(at, stretch)
        recovery.take(reader.read(rest, resumed=True), rest.text)
    return CutShort(
        root=first.tree.root,
        parts=tuple(recovery.parts),
        found=recovery.found,
        origin=Origin(reader.path, stretch.line + 1, 1),
    )


class _Recovery:
    """What is known of one document so far."""

    def __init__(self, stretch: Stretch, path: str) -> None:
        self.found = Diagnostics(path)
        self.parts: list[Part] = []
        self._lines = Lines(stretch)
        self._layout = Layout()
        self._told: set[Origin] = set()
        self._missed: tuple[int, int] | None = None

    def next(self) -> Resumption | None:
        """Give where to go on, or None where there is no such place, or no need for one."""
        return None if self._missed is None else self._lines.next(*self._missed, self._layout)

    def take(self, reading: Reading, text: str) -> None:
        """Keep of a reading what can be trusted."""
        if reading.mistake is None:
            self._missed = None
            self._keep(reading.tree.root, reading.found, text, None)
            return
        self._tell(reading.mistake)
        self._layout = self._layout.learn(reading.tree)
        line = first_suspect_line(reading.tree, reading.mistake)
        self._missed = line, reading.mistake.until
        self._keep(above(reading.tree, line), reading.found, text, line)

    def _keep(self, root: Node | None, found: Diagnostics, text: str, end: int | None) -> None:
        if root is not None:
            self.found.take(found, end)
            self.parts.append(Part(loosened(root), text))

    def _tell(self, mistake: Mistake) -> None:
        origin, what, todo = mistake.problem.origin, mistake.problem.what, mistake.problem.todo
        if origin not in self._told:
            self._told.add(origin)
            self.found.add_at(origin.line, origin.column, what, f"{todo} {_NOT_ALL}")


def _from(at: Resumption, stretch: Stretch) -> Stretch:
    text = at.header + stretch.text[at.start :]
    return Stretch(text, at.line - 1 - at.header.count("\n"), last=stretch.last)
