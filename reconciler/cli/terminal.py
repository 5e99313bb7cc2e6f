"""Output on a terminal: colours, and tables that fit. `output` imports this where there is one."""

from typing import Final, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from reconciler.cli.columns import NARROWEST, WIDEST, Columns
from reconciler.render.line import Line, Piece

_THEME: Final = Theme(
    {"place": "dim", "old": "red", "new": "green", "warn": "yellow", "good": "green", "bad": "red"}
)


class Terminal:
    """A terminal, or what cares for characters like one."""

    def __init__(self, stream: TextIO) -> None:
        self._console = console(stream)

    def print(self, said: str | Line = "", *, style: str = "") -> None:
        """Print lines."""
        self._console.print(said if isinstance(said, str) else _styled(said), style=style)

    def print_columns(self, table: Columns) -> None:
        """Print a table, folded where the terminal is narrow."""
        grid = Table(box=None, pad_edge=False, header_style="bold")
        for heading, free in table.columns:
            grid.add_column(heading, no_wrap=not free, overflow="fold", min_width=NARROWEST if free else None)
        for row in table.rows:
            grid.add_row(*(_styled((piece,)) for piece in row))
        self._console.print(grid)


def console(stream: TextIO) -> Console:
    """Give what draws on a stream; plain where that is no terminal or `NO_COLOR` is set."""
    return Console(
        file=stream,
        theme=_THEME,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
        width=None if stream.isatty() else WIDEST,
    )


def _styled(line: tuple[Piece, ...]) -> Text:
    return Text.assemble(*((piece.text, piece.style) for piece in line))
