"""What an operator finds out and does on the pages, with and without JavaScript."""

import re
from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from tests.web.browser.chromium import BROWSER, DESKTOP, PHONE, Visitor
from tests.web.browser.world import EDITS, MESSAGE, World

pytestmark = BROWSER


async def lists(page: Page, *names: str) -> None:
    """Wait until the page lists these dialogs and no other, in this order."""
    await expect(page.locator("tbody th .name")).to_have_text(names)


async def test_ten_seconds_on_the_overview_answer_what_an_operator_asks(visitor: Visitor) -> None:
    async with visitor.visits("/") as page:
        state = page.get_by_role("heading", level=1)
        await expect(state).to_contain_text("2 dialogs need a person")
        person = page.get_by_role("region", name="Needs a person")
        await expect(person).to_contain_text("the chat service refused changes of partners: 403")
        await expect(person).to_contain_text("2 problems in manifests")
        await expect(person).to_contain_text("reconciler retry --dialog partners")
        waiting = page.get_by_role("region", name="Not as declared")
        await expect(waiting).to_contain_text("release-notes backing off")
        await expect(waiting).to_contain_text("Maintenance until 22:00")
        sent = page.get_by_role("region", name="Last calls")
        await expect(sent).to_contain_text("lunch-menu applied")
        await expect(sent).to_contain_text("manifests/canteen/lunch-menu.yaml:11:13")
        above = await page.evaluate("innerHeight")
        box = await page.get_by_role("list").filter(has_text="suspended").last.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < above, "that is seen without scrolling"


async def test_a_count_leads_to_its_dialogs(visitor: Visitor) -> None:
    async with visitor.visits("/") as page:
        await page.get_by_role("link", name="1 suspended").click()
        await lists(page, "refund-review")
        assert "condition=suspended" in page.url


async def test_without_javascript_dialogs_are_searched_filtered_and_sorted(visitor: Visitor) -> None:
    async with visitor.visits("/dialogs", script=False) as page:
        await expect(page.locator("tbody th .name").first).to_have_text("price-list")
        await page.get_by_label("Search").fill("OPENING-hours")
        await page.get_by_role("button", name="Show").click()
        await lists(page, "opening-hours-de", "opening-hours-en")
        await page.get_by_label("With label").fill("language=en")
        await page.get_by_label("With label").press("Enter")
        await lists(page, "opening-hours-en")
        await page.get_by_role("link", name=re.compile("language=en.*no longer ask")).click()
        await page.get_by_label("Sort by").select_option("name")
        await page.get_by_label("Descending").check()
        await page.get_by_role("button", name="Show").click()
        await lists(page, "opening-hours-en", "opening-hours-de")
        await page.get_by_role("link", name="Show all").click()
        await page.get_by_role("link", name="stalled", exact=False).first.click()
        await lists(page, "partners")
        await page.get_by_role("link", name="suspended", exact=False).first.click()
        await lists(page, "refund-review", "partners")
        await page.get_by_role("link", name="Name", exact=True).click()
        await lists(page, "partners", "refund-review")
        await page.get_by_role("link", name="Name", exact=True).click()
        await lists(page, "refund-review", "partners")


async def test_without_javascript_texts_are_shown_once_they_are_asked_for(visitor: Visitor) -> None:
    async with visitor.visits("/dialogs/release-notes", script=False) as page:
        message = page.get_by_role("article", name=f"Message {MESSAGE['release-notes']}")
        await expect(message).to_contain_text("backing off")
        await expect(message).to_contain_text("Maintenance until 22:00")
        await expect(page.get_by_text("dark mode")).to_have_count(0)
        await page.get_by_role("link", name="Show texts").click()
        await expect(message.get_by_role("insertion")).to_contain_text("2.4 is out: faster search, dark mode")
        assert "texts=true" in page.url
        await page.get_by_role("link", name="Hide texts").click()
        await expect(page.get_by_text("dark mode")).to_have_count(0)


async def test_a_dialog_s_page_leads_to_its_history_with_old_and_new(visitor: Visitor) -> None:
    async with visitor.visits("/dialogs") as page:
        await page.get_by_role("link", name="lunch-menu", exact=True).click()
        await page.get_by_role("link", name="Its whole history").click()
        await page.get_by_role("link", name="Show texts").click()
        row = page.get_by_role("row").filter(has=page.get_by_role("insertion").filter(has_text=EDITS[2]))
        await expect(row.get_by_role("deletion")).to_contain_text(EDITS[1])


