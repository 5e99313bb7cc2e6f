"""Hostile manifests, file names and answers in a real browser: no script runs, and all is readable."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import pytest

from reconciler.sandbox.faults import FaultRule, Status, When
from reconciler.sandbox.options import SandboxOptions
from tests.program.chat import ANN, KEY, chat, dialog_id, message_id
from tests.program.live_sandbox import live_sandbox
from tests.program.program import Program
from tests.web.browser.chromium import BROWSER, PHONE, Chromium, Visitor, overflow
from tests.web.pages.hostile import HOSTILE, sendable

pytestmark = BROWSER

BYTES: Final = "\udce9\udcff"
LINE: Final = 250
"""Characters that a label or a reason may have."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A daemon on hostile manifests, with a service that answers in kind; give where it serves."""
    with live_sandbox(SandboxOptions(seed=chat(dialogs=40))) as sandbox:
        program = Program(
            tmp_path_factory.mktemp("hostile"),
            RECONCILER_API_URL=sandbox.url,
            RECONCILER_API_KEY=KEY,
            RECONCILER_RATE="1000",
        )
        program.manifests.mkdir()
        for number, text in enumerate(HOSTILE):
            words = sendable(text)[:LINE]
            answer = Status(status=403, words=words)
            sandbox.let_fail(FaultRule(fault=answer, when=When(message=message_id(number, 1))))
            write(program.manifests, number, text, document(number, words))
        with program.daemon() as daemon:
            daemon.becomes_ready()
            program.run("retry", "--reason", sendable(HOSTILE[1]))
            yield daemon.url


def document(number: int, words: str) -> str:
    """Give a manifest that says `words` wherever it can; every third one can't be used."""
    spec: dict[str, object] = {
        "dialogId": dialog_id(number),
        "actAs": ANN,
        "messages": [
            {"id": message_id(number, 0), "text": words},
            {"id": message_id(number, 1), "text": "the service says something else"},
        ],
    }
    if number % 4 == 1:
        spec["suspend"] = {"reason": words, "until": "2099-01-01T00:00:00Z"}
    if number % 4 == 2:
        spec[words] = words
    labels = {words: words, "of": f"{number}"}
    return json.dumps(
        {
            "apiVersion": "reconciler/v1",
            "kind": "Dialog",
            "metadata": {"name": f"hostile-{number}", "labels": labels},
            "spec": spec,
        },
        ensure_ascii=False,
    )


def write(folder: Path, number: int, text: str, manifest: str) -> None:
    """Write a manifest under a name that is as hostile as it can be; one is not even UTF-8."""
    name = os.fsencode(f"{number} {BYTES if BYTES in text else sendable(text)}".replace("/", "-")[:80])
    Path(os.fsdecode(os.path.join(os.fsencode(folder), name + b".yaml"))).write_text(manifest)  # noqa: PTH118  # bytes


async def test_nothing_that_is_declared_or_answered_does_anything(browser: Chromium, address: str) -> None:
    asked = urlencode({"search": HOSTILE[2], "label": HOSTILE[1]})
    paths = [
        "/",
        "/dialogs?size=200",
        f"/dialogs?{asked}",
        "/history?size=200&texts=true",
        f"/history?{urlencode({'dialog': HOSTILE[0]})}",
        "/problems",
        *(f"/dialogs/hostile-{number}?texts=true" for number in range(len(HOSTILE))),
        f"/dialogs/{quote(HOSTILE[0], safe='')}",
        f"/dialogs?{urlencode({'sort': HOSTILE[0]})}",
    ]
    async with Visitor(browser, address).visits("/", size=PHONE, expect=("status of 40",)) as page:
        for path in paths:
            await page.goto(path)
            assert await page.locator("script").count() == 1, path
            assert (
                await page.locator("main img, main [onclick], main [onfocus], main [style]").count() == 0
            ), path
            assert await page.locator("a[href^='javascript' i]").count() == 0, path
            assert await overflow(page) == 0, path
            assert await page.evaluate("document.querySelector('footer').innerText.includes('reconciler')")


async def test_what_is_written_is_what_is_seen(browser: Chromium, address: str) -> None:
    async with Visitor(browser, address).visits("/dialogs?size=200") as page:
        seen = await page.locator("main").inner_text()
        assert "<script>alert(1)</script>" in seen
        assert "{{ 7 * 7 }}" in seen
        assert "\\u202egnp.exe" in seen
        assert "\u202e" not in seen
        await page.goto("/history?size=200&texts=true")
        seen = await page.locator("main").inner_text()
        assert "403 <script>alert(1)</script>" in seen, "the service's words"
        assert "javascript:alert(1)//" in seen, "a text"
        await page.goto("/problems")
        assert "9 \\udce9\\udcff.yaml:1:1" in await page.locator("main").inner_text()
