"""A daemon that wants a token shows nothing without it, and everything live with it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from reconciler.sandbox.options import SandboxOptions
from tests.program.chat import KEY, chat, manifest
from tests.program.live_sandbox import live_sandbox
from tests.program.program import Program
from tests.web.browser.chromium import BROWSER, Chromium, Visitor
from tests.web.browser.test_looks import violations
from tests.web.browser.world import World

pytestmark = BROWSER

TOKEN = "canary-of-the-listen-token-7b1cd0"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[World]:
    """A daemon that shows its pages to those who have the token."""
    with live_sandbox(SandboxOptions(seed=chat())) as sandbox:
        program = Program(
            tmp_path,
            RECONCILER_API_URL=sandbox.url,
            RECONCILER_API_KEY=KEY,
            RECONCILER_LISTEN_TOKEN=TOKEN,
        )
        program.declare("one.yaml", manifest(1, messages={0: "text: hello"}, name="secret-plans"))
        with program.daemon() as daemon:
            daemon.becomes_ready()
            yield World(sandbox, program, daemon)


async def test_without_the_token_a_page_tells_what_is_needed_and_nothing_else(
    browser: Chromium, guarded: World
) -> None:
    context = await browser.browser.new_context(base_url=guarded.daemon.url)
    answer = await context.request.get("/dialogs")
    assert answer.status == 401
    page = await context.new_page()
    await page.set_content(await answer.text())
    await expect(page.get_by_role("heading", level=1)).to_have_text("A token is needed")
    await expect(page.get_by_text("In a browser, as the password of any user")).to_be_visible()
    assert "secret-plans" not in await page.content()
    await expect(page.get_by_role("navigation")).to_have_count(0)
    await context.close()


async def test_what_is_refused_looks_like_the_other_pages_in_both_schemes(
    browser: Chromium, guarded: World
) -> None:
    anywhere = "0.0.0.0"  # noqa: S104  # what the container listens on
    listen = {
        "RECONCILER_LISTEN": f"{anywhere}:0",
        "RECONCILER_LISTEN_TOKEN": "",
        "RECONCILER_LEDGER": "another.db",
    }
    with guarded.program.start("run", environ=listen) as daemon:
        url = daemon.url.replace(anywhere, "127.0.0.1")
        for dark in (False, True):
            async with Visitor(browser, url).visits(dark=dark, expect=("status of 403",)) as page:
                await expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is shown here")
                skip = page.locator(".skip")
                assert await skip.evaluate("one => getComputedStyle(one).position") == "absolute", (
                    "it has its style"
                )
                assert await violations(page) == []
                await expect(page.locator("main a")).to_have_count(0)
        daemon.stop()


async def test_with_the_token_pages_are_complete_and_live(browser: Chromium, guarded: World) -> None:
    context = await browser.browser.new_context(
        base_url=guarded.daemon.url, http_credentials={"username": "anybody", "password": TOKEN}
    )
    page = await context.new_page()
    await page.goto("/dialogs")
    await expect(page.get_by_role("link", name="secret-plans")).to_be_visible()
    assert await page.evaluate("getComputedStyle(document.querySelector('.skip')).position") == "absolute"
    await asyncio.to_thread(
        guarded.program.declare, "two.yaml", manifest(2, messages={0: "text: hi"}, name="seen-live")
    )
    await expect(page.get_by_role("link", name="seen-live")).to_be_visible()
    await context.close()
