"""What each page tells, and where its links lead."""

from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest

from reconciler.core.condition import Condition, HeldReason
from reconciler.ledger.errors import LedgerMissing
from reconciler.ledger.history import Result
from reconciler.web.model import DialogQuery, HistoryQuery
from reconciler.web.pages.dialog import DialogView, render_dialog
from reconciler.web.pages.dialogs import render_dialogs
from reconciler.web.pages.frame import Frame
from reconciler.web.pages.history import render_history
from reconciler.web.pages.overview import render_overview
from reconciler.web.pages.problems import render_problems
from reconciler.web.pages.trouble import render_trouble
from reconciler.web.state import State
from reconciler.web.trouble import Trouble
from tests.web.pages.seen import main, read
from tests.web.pages.values import (
    ALL_PROBLEMS,
    BACKING_OFF,
    DIALOGS,
    HISTORY,
    INVALID,
    NEW,
    NO_PROBLEMS,
    NOW,
    OLD,
    PROBLEMS,
    STALLED,
    call,
    detail,
    dialog,
    dialog_page,
    frame,
    history_page,
    nothing_yet,
    overview,
    place,
    recorded,
)


def test_the_overview_tells_the_state_what_needs_a_person_and_how_far_behind_it_is() -> None:
    page = main(render_overview(frame(), overview(), dialog_page(STALLED), history_page(*HISTORY)))
    (heading,) = page.all("h1")
    assert heading.words == "2 dialogs need a person; 1 of 6 dialogs in sync."
    assert (
        "Last pass 12 s ago (2026-11-25 20:50:51Z); everything was last as declared 4 min ago" in page.words
    )
    assert 'Change the manifest reconciler retry --dialog partners --reason "…"'.lower() in page.words.lower()
    assert (
        "To be sent 2 changes Calls that wait 1,200 Time to drain 1 min 25 s Rate now 14 of 20" in page.words
    )
    assert "Held 4 changes 1 suspended, 1 backing off, 1 rejected, 1 guarded" in page.words
    assert "partners stalled 403 This user is not in the dialog manifests/partners.yaml:5:13" in page.words
    assert "opening-hours deferred, 9 min ago" in page.words
    assert "manifests/opening-hours.yaml:18:13" in page.words


def test_the_overview_s_counts_lead_to_the_dialogs_they_count() -> None:
    page = main(render_overview(frame(), overview(), dialog_page(), history_page()))
    for condition in Condition:
        link = f"/dialogs?condition={condition.value.replace(' ', '+')}"
        assert link in page.links


def test_the_last_passes_are_drawn_and_told_as_a_table() -> None:
    page = main(render_overview(frame(), overview(), dialog_page(), history_page()))
    drawing = next(svg for svg in page.all("svg") if svg.attributes.get("role") == "img")
    assert drawing.attributes["aria-label"].startswith(
        "The last 12 passes that made calls: 72 applied, 2 def"
    )
    rows = [row.words for row in page.by_id("pass-table").all("tr")]
    assert rows[0] == "Ended Took Applied Deferred Rejected Median of a call"
    assert len(rows) == 1 + 12
    assert rows[1] == "2026-11-25 20:49:26Z 1 min ago 11.4 s 5 0 0 220 ms"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.IN_SYNC, "in sync"),
        (State.WORKING, "working"),
        (State.ATTENTION, "needs a person"),
        (State.HINDERED, "hindered"),
    ],
)
def test_every_page_s_head_tells_the_state_in_a_word(state: State, words: str) -> None:
    page = read(render_problems(frame(state=state), NO_PROBLEMS))
    (head, *_) = page.all("header")
    assert head.words.endswith(words)


def test_an_overview_of_nothing_says_what_to_do() -> None:
    words = main(render_overview(frame(), nothing_yet(), dialog_page(), history_page())).words
    assert "No pass has ended yet." in words
    assert "No dialog is declared. Write a manifest into one of the watched folders" in words
    assert "No call was made yet." in words
    assert "No pass that made calls has ended since the start." in words


