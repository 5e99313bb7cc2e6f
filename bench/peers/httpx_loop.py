"""Sends PUTs with httpx and prints what that took: `httpx_loop.py URL PUTS CONNECTIONS KEY ACTOR`."""

import asyncio
import json
import sys
import time
from pathlib import Path

import httpx


async def send(url: str, puts: list[tuple[str, str]], count: int, *caller: str) -> None:
    """Send all of them; each connection takes the next one as soon as it is free."""
    left = iter([(url + path, body.encode()) for path, body in puts])
    key, actor = caller
    headers = {
        "Authorization": f"ApiKey {key}",
        "On-Behalf-Of": actor,
        "Content-Type": "application/json",
    }
    limits = httpx.Limits(max_connections=count)
    async with httpx.AsyncClient(headers=headers, limits=limits, trust_env=False) as client:

        async def work() -> None:
            for where, body in left:
                await client.put(where, content=body)

        began, cpu = time.monotonic(), time.process_time()
        await asyncio.gather(*(work() for _ in range(count)))
        print(json.dumps({"wall": time.monotonic() - began, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    where, file, connections, *caller = sys.argv[1:]
    asyncio.run(send(where, json.loads(Path(file).read_text()), int(connections), *caller))
