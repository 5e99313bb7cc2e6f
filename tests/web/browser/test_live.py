"""A page that is open shows what happens, and takes nothing from its reader meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from reconciler.sandbox.options import SandboxOptions
from reconciler.web.pages.moments import relative
from tests.program.chat import KEY, chat, manifest
from tests.program.live_sandbox import live_sandbox
from tests.program.program import Program
from tests.web.browser.chromium import BROWSER, Chromium, Visitor
from tests.web.browser.world import World
from tests.web.pages.values import NOW, SECOND

pytestmark = BROWSER


@pytest.fixture
def hamlet(tmp_path: Path) -> Iterator[World]:
    """A daemon of one's own, to be ended."""
    with live_sandbox(SandboxOptions(seed=chat())) as sandbox:
        program = Program(tmp_path, RECONCILER_API_URL=sandbox.url, RECONCILER_API_KEY=KEY)
        program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
        with program.daemon() as daemon:
            daemon.becomes_ready()
            yield World(sandbox, program, daemon)


async def edit(town: World, text: str) -> None:
    """Edit the manifest while the browser goes on."""
    await asyncio.to_thread(town.edit, text)


async def test_a_saved_manifest_is_seen_by_whoever_looks(visitor: Visitor, town: World) -> None:
    async with visitor.visits("/history?dialog=lunch-menu&texts=true") as page:
        await edit(town, "Soup of the day: seen live")
        await expect(page.get_by_role("row").nth(1)).to_contain_text("seen live")
    async with visitor.visits("/") as page:
        calls = page.get_by_role("region", name="Last calls").get_by_role("listitem")
        last = calls.filter(has_text="lunch-menu").first
        before = await last.get_attribute("data-key")
        await edit(town, "Soup of the day: seen on the overview")
        await expect(last).not_to_have_attribute("data-key", before or "")
        await expect(last).to_contain_text("lunch-menu applied")


async def test_the_reader_loses_nothing_when_a_page_is_made_anew(visitor: Visitor, town: World) -> None:
    async with visitor.visits("/") as page:
        await page.get_by_text("The same as a table").click()
        await page.evaluate(
            """() => {
                document.querySelector("main").mine = document.querySelector("h1").mine = true;
                scrollTo(0, 300);
                getSelection().selectAllChildren(document.querySelector("#passes"));
            }"""
        )
        link = page.get_by_role("link", name="The whole history")
        await link.focus()
        at = await page.evaluate("scrollY")
        table = page.locator("#pass-table tbody tr").first
        before = await table.get_attribute("data-key")
        await edit(town, "Soup of the day: nothing is lost")
        await expect(table).not_to_have_attribute("data-key", before or "")
        await expect(page.locator("#pass-table")).to_have_attribute("open", "")
        await expect(link).to_be_focused()
        assert await page.evaluate("document.querySelector('main').mine && document.querySelector('h1').mine")
        assert await page.evaluate("getSelection().toString()") == "Last passes"
        assert abs(await page.evaluate("scrollY") - at) < 120


async def test_what_is_being_typed_stays(visitor: Visitor, town: World) -> None:
    async with visitor.visits("/dialogs") as page:
        search = page.get_by_label("Search")
        await search.press_sequentially("half a wo")
        await page.get_by_label("Sort by").select_option("name")
        await page.get_by_label("Descending").check()
        await search.focus()
        await refreshed(page, town, "Soup of the day: typed")
        await page.keyboard.type("rd")
        await expect(search).to_have_value("half a word")
        await expect(page.get_by_label("Sort by")).to_have_value("name")
        await expect(page.get_by_label("Descending")).to_be_checked()


async def refreshed(page: Page, town: World, text: str) -> None:
    """Make something happen, and wait until the page was made anew because of it."""
    before = await page.locator("main").get_attribute("data-change")
    await edit(town, text)
    await expect(page.locator("main")).not_to_have_attribute("data-change", before or "")


