"""Every page in a browser: complete, accessible, in both colour schemes, on a desk and on a phone."""

import itertools
from typing import Final

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.async_api import Page, expect

from tests.web.browser.chromium import BROWSER, DESKTOP, PHONE, Visitor, overflow
from tests.web.browser.world import DIALOG

pytestmark = BROWSER

PAGES: Final = (
    "/",
    "/dialogs",
    "/dialogs?condition=stalled&label=team%3Dsales&search=nothing+like+it",
    "/dialogs/lunch-menu?texts=true",
    f"/dialogs/{DIALOG['price-list']}",
    "/history?size=9",
    "/history?size=9&texts=true&result=applied&since=2026-01-01T00%3A00%3A00Z",
    "/problems",
    "/dialogs/no-such-dialog",
)

REFUSED: Final = ("404 (Not Found)",)
"""What Chromium says of a page that is an error by its status."""


FOCUSED_ONE_BY_ONE: Final = """() => {
    const all = document.querySelectorAll("main :is(a, button, select, input:not([type=hidden]))");
    return [...all].map((one) => {
        one.focus({ focusVisible: true });
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        return one === document.activeElement && outlineStyle === "solid" && outlineWidth >= "2px";
    });
}"""


async def violations(page: Page) -> list[str]:
    """Give what a screen reader, or a person with weak sight, would stumble over."""
    found = await Axe().run(page, options={"resultTypes": ["violations"], "preload": False})
    return [
        f"{one['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_accessible_and_fits_light_and_dark_on_a_desk_and_on_a_phone(
    visitor: Visitor, path: str
) -> None:
    async with visitor.visits(path, expect=REFUSED) as page:
        for dark, size in itertools.product((False, True), (DESKTOP, PHONE)):
            await page.emulate_media(color_scheme="dark" if dark else "light")
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            assert await overflow(page) == 0, (dark, size)
            assert await violations(page) == [], (dark, size)


async def test_the_measure_of_accessibility_sees_what_is_wrong(visitor: Visitor) -> None:
    async with visitor.visits("/problems") as page:
        await page.evaluate(
            "document.querySelector('main').innerHTML = '<input><p class=faint>faint</p>';"
            "document.querySelector('.faint').style.color = 'rgb(128 128 128 / 0.4)'"
        )
        seen = {one.partition(":")[0] for one in await violations(page)}
        assert {"label", "color-contrast"} <= seen


async def test_a_keyboard_reaches_the_content_first_and_everything_after_it(visitor: Visitor) -> None:
    async with visitor.visits("/dialogs") as page:
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        await expect(skip).to_be_focused()
        await expect(skip).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(page.get_by_label("Search")).to_be_focused()
        reached = await page.evaluate(FOCUSED_ONE_BY_ONE)
        assert len(reached) > 20
        assert all(reached), "each can be reached, and one sees where one is"


async def test_what_arrives_glows_but_for_those_who_asked_that_nothing_moves(visitor: Visitor) -> None:
    moving = """() => {
        document.querySelector("tbody tr").classList.add("arrived");
        return document.getAnimations().length;
    }"""
    async with visitor.visits("/history?size=1") as page:
        assert await page.evaluate(moving) == 0
        await page.emulate_media(reduced_motion="no-preference")
        assert await page.evaluate(moving) == 1


async def test_a_printed_page_has_what_it_tells_and_no_controls(visitor: Visitor) -> None:
    async with visitor.visits("/dialogs", dark=True) as page:
        await page.emulate_media(media="print", color_scheme="light")
        await expect(page.get_by_role("table")).to_be_visible()
        for gone in ("form", "header nav", ".chips"):
            await expect(page.locator(gone).first).to_be_hidden()


async def test_pages_are_read_in_utc_whatever_the_reader_s_zone(visitor: Visitor) -> None:
    async with visitor.visits("/history?size=1") as page:
        time = page.locator("tbody time")
        iso = await time.get_attribute("datetime")
        assert iso is not None
        await expect(time.locator(".at")).to_have_text(iso.replace("T", " "))
