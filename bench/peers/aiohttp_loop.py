"""Sends PUTs with aiohttp and prints what that took: `aiohttp_loop.py URL PUTS CONNECTIONS KEY ACTOR`."""

import asyncio
import json
import sys
import time
from pathlib import Path

import aiohttp


async def send(url: str, puts: list[tuple[str, str]], limit: int, key: str, actor: str) -> None:
    """Send all of them; each connection takes the next one as soon as it is free."""
    left = iter([(url + path, body.encode()) for path, body in puts])
    headers = {
        "Authorization": f"ApiKey {key}",
        "On-Behalf-Of": actor,
        "Content-Type": "application/json",
    }
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=limit)) as session:

        async def work() -> None:
            for where, body in left:
                async with session.put(where, data=body) as answer:
                    await answer.read()

        began, cpu = time.monotonic(), time.process_time()
        await asyncio.gather(*(work() for _ in range(limit)))
        print(json.dumps({"wall": time.monotonic() - began, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    where, file, connections, *caller = sys.argv[1:]
    asyncio.run(send(where, json.loads(Path(file).read_text()), int(connections), *caller))
