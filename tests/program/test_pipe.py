"""A pipe gets the words that a terminal without colours and without an edge would show."""

import io

from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.columns import Column, Columns
from reconciler.cli.output import Output, Pipe
from reconciler.cli.terminal import Terminal
from reconciler.render.line import Piece

STYLES = st.sampled_from(["", "place", "old", "new", "warn", "good", "bad", "bold"])
TEXTS = st.text() | st.text(st.characters(max_codepoint=0x7F)) | st.just("dialog-1\tin sync \n\n 5 of 5  ")
LINES = st.lists(st.builds(Piece, TEXTS, STYLES), max_size=4).map(tuple)
WORDS = st.text("abc \u00e9\u754c\n\t", max_size=30) | st.text("abc ", max_size=60)


@st.composite
def tables(draw: st.DrawFn) -> Columns:
    column = st.builds(Column, st.text("ABC", min_size=1), st.booleans())
    columns = draw(st.lists(column, min_size=1, max_size=5))
    row = st.tuples(*(st.builds(Piece, WORDS, STYLES) for _ in columns))
    return Columns(columns, draw(st.lists(row, max_size=5)))


def both() -> tuple[tuple[Output, io.StringIO], tuple[Output, io.StringIO]]:
    pipe, terminal = io.StringIO(), io.StringIO()
    return (Pipe(pipe), pipe), (Terminal(terminal), terminal)


@given(said=TEXTS | LINES, style=STYLES)
def test_lines(said: str | tuple[Piece, ...], style: str) -> None:
    (pipe, piped), (terminal, shown) = both()
    pipe.print(said, style=style)
    terminal.print(said, style=style)
    assert piped.getvalue() == shown.getvalue()


@given(table=tables())
def test_tables(table: Columns) -> None:
    (pipe, piped), (terminal, shown) = both()
    pipe.print_columns(table)
    terminal.print_columns(table)
    assert piped.getvalue() == shown.getvalue()


def test_a_table_that_is_wider_than_any_screen() -> None:
    (pipe, piped), (terminal, shown) = both()
    table = Columns([Column("NOTE", free=True), Column("NEXT")], [(Piece("note " * 3_000), Piece("now"))])
    pipe.print_columns(table)
    terminal.print_columns(table)
    assert piped.getvalue() == shown.getvalue()
