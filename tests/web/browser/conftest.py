"""One browser and one daemon for all tests that only look."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.web.browser.chromium import Chromium, Visitor, chromium
from tests.web.browser.world import World, world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Chromium]:
    """The one browser."""
    async with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A daemon that has dialogs in every condition; tests change `lunch-menu` and nothing else."""
    with world(tmp_path_factory.mktemp("town")) as running:
        yield running


@pytest.fixture
def visitor(browser: Chromium, town: World) -> Visitor:
    """Somebody who looks at its pages."""
    return Visitor(browser, town.daemon.url)