async def test_a_change_of_state_is_told_politely(visitor: Visitor) -> None:
    async with visitor.visits("/") as page:
        told = page.get_by_role("status").filter(has=page.get_by_role("heading", level=1))
        await expect(told).to_have_attribute("aria-live", "polite")
        assert "ago" not in await told.inner_text(), "a clock would be read out again and again"


async def test_a_daemon_that_ends_and_comes_back_is_noted_quietly(browser: Chromium, hamlet: World) -> None:
    address = hamlet.daemon.url
    lost = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE")
    async with Visitor(browser, address).visits("/", expect=lost) as page:
        note = page.get_by_text("The daemon can't be reached.")
        await expect(note).to_have_count(0)
        await asyncio.to_thread(hamlet.daemon.kill)
        await expect(note).to_be_visible()
        await expect(page.get_by_role("heading", level=1)).to_have_text("The one dialog is in sync.")
        listen = address.removeprefix("http://")
        with hamlet.program.start("run", "--listen", listen) as again:
            await asyncio.to_thread(again.becomes_ready)
            await expect(note).to_have_count(
                0,
            )


async def test_where_nobody_answers_a_page_asks_less_and_less(visitor: Visitor) -> None:
    async with visitor.visits("/problems", expect=("ERR_FAILED",)) as page:
        asked = Counter[str]()
        page.on("request", lambda request: asked.update([request.url.partition("?")[0]]))
        await page.clock.install()
        await page.route("**/api/v1/changes*", lambda route: route.abort())
        await page.reload()
        for _ in range(120):
            await page.clock.run_for(1000)
        (number,) = (count for url, count in asked.items() if url.endswith("/api/v1/changes"))
        assert 5 <= number <= 14, asked


async def test_where_too_many_wait_a_page_looks_for_itself_now_and_then(
    visitor: Visitor, town: World
) -> None:
    async with visitor.visits("/problems", expect=("503",)) as page:
        await page.clock.install()
        await page.route("**/api/v1/changes*", lambda route: route.fulfill(status=503, json={}))
        await page.goto("/history?dialog=lunch-menu&texts=true")
        await edit(town, "Soup of the day: nobody told")
        await page.clock.run_for(31_000)
        await expect(page.get_by_role("row").nth(1)).to_contain_text("nobody told")
        await expect(page.locator("#unreachable")).to_be_empty()


async def test_a_hidden_page_asks_for_nothing_and_catches_up_when_it_is_shown(
    visitor: Visitor, town: World
) -> None:
    async with visitor.visits("/history?size=3") as page:
        asked = Counter[str]()
        await see(page, hidden=True)
        page.on("request", lambda request: asked.update([request.resource_type]))
        first = await page.locator("tbody tr").first.get_attribute("data-key")
        await edit(town, "Soup of the day: hidden")
        await edit(town, "Soup of the day: still hidden")
        assert asked["fetch"] == 0
        await see(page, hidden=False)
        await expect(page.locator("tbody tr").first).not_to_have_attribute("data-key", first or "")


async def see(page: Page, *, hidden: bool) -> None:
    """Hide the page as a browser does for another tab, or show it again."""
    await page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


async def test_the_script_tells_times_in_the_same_words(visitor: Visitor) -> None:
    gaps = (0, 1, 59, 60, 61, 3599, 3600, 172_799, 172_800, 63_072_000, -1, -60, -4000, -200_000)
    async with visitor.visits("/problems") as page:
        told = await page.evaluate(
            """([now, gaps]) => {
                ahead = now - Date.now();
                Date.now = () => now - ahead;
                return gaps.map((gap) => relative(now - 1000 * gap));
            }""",
            [int(NOW.timestamp() * 1000), list(gaps)],
        )
    assert told == [relative(NOW - gap * SECOND, NOW) for gap in gaps]


async def test_times_go_on_while_nothing_changes(visitor: Visitor) -> None:
    async with visitor.visits("/problems") as page:
        await page.clock.install()
        await page.goto("/history?size=1")
        ago = page.locator("tbody .ago")
        before = await ago.inner_text()
        await page.clock.run_for(3 * 3600 * 1000)
        await expect(ago).to_have_text("3 h ago")
        assert before != "3 h ago"