def test_calls_under_way_do_not_push_away_those_that_were_answered() -> None:
    waiting = [replace(call(n, STALLED, Result.IN_DOUBT, status=None), sent_at=NOW) for n in range(9)]
    lost = call(60, BACKING_OFF, Result.IN_DOUBT, status=None, new=recorded(NEW))
    history = history_page(*waiting, lost, *HISTORY)
    page = main(render_overview(frame(), overview(), dialog_page(), history))
    words = next(
        part for part in page.all("section") if part.attributes.get("aria-labelledby") == "sent"
    ).words
    assert words.startswith(
        "Last calls 9 calls under way, or about to be made. opening-hours in doubt, 1 h ago"
    )
    assert "opening-hours deferred" in words
    assert "partners in doubt" not in words
    answered = main(render_overview(frame(), overview(), dialog_page(), history_page(*HISTORY)))
    assert "under way, or about to be made" not in answered.words


def test_an_overview_whose_ledger_cannot_be_read_says_so_and_tells_the_rest() -> None:
    unreadable = LedgerMissing(Path("reconciler.db"))
    words = main(render_overview(frame(), overview(), dialog_page(STALLED), unreadable)).words
    assert "there is no ledger name the one that" in words
    assert "2 dialogs need a person" in words


def test_everything_in_sync_is_said_where_nothing_waits() -> None:
    well = overview(state=State.IN_SYNC, attention=(), sentence="All 6 dialogs are in sync.")
    page = main(render_overview(frame(), well, dialog_page(), history_page(*HISTORY)))
    assert "Everything is as declared." in page.words
    assert "Needs a person" not in page.words


def test_the_list_tells_how_each_dialog_stands() -> None:
    page = main(render_dialogs(frame(), dialog_page(*DIALOGS)))
    rows = [row.words for row in page.all("tr")]
    assert rows[0] == "Name Condition ↑ Applied Waiting Next Note Origin"
    assert rows[3] == (
        "partners team=support stalled 11 of 12 1 rejected \N{EN DASH} 403 This user is not in the dialog "
        "manifests/partners.yaml:5:13"
    )
    assert rows[4].startswith(
        "opening-hours team=support backing off 2 of 3 1 backing off 2026-11-25 20:51:45Z in 42 s"
    )
    assert rows[1].startswith("price-list invalid as last applied nothing")


def test_the_list_s_form_holds_what_was_asked_for() -> None:
    query = DialogQuery(
        search="hours", conditions=frozenset({Condition.STALLED}), labels=("team=sales",), descending=True
    )
    page = main(render_dialogs(frame(), dialog_page(STALLED, query=query)))
    fields = [(one.attributes["name"], one.attributes.get("value", "")) for one in page.all("input")]
    assert fields == [
        ("search", "hours"),
        ("label", ""),
        ("order", "desc"),
        ("condition", "stalled"),
        ("label", "team=sales"),
    ]
    assert "checked" in next(one for one in page.all("input") if one.attributes["name"] == "order").attributes


def test_a_filter_is_taken_away_where_it_is_shown() -> None:
    query = DialogQuery(conditions=frozenset({Condition.STALLED}), labels=("team=sales",), page=3)
    page = main(render_dialogs(frame(), dialog_page(STALLED, query=query, total=120)))
    asked = {
        link.words: link.attributes["href"] for link in page.all("a") if "aria-current" in link.attributes
    }
    assert asked == {
        "stalled 1": "/dialogs?label=team%3Dsales",
        "team=sales, no longer ask for it ✕": "/dialogs?condition=stalled",
    }


def test_a_column_that_sorts_is_turned_round_by_its_heading() -> None:
    page = main(render_dialogs(frame(), dialog_page(STALLED)))
    headings = {head.words: head for head in page.all("th") if head.links}
    assert headings["Condition ↑"].attributes["aria-sort"] == "ascending"
    assert headings["Condition ↑"].links == ["/dialogs?order=desc"]
    assert headings["Waiting"].links == ["/dialogs?sort=pending&order=desc"]
    assert "aria-sort" not in headings["Name"].attributes


def test_pages_of_a_list_lead_on_and_back_and_keep_the_filter() -> None:
    query = DialogQuery(search="a b", page=2)
    page = main(render_dialogs(frame(), dialog_page(*DIALOGS, query=query, total=130)))
    assert "Dialogs 51 to 56 of 130" in page.words
    assert {"/dialogs?search=a+b", "/dialogs?search=a+b&page=3"} <= set(page.links)


