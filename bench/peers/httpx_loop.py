"""Sends PUTs with httpx and prints what that took: `httpx_loop.py URL PUTS CONNECTIONS KEY ACTOR`."""

import asyncio

import httpx

from bench.peers.side_by_side import Asked, asked, measured


async def send(what: Asked) -> None:
    """Send all of them; each connection takes the next one as soon as it is free."""
    left = iter([(what.url + path, body.encode()) for path, body in what.puts])
    limits = httpx.Limits(max_connections=what.connections)
    async with httpx.AsyncClient(headers=what.headers, limits=limits, trust_env=False) as client:

        async def work() -> None:
            for where, body in left:
                await client.put(where, content=body)

        await measured(work, what.connections)


if __name__ == "__main__":
    asyncio.run(send(asked()))
