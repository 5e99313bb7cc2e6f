"""A table for people: a terminal fits it to its width, a pipe gets each column as wide as it is long."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from reconciler.render.line import Piece

NARROWEST: Final = 20
"""Characters that a free column has at least."""

WIDEST: Final = 10_000
"""Characters of a line where no terminal limits it."""

_GAP: Final = "  "


class Column(NamedTuple):
    """One column's heading; a `free` one may be folded where a terminal is narrow."""

    heading: str
    free: bool = False


class Columns(NamedTuple):
    """A table: its columns, and rows of as many pieces."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Piece]]


def plain_lines(table: Columns) -> list[str] | None:
    """Lay a table out without styles; None where it takes knowledge of how wide its characters are."""
    rows = [[column.heading for column in table.columns]]
    rows += [[piece.text for piece in row] for row in table.rows]
    if not all(cell.isascii() and cell.isprintable() for row in rows for cell in row):
        return None
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    widths = [
        max(width, NARROWEST) if column.free else width
        for width, column in zip(widths, table.columns, strict=True)
    ]
    if sum(widths) + len(_GAP) * len(widths) > WIDEST:
        return None
    return [_GAP.join(map(str.ljust, row, widths)) for row in rows]
