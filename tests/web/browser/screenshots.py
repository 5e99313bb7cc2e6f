"""Makes the pictures of the documents: `python -m tests.web.browser.screenshots`, from a daemon that runs."""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from tests.web.browser.chromium import DESKTOP, Visitor, chromium
from tests.web.browser.world import EDITS, World, world

IMAGES: Final = Path(__file__).parents[3] / "docs/images"

MENU: Final = (
    "lentils",
    "mushroom",
    "onion",
    "carrot and orange",
    "potato",
    "minestrone",
    "pea",
    "celery",
    "fish",
)

PICTURES: Final = (
    ("overview", "/", DESKTOP, False),
    ("overview-dark", "/", DESKTOP, True),
    ("dialogs", "/dialogs", DESKTOP, False),
    ("dialog", "/dialogs/release-notes?texts=true", DESKTOP, False),
    ("history", "/history?texts=true", DESKTOP, False),
    ("phone", "/", (390, 844), False),
)


async def take(of: World) -> None:
    """Take every picture."""
    IMAGES.mkdir(exist_ok=True)
    async with chromium() as browser:
        for name, path, size, dark in PICTURES:
            async with Visitor(browser, of.daemon.url).visits(path, dark=dark, size=size) as page:
                await page.screenshot(path=IMAGES / f"{name}.png")


def main() -> None:
    """Run everything that is to be seen, and take the pictures."""
    edits = (*(f"Soup of the day: {soup}" for soup in MENU), *EDITS)
    with tempfile.TemporaryDirectory() as directory, world(Path(directory), edits=edits) as of:
        asyncio.run(take(of))


if __name__ == "__main__":
    main()
