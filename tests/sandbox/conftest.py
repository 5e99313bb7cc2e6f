"""The small chat, running."""

from collections.abc import AsyncIterator

import pytest

from tests.sandbox.world import World, running_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_world() as running:
        yield running
