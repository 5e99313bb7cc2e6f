"""What loops that send PUTs have in common: who they are, what they are asked for, and how it is measured."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple


class Asked(NamedTuple):
    """The arguments of a loop: `URL PUTS CONNECTIONS KEY ACTOR`, where PUTS is a file of paths and bodies."""

    url: str
    puts: list[tuple[str, str]]
    connections: int
    headers: dict[str, str]


def asked() -> Asked:
    """Read the command line."""
    url, file, connections, key, actor = sys.argv[1:]
    headers = {
        "Authorization": f"ApiKey {key}",
        "On-Behalf-Of": actor,
        "Content-Type": "application/json",
    }
    return Asked(url, json.loads(Path(file).read_text()), int(connections), headers)


async def measured(work: Callable[[], Awaitable[None]], workers: int) -> None:
    """Let so many work side by side, and print what that took."""
    began, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(work() for _ in range(workers)))
    took = {"wall": time.monotonic() - began, "cpu": time.process_time() - cpu}
    sys.stdout.write(json.dumps(took))
