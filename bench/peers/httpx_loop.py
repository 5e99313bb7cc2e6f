"""Sends PUTs with httpx and prints what that took: `httpx_loop.py TRANSPORT URL PUTS CONNECTIONS KEY ACTOR`.

TRANSPORT is `httpx` for its own, or `aiohttp` for that of httpx-aiohttp.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import httpx
from httpx_aiohttp import AiohttpTransport


async def send(transport: str, url: str, puts: list[tuple[str, str]], count: int, *caller: str) -> None:
    """Send all of them; each connection takes the next one as soon as it is free."""
    left = iter([(url + path, body.encode()) for path, body in puts])
    key, actor = caller
    headers = {
        "Authorization": f"ApiKey {key}",
        "On-Behalf-Of": actor,
        "Content-Type": "application/json",
    }
    limits = httpx.Limits(max_connections=count)
    chosen = AiohttpTransport(limits=limits) if transport == "aiohttp" else None
    async with httpx.AsyncClient(headers=headers, limits=limits, transport=chosen, trust_env=False) as client:

        async def work() -> None:
            for where, body in left:
                await client.put(where, content=body)

        began, cpu = time.monotonic(), time.process_time()
        await asyncio.gather(*(work() for _ in range(count)))
        print(json.dumps({"wall": time.monotonic() - began, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    how, where, file, connections, *caller = sys.argv[1:]
    asyncio.run(send(how, where, json.loads(Path(file).read_text()), int(connections), *caller))
