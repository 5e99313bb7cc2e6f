"""Pages as a real browser shows them, and what it complains about."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    async_playwright,
    expect,
)

from tests.program.waiting import LONGEST

CHROMIUM: Final = shutil.which("chromium")

BROWSER: Final = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on this machine; Debian's chromium has it"),
]
"""The marks of every test that needs a browser; there is one browser, on one event loop."""

DESKTOP: Final = (1280, 800)
PHONE: Final = (360, 740)

_ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


expect.set_options(timeout=LONGEST * 1000)


@dataclass(slots=True)
class Chromium:
    """The browser. Visits of the same kind share a context: making one takes longer than a visit."""

    browser: Browser
    contexts: dict[object, BrowserContext] = field(default_factory=dict)

    async def page(self, url: str, *, dark: bool, size: tuple[int, int], script: bool) -> Page:
        """Give a new page, with nothing in it; relative addresses are below `url`."""
        kind = (url, dark, size, script)
        if kind not in self.contexts:
            self.contexts[kind] = await self.browser.new_context(
                base_url=url,
                color_scheme="dark" if dark else "light",
                java_script_enabled=script,
                locale="en-GB",
                reduced_motion="reduce",
                viewport={"width": size[0], "height": size[1]},
            )
        return await self.contexts[kind].new_page()


@asynccontextmanager
async def chromium() -> AsyncIterator[Chromium]:
    """Run Debian's Chromium for as long as the block lasts."""
    assert CHROMIUM is not None
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        try:
            yield Chromium(browser)
        finally:
            await browser.close()


@dataclass
class Complaints:
    """What a browser has to say about pages from `host`: errors, what opened, what else was asked for."""

    host: str
    heard: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def listen(self, page: Page) -> None:
        """Take note of everything from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.heard.append(f"error: {error}"))
        page.on("request", self._request)
        page.on("dialog", self._dialog)

    def check(self) -> None:
        """Fail where there is anything that was not expected."""
        assert [one for one in self.heard if not any(words in one for words in self.expected)] == []

    def _console(self, message: ConsoleMessage) -> None:
        self.heard.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != self.host:
            self.heard.append(f"asked elsewhere: {request.url}")

    async def _dialog(self, dialog: Dialog) -> None:
        self.heard.append(f"dialog: {dialog.message}")
        await dialog.dismiss()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Opens pages of one site; what the browser complains of meanwhile fails the test."""

    browser: Chromium
    url: str

    @asynccontextmanager
    async def visits(
        self,
        path: str = "/",
        *,
        dark: bool = False,
        size: tuple[int, int] = DESKTOP,
        script: bool = True,
        expect: tuple[str, ...] = (),
    ) -> AsyncIterator[Page]:
        """Open a page. `expect` are words of complaints that belong to the test."""
        page = await self.browser.page(self.url, dark=dark, size=size, script=script)
        complaints = Complaints(urlsplit(self.url).netloc, expected=expect)
        complaints.listen(page)
        try:
            await page.goto(path)
            yield page
        finally:
            await page.close()
        complaints.check()


async def overflow(page: Page) -> int:
    """Give by how many pixels the page is wider than the window."""
    wider: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return max(0, wider)