@pytest.mark.parametrize(
    ("query", "total", "words"),
    [
        (DialogQuery(), 0, "No dialog is declared. Write a manifest"),
        (DialogQuery(search="x"), 0, "No dialog is found. Search for less"),
        (DialogQuery(page=9), 60, "There is no page 9. The last one is page 2."),
    ],
)
def test_an_empty_list_says_what_to_do(query: DialogQuery, total: int, words: str) -> None:
    assert words in main(render_dialogs(frame(), dialog_page(query=query, total=total))).words


def test_a_dialog_without_a_name_is_found_by_its_id_and_one_without_either_by_its_problems() -> None:
    nameless = dialog(8, None, Condition.INVALID)
    unknown = dialog(0, None, Condition.INVALID, dialog=None, labels={})
    page = main(render_dialogs(frame(), dialog_page(nameless, unknown)))
    links = {link.words: link.attributes["href"] for link in page.all("a")}
    assert links["000000000000000000000008"] == "/dialogs/000000000000000000000008"
    assert links["a dialog without a name"] == "/problems"


def test_a_dialog_s_page_tells_each_part_and_hides_the_texts() -> None:
    page = main(render_dialog(frame(), detail(), HISTORY))
    first, second, third = page.all("article")
    assert first.words == (
        "Every message of the dialog applied read by 96753878 manifests/opening-hours.yaml:18:13 "
        "pending delivered to 96753901 manifests/opening-hours.yaml:18:13"
    )
    assert second.words == (
        "Message 5f1a2d03e4b0c1d2a3948811 backing off text as 96753878 503 Service Unavailable, until "
        "2026-11-25 20:51:45Z in 42 s manifests/opening-hours.yaml:18:13 "
        "applied read by 96753878, 96753901 manifests/opening-hours.yaml:18:13"
    )
    assert third.words.startswith("Message 5f1a2d11e4b0c1d2a3948815 applied text as 96753878")
    assert not any(text in page.words for text in (OLD, NEW, "Closed on Sundays"))
    assert "/dialogs/opening-hours?texts=true" in page.links


def test_a_reader_who_asks_sees_old_and_new() -> None:
    page = main(render_dialog(frame(), detail(), HISTORY, DialogView(texts=True)))
    (old, *_), (new, *_) = list(page.all("del")), list(page.all("ins"))
    assert old.words.removeprefix("\N{MINUS SIGN}").strip() == OLD
    assert new.words.removeprefix("+").strip() == NEW
    assert [changed.words for changed in old.all("mark")] == ["17"]
    assert [changed.words for changed in new.all("mark")] == ["19"]
    assert "Closed on Sundays" in page.words
    assert "/dialogs/opening-hours" in page.links


def test_a_dialog_s_page_can_show_only_what_is_not_applied() -> None:
    page = main(render_dialog(frame(), detail(), (), DialogView(unapplied=True)))
    assert [article.attributes["id"] for article in page.all("article")] == [
        "whole",
        "m-5f1a2d03e4b0c1d2a3948811",
    ]
    assert "All 3 Not applied 2" in page.words


def test_many_messages_come_in_pages() -> None:
    many = tuple(detail().standings[2:]) * 130
    page = main(render_dialog(frame(), detail(standings=many), (), DialogView(page=2, texts=True)))
    assert len(list(page.all("article"))) == 50
    assert {"/dialogs/opening-hours?texts=true", "/dialogs/opening-hours?texts=true&page=3"} <= set(
        page.links
    )


def test_a_broken_manifest_s_page_says_why_and_that_the_dialog_stays() -> None:
    page = main(render_dialog(frame(), detail(INVALID, (), PROBLEMS), ()))
    assert "manifests/price-list.yaml:13:13 read: false can't be reached remove the line" in page.words
    assert "Until that is mended the dialog stays as it was last applied." in page.words


def test_a_manifest_that_cannot_be_read_just_now_says_so() -> None:
    page = main(render_dialog(frame(), detail(standings=(), unseen="the manifest is being changed"), ()))
    assert "the manifest is being changed" in page.words
    assert "No call was made for this dialog yet." in page.words


