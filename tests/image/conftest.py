"""The image, a chat to send to, and what a daemon in a container needs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.image.build import IMAGE, build_image, find_base
from tests.image.containers import HARDENED, KEY, SEED, Chat, Setup
from tests.image.podman import Podman, find_podman

FACTS: Final = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FACTS] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for fact in config.stash[FACTS]:
        terminalreporter.write_line(fact)


@pytest.fixture(scope="session")
def facts(request: pytest.FixtureRequest) -> list[str]:
    """What the run reports at its end."""
    return request.config.stash[FACTS]


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    return find_podman(tmp_path_factory.mktemp("podman"))


@pytest.fixture(scope="session")
def base(podman: Podman, facts: list[str]) -> str:
    found = find_base(podman)
    facts.append(f"base: {found}")
    return found


@pytest.fixture(scope="session")
def image(podman: Podman, base: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    build_image(podman, base, tmp_path_factory.mktemp("build"))
    return IMAGE


@pytest.fixture
def chat(podman: Podman, image: str, tmp_path: Path) -> Iterator[Chat]:
    """Run the sandbox from the same image, on a loopback device of its own and no other network."""
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps(SEED), encoding="utf-8")
    mount = f"--volume={seed}:/seed.json:ro"
    sandbox = ("sandbox", "--seed", "/seed.json")
    with podman.running("--network=none", *HARDENED, mount, image, *sandbox) as container:
        yield Chat(podman, container)


@pytest.fixture
def setup(podman: Podman, image: str, chat: Chat, tmp_path: Path) -> Iterator[Setup]:
    manifests, key = tmp_path / "manifests", tmp_path / "api-key"
    manifests.mkdir(mode=0o755)
    key.write_text(f"{KEY}\n", encoding="utf-8")
    volume = podman("volume", "create").strip()
    try:
        yield Setup(podman=podman, image=image, chat=chat, manifests=manifests, key=key, volume=volume)
    finally:
        podman("volume", "rm", "--force", volume)
