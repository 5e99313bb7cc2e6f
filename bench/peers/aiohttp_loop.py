"""Sends PUTs with aiohttp and prints what that took: `aiohttp_loop.py URL PUTS CONNECTIONS KEY ACTOR`."""

import asyncio

import aiohttp

from bench.peers.side_by_side import Asked, asked, measured


async def send(what: Asked) -> None:
    """Send all of them; each connection takes the next one as soon as it is free."""
    left = iter([(what.url + path, body.encode()) for path, body in what.puts])
    async with aiohttp.ClientSession(
        headers=what.headers, connector=aiohttp.TCPConnector(limit=what.connections)
    ) as session:

        async def work() -> None:
            for where, body in left:
                async with session.put(where, data=body) as answer:
                    await answer.read()

        await measured(work, what.connections)


if __name__ == "__main__":
    asyncio.run(send(asked()))
