"""Guards that tripped, for people."""

from collections.abc import Iterable, Iterator

from reconciler.core.refusal import Refusal
from reconciler.render.line import Line, Piece
from reconciler.render.words import count


def refusal_lines(refusals: Iterable[Refusal]) -> Iterator[Line]:
    """Give, for each guard that tripped, what it found and the command that lets exactly that pass."""
    for refusal in refusals:
        held = count(len(refusal.dialogs), "dialog")
        yield (Piece(f"Guard, {refusal.guard}: {refusal.words}; {held} held.", "bad"),)
        yield (Piece("Let exactly this pass: "), Piece(refusal.command, "bold"))
