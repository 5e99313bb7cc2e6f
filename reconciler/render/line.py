"""A line for people: styled pieces, which a terminal colours and a pipe shows plain."""

from typing import NamedTuple


class Piece(NamedTuple):
    """A stretch of a line; `style` is a name of the terminal's theme, or empty."""

    text: str
    style: str = ""


Line = tuple[Piece, ...]


def plain(line: Line) -> str:
    """Give a line without its styles."""
    return "".join(piece.text for piece in line)