async def test_without_javascript_the_history_is_filtered_and_paged(visitor: Visitor) -> None:
    async with visitor.visits("/history?size=5", script=False) as page:
        first = page.locator("tbody tr").first
        newest = await first.get_attribute("data-key") or ""
        await page.get_by_role("link", name="Older").click()
        await expect(first).not_to_have_attribute("data-key", newest)
        await page.get_by_role("link", name="Newest").click()
        await expect(page.get_by_role("link", name="Newest")).to_have_count(0)
        await page.get_by_label("rejected").check()
        await page.get_by_label("From, UTC").fill("2020-01-01T00:00")
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator("td[data-label=Outcome] .standing")).to_have_text(["rejected"])
        await page.get_by_label("Before, UTC").fill("2020-01-02T00:00:01")
        await page.get_by_role("button", name="Show").click()
        await expect(page.get_by_text("No entry is found.")).to_be_visible()


@pytest.mark.parametrize(("kind", "begins"), [("CSV", "kind,number"), ("JSON", '{"format"')])
async def test_what_is_filtered_is_exported(visitor: Visitor, kind: str, begins: str) -> None:
    async with visitor.visits("/history?dialog=lunch-menu") as page:
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name=f"Export as {kind}").click()
        download = await downloading.value
        content = (await download.path()).read_text()
        assert download.suggested_filename == f"history.{kind.lower()}"
        assert content.startswith(begins)
        assert content.count("lunch-menu.yaml:") >= len(EDITS)
        assert "partners" not in content
        assert EDITS[0] not in content, "texts were not asked for"


async def test_problems_stand_with_their_place_and_what_to_do(visitor: Visitor) -> None:
    async with visitor.visits("/problems") as page:
        first = page.get_by_role("listitem").filter(has_text="read: false")
        await expect(first).to_contain_text("manifests/sales/price-list.yaml:11:13")
        await expect(first).to_contain_text("remove the line")
        await page.get_by_role("link", name="price-list", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("price-list")
        await expect(page.get_by_text("stays as it was last applied")).to_be_visible()


ERRORS: Final = (
    ("/no/such/page", 404, "Look for it in the list of dialogs"),
    ("/dialogs/%3Cscript%3E", 404, "No manifest declares a dialog of this name or id"),
    ("/dialogs?page=-1", 400, "The parameter page is no such number"),
    ("/history?result=perhaps", 400, "Give applied or deferred or rejected or in doubt"),
    ("/static/nothing.css", 404, "There is nothing at this address"),
    ("/dialogs/no-such-dialog", 404, "No manifest declares a dialog of this name or id"),
)


async def test_an_error_says_what_to_do_and_where_to_go(visitor: Visitor) -> None:
    async with visitor.visits("/problems", expect=("status of 40",)) as page:
        for path, status, words in ERRORS:
            answer = await page.goto(path)
            assert answer is not None
            assert answer.status == status
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            shown = await page.evaluate("document.querySelector('main').innerText")
            assert words.lower() in " ".join(shown.replace("`", "").split()).lower()
        await page.locator("main").get_by_role("link", name="Dialogs").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Dialogs")


async def test_rows_are_a_table_on_a_desk_and_cards_on_a_phone_and_a_table_to_those_who_listen(
    visitor: Visitor,
) -> None:
    for size in (DESKTOP, PHONE):
        async with visitor.visits("/dialogs", size=size) as page:
            row = page.get_by_role("row").filter(has_text="release-notes")
            await expect(row.get_by_role("cell")).to_have_count(6)
            await expect(row.get_by_role("rowheader")).to_contain_text("release-notes")
            boxes: list[Any] = [await cell.bounding_box() for cell in await row.get_by_role("cell").all()]
            tops = {round(box["y"]) for box in boxes if box}
            assert (len(tops) == 1) == (size is DESKTOP)


async def test_without_javascript_a_page_says_how_to_see_what_is_new(visitor: Visitor) -> None:
    async with visitor.visits("/", script=False) as page:
        await expect(page.get_by_text("This page does not refresh by itself")).to_be_visible()
    async with visitor.visits("/") as page:
        await expect(page.get_by_text("This page does not refresh by itself")).to_be_hidden()


async def test_the_table_of_passes_opens_without_javascript(visitor: Visitor, town: World) -> None:
    del town
    async with visitor.visits("/", script=False) as page:
        table = page.get_by_role("table", name="The last passes that made calls, newest first")
        await expect(table).to_be_hidden()
        await page.get_by_text("The same as a table").click()
        await expect(table).to_be_visible()
