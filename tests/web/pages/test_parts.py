"""What pages are made of: differences of texts, drawings, times, forms, addresses, files."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.condition import Condition
from reconciler.ledger.history import Result
from reconciler.web.model import DialogQuery, DialogSort, HistoryQuery
from reconciler.web.pages import address
from reconciler.web.pages.assets import ASSETS, asset
from reconciler.web.pages.chart import HEIGHT, LATENCY_HEIGHT, STEP, chart
from reconciler.web.pages.form import Form
from reconciler.web.pages.moments import relative
from reconciler.web.pages.text_diff import text_diff
from reconciler.web.parameters import Parameters
from reconciler.web.queries import DIALOG_FILTERS, HISTORY_FILTERS, dialog_query, history_query
from reconciler.web.state import PassSummary
from tests.web.pages.values import NOW, passes

TEMPLATES: Final = {
    file.name: file.read_text() for file in resources.files("reconciler.web").joinpath("templates").iterdir()
}


class Query:
    """A query as a browser sends it."""

    def __init__(self, *fields: tuple[str, str]) -> None:
        self.fields = fields

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.fields)

    def getall(self, key: str, default: list[str]) -> list[str]:
        return [value for name, value in self.fields if name == key] or default


def sent_to(link: str) -> Form:
    return Form(Query(*parse_qsl(urlsplit(link).query, keep_blank_values=True)))


# Texts


@given(st.text("ab 1\n", max_size=40), st.text("ab 1\n", max_size=40))
def test_what_differs_lies_between_what_both_begin_and_end_with(old: str, new: str) -> None:
    parts = text_diff(old, new)
    assert parts.before + parts.old + parts.after == old
    assert parts.before + parts.new + parts.after == new
    assert not (old == new and (parts.old or parts.new))


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        ("9:00-17:30", "9:00-19:30", ("17", "19")),
        ("closed", "closed on Sundays", ("", " on Sundays")),
        ("Good day", "Good night", ("day", "night")),
        ("same", "same", ("", "")),
        ("a a", "a a a", ("", " a")),
    ],
)
def test_words_differ_as_wholes(old: str, new: str, differs: tuple[str, str]) -> None:
    parts = text_diff(old, new)
    assert (parts.old, parts.new) == differs


# Drawings

SUMMARIES: Final = st.builds(
    PassSummary,
    finished_at=st.just(NOW),
    seconds=st.floats(0, 1000),
    applied=st.integers(0, 100_000),
    deferred=st.integers(0, 100_000),
    rejected=st.integers(0, 100_000),
    call_seconds=st.none() | st.floats(0, 60),
)


@given(st.lists(SUMMARIES, min_size=1, max_size=60))
def test_every_bar_lies_in_the_drawing_and_stands_for_its_figure(summaries: list[PassSummary]) -> None:
    drawing = chart(summaries)
    assert 0 <= drawing.axis <= drawing.height
    for one, column in zip(summaries, drawing.columns, strict=True):
        assert 0 <= column.x <= drawing.width - STEP
        for number, bar in zip(
            (one.applied, one.deferred, one.rejected),
            (column.applied, column.deferred, column.rejected),
            strict=True,
        ):
            assert bool(number) == bool(bar.height), "what is there is seen"
            assert bar.y >= -4
            assert bar.y + bar.height <= drawing.height + 4
        assert column.applied.y + column.applied.height == pytest.approx(drawing.axis, abs=0.02)
        assert (column.latency is None) == (one.call_seconds is None)
        assert column.latency is None or 0 <= column.latency <= LATENCY_HEIGHT


def test_the_highest_bars_fill_the_drawing() -> None:
    drawing = chart(passes())
    top = min(column.applied.y for column in drawing.columns)
    bottom = max(column.rejected.y + column.rejected.height for column in drawing.columns)
    assert bottom - top == pytest.approx(HEIGHT, abs=6)
    assert drawing.columns[-1].x == drawing.width - STEP, "the newest is on the right"


# Times


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (1, "1 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (172_799, "47 h ago"),
        (172_800, "2 d ago"),
        (63_072_000, "2 y ago"),
        (-42, "in 42 s"),
        (-400, "in 6 min"),
    ],
)
def test_a_time_is_told_in_one_unit(seconds: int, words: str) -> None:
    assert relative(NOW - timedelta(seconds=seconds), NOW) == words


# Forms and addresses


def test_fields_that_were_left_empty_ask_for_nothing() -> None:
    form = Form(Query(("search", ""), ("label", " "), ("label", "team"), ("sort", "name")))
    assert list(form) == ["label", "sort"]
    assert dialog_query(Parameters(form, DIALOG_FILTERS)) == DialogQuery(
        labels=("team",), sort=DialogSort.NAME
    )


@pytest.mark.parametrize("typed", ["2026-11-25T20:51", "2026-11-25T20:51:00", "2026-11-25T20:51:00Z"])
def test_a_time_that_a_browser_gives_is_utc(typed: str) -> None:
    query = history_query(Parameters(Form(Query(("since", typed), ("until", ""))), HISTORY_FILTERS))
    assert query == HistoryQuery(since=datetime(2026, 11, 25, 20, 51, tzinfo=UTC))


TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WORDS: Final = TEXTS.filter(str.strip)


@given(
    st.builds(
        DialogQuery,
        search=WORDS | st.just(""),
        conditions=st.frozensets(st.sampled_from(Condition)),
        labels=st.lists(WORDS, max_size=3).map(tuple),
        sort=st.sampled_from(DialogSort),
        descending=st.booleans(),
        page=st.integers(1, 99),
        size=st.integers(1, 200),
    )
)
def test_a_link_to_a_list_asks_for_what_it_says(query: DialogQuery) -> None:
    link = address.dialogs(query, page=query.page)
    assert dialog_query(Parameters(sent_to(link), DIALOG_FILTERS)) == query


TIMES: Final = st.none() | st.integers(0, 4_000_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))


@given(
    st.builds(
        HistoryQuery,
        dialog=st.none() | WORDS,
        results=st.frozensets(st.sampled_from(Result)),
        since=TIMES,
        until=TIMES,
        before=st.none() | st.integers(1, 99),
        size=st.integers(1, 200),
    )
)
def test_a_link_to_the_history_asks_for_what_it_says(query: HistoryQuery) -> None:
    link = address.history(query, before=query.before)
    asked = history_query(Parameters(sent_to(link), (*HISTORY_FILTERS, "before", "size")))
    assert asked == query


def test_a_name_is_one_piece_of_an_address() -> None:
    assert address.dialog("a/../b?c#d") == "/dialogs/a%2F..%2Fb%3Fc%23d"


# Files


def test_templates_hold_no_script_no_style_and_no_handler() -> None:
    for name, source in TEMPLATES.items():
        assert (
            re.findall(r"<style|\sstyle=|\son\w+=|javascript:|\|\s*safe|autoescape|<script(?! src=)", source)
            == []
        ), name


def test_nothing_is_loaded_from_elsewhere() -> None:
    files = {**TEMPLATES, **{name: one.content.decode() for name, one in ASSETS.items()}}
    assert {"style.css", "live.js", "favicon.svg", "page.html"} <= files.keys()
    for name, source in files.items():
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*|@import|url\((?!#)", source))
        assert addresses <= {"http://www.w3.org/2000/svg"}, name


def test_a_file_s_address_changes_with_its_content() -> None:
    assert re.fullmatch(r"/static/style\.css\?v=[0-9a-f]{12}", asset("style.css"))
    assert len({one.version for one in ASSETS.values()}) == len(ASSETS)


def test_what_a_page_loads_is_small() -> None:
    assert sum(len(one.content) for one in ASSETS.values()) < 40_000


def test_the_pictures_of_the_documents_are_small_and_all_of_them_are_shown() -> None:
    root = Path(__file__).parents[3]
    pictures = list((root / "docs/images").iterdir())
    shown = "".join(page.read_text() for page in (root / "docs").glob("*.md"))
    assert len(pictures) > 3
    assert [one.name for one in pictures if one.stat().st_size > 150_000] == []
    assert [one.name for one in pictures if f"(images/{one.name})" not in shown] == []