def test_the_history_tells_what_was_sent_when_why_and_what_came_of_it() -> None:
    page = main(render_history(frame(), history_page(*HISTORY, more=6)))
    rows = [row.words for row in page.all("tr")]
    assert rows[1] == (
        "2026-11-25 20:42:03Z 9 min ago opening-hours text as 96753878 5f1a2d03e4b0c1d2a3948811 "
        "deferred, attempt 3 503 Service Unavailable manifests/opening-hours.yaml:18:13"
    )
    assert rows[2] == (
        "2026-11-25 20:44:23Z 6 min ago partners to try again 1 rejected change retry "
        "anna: she is back in the dialog a person"
    )
    assert "read as 96753878 every message rejected 403 No" in rows[3]
    assert "every dialog let plan a1b2c3d4e5f6 pass: rewrites, 120 changes approved ben: new hours" in rows[5]
    assert "/history?before=6" in page.links
    assert NEW not in page.words


def test_the_history_s_exports_and_pages_keep_its_filters() -> None:
    query = HistoryQuery(dialog="partners", results=frozenset({Result.REJECTED}), since=NOW, before=9)
    page = main(render_history(frame(), history_page(*HISTORY, query=query, more=3), texts=True))
    asked = "dialog=partners&result=rejected&since=2026-11-25T20%3A51%3A03Z"
    assert f"/api/v1/history.csv?{asked}&texts=true" in page.links
    assert f"/api/v1/history.json?{asked}&texts=true" in page.links
    assert f"/history?{asked}&before=3&texts=true" in page.links
    assert f"/history?{asked}&before=9" in page.links, "without texts, the same page"
    assert f"/history?{asked}&texts=true" in page.links, "the newest"
    values = {one.attributes["name"]: one.attributes.get("value") for one in page.all("input")}
    assert values["since"] == "2026-11-25T20:51:03"
    assert values["dialog"] == "partners"


def test_a_text_that_the_ledger_does_not_have_is_told_by_what_it_has() -> None:
    page = main(render_history(frame(), history_page(*HISTORY), texts=True))
    assert f"what it said before is not known +{NEW}" in page.words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (HistoryQuery(), "No call was made yet. Each call shows up here"),
        (HistoryQuery(dialog="x"), "No entry is found. Take a filter away"),
    ],
)
def test_an_empty_history_says_what_to_do(query: HistoryQuery, words: str) -> None:
    assert words in main(render_history(frame(), history_page(query=query))).words


def test_problems_are_told_by_file_with_place_and_what_to_do() -> None:
    page = main(render_problems(frame(), ALL_PROBLEMS))
    assert "manifests/price-list.yaml 2" in page.words
    assert "manifests/price-list.yaml:20:13 text is empty write what the message is to say" in page.words
    assert "Held by them price-list stays as last applied" in page.words
    assert "/dialogs/price-list" in page.links
    assert "Every manifest can be used." in main(render_problems(frame(), NO_PROBLEMS)).words


def test_what_is_wrong_is_told_with_what_to_do_and_a_way_on() -> None:
    trouble = Trouble(HTTPStatus.BAD_REQUEST, "the parameter `page` is no such number", "give 1 to 9")
    page = main(render_trouble(frame(), trouble))
    assert page.words.startswith("This can't be asked the parameter `page` is no such number give 1 to 9")
    assert {"/", "/dialogs", "/history"} <= set(page.links)


def test_who_may_not_see_anything_is_told_nothing_of_it() -> None:
    trouble = Trouble(HTTPStatus.FORBIDDEN, "there is no token", "set `RECONCILER_LISTEN_TOKEN_FILE`")
    page = read(render_trouble(Frame(at=NOW), trouble))
    assert "needs a person" not in page.words
    assert "1.2.3" not in page.words
    assert "data-change" not in page.by_id("main").attributes


def test_the_reason_and_the_number_of_what_is_held_stand_together() -> None:
    held = dialog(9, "held", Condition.STALLED, declared=9, held={HeldReason.GUARDED: 1200}, pending=3)
    page = main(render_dialogs(frame(), dialog_page(held)))
    assert "3 to be sent 1,200 guarded" in page.words


def test_a_page_shows_where_it_is() -> None:
    page = read(render_dialog(frame(), detail(BACKING_OFF), ()))
    (here,) = (link.words for link in page.all("a") if link.attributes.get("aria-current") == "page")
    assert here == "Dialogs"
    assert place("opening-hours", 5).path in page.words
