"""Ten thousand dialogs, looked at without pain: a page costs what it shows, and not what there is."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from reconciler.core.condition import Condition, HeldReason
from reconciler.core.file_report import FileReport
from reconciler.core.problem import Origin
from reconciler.daemon.health import Health
from reconciler.ledger.opening import open_ledger
from reconciler.metrics.moment import Traffic
from reconciler.source.directory import Directory
from reconciler.web.changes import Changes
from reconciler.web.gate import Site
from reconciler.web.pages.routes import Pages
from reconciler.web.reading import Live, Reading
from reconciler.web.recent import Recent
from reconciler.web.server import serve
from tests.web.browser.chromium import BROWSER, PHONE, Chromium, Visitor, overflow
from tests.web.pages.values import dialog

pytestmark = BROWSER

MANY: Final = 10_000
SHOWN: Final = 50
FLOW: Final = Traffic(ceiling=20, present_rate=20, waiting=0, tripped=False, watch_errors=0)


def files(number: int) -> dict[str, FileReport]:
    """Give so many files of one dialog each; every tenth is stalled."""
    return {
        f"/srv/{n}.yaml": FileReport(
            location=f"/srv/{n}.yaml",
            content=b"",
            rules=b"",
            settled=True,
            due_at=None,
            dialogs=(
                dialog(
                    n,
                    f"dialog-{n:05d}",
                    Condition.IN_SYNC if n % 10 else Condition.STALLED,
                    origin=Origin(f"manifests/team-{n % 7}/{n:05d}.yaml", 1, 1),
                    labels={"team": f"team-{n % 7}"},
                    declared=3,
                    applied=3 if n % 10 else 2,
                    held={} if n % 10 else {HeldReason.REJECTED: 1},
                    note="" if n % 10 else f"403 reason {n % 30}",
                ),
            ),
        )
        for n in range(number)
    }


@asynccontextmanager
async def showing(number: int, ledger: Path) -> AsyncIterator[str]:
    """Serve the pages of so many dialogs; give where."""
    open_ledger(ledger, keep_text=True).close()
    live = Live(
        files=files(number),
        health=Health(first_pass_done=True),
        traffic=lambda: FLOW,
        watch=lambda: ("inotify", None),
        rules=lambda: None,
        doubts=dict,
        source=Directory((Path("manifests"),)),
        ledger=ledger,
        clock=lambda: datetime.now(UTC),
    )
    changes = Changes()
    with ThreadPoolExecutor(1) as threads:
        pages = Pages(Reading(live, Recent(changes), changes, threads), threads)
        site = Site(routes=pages.routes(), show=pages.show)
        async with serve("127.0.0.1", 0, probes=(), site=site) as url:
            yield url


async def size_of(page: Page, path: str) -> int:
    """Give the bytes of a page."""
    answer = await page.goto(path)
    assert answer is not None
    assert answer.status == 200
    return len(await answer.body())


LOST: Final = ("status of 404",)
"""Nothing of the API is served here, so no page is told of changes."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def many(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Where ten thousand dialogs are shown."""
    async with showing(MANY, tmp_path_factory.mktemp("many") / "ledger.db") as url:
        yield url


async def test_a_page_of_ten_thousand_is_as_large_as_one_of_a_hundred(
    browser: Chromium, many: str, tmp_path: Path
) -> None:
    sizes: dict[str, dict[str, int]] = {}
    async with showing(100, tmp_path / "ledger.db") as few:
        for url in (few, many):
            async with Visitor(browser, url).visits("/problems", expect=LOST) as page:
                asked: list[str] = []
                page.on("request", lambda request: asked.append(urlsplit(request.url).path))  # noqa: B023  # used below
                sizes[url] = {
                    path: await size_of(page, path) for path in ("/", "/dialogs?page=2", "/dialogs")
                }
                await expect(page.locator("tbody tr")).to_have_count(SHOWN)
                assert {one for one in asked if not one.startswith("/static/")} <= {
                    *("/", "/dialogs", "/api/v1/changes")
                }
    for path, size in sizes[many].items():
        assert size < 1.2 * sizes[few][path] + 500, path
        assert size < 100_000, path


async def test_ten_thousand_are_searched_filtered_and_leafed_through(browser: Chromium, many: str) -> None:
    async with Visitor(browser, many).visits("/dialogs", size=PHONE, expect=LOST) as page:
        caption = page.get_by_role("caption")
        await expect(caption).to_have_text("Dialogs 1 to 50 of 10,000")
        await expect(page.get_by_text("Page 1 of 200")).to_be_visible()
        await page.get_by_role("link", name="Next →").click()
        await expect(caption).to_have_text("Dialogs 51 to 100 of 10,000")
        await page.get_by_label("Search").fill("reason 20")
        await page.get_by_role("button", name="Show").click()
        await expect(caption).to_have_text("Dialogs 1 to 50 of 333")
        await page.get_by_label("With label").fill("team=team-3")
        await page.get_by_role("button", name="Show").click()
        await expect(caption).to_have_text("48 dialogs")
        assert await overflow(page) == 0
