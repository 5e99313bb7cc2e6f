"""Answers that are no whole HTTP answers, written to the connection byte by byte."""

import asyncio
from typing import Final

from reconciler.sandbox.faults import Broken, Drip, Drop, EndlessHeader, Garbage, Truncate

_START: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
_KILOBYTE: Final = b"x" * 1024


async def break_connection(fault: Broken, transport: asyncio.Transport) -> None:
    """Write what a fault writes, and close the connection. Ends early where the caller went away."""
    match fault:
        case Drop():
            transport.abort()
        case Truncate():
            transport.write(_START + b'Content-Length: 1000\r\n\r\n{"errors":["cut sho')
        case Garbage():
            transport.write(b"\x16\x03\x01\x00\xff this is not HTTP\r\n\r\n")
        case Drip(interval=interval, size=size):
            transport.write(_START + f"Content-Length: {size}\r\n\r\n".encode())
            await _trickle(transport, b" ", size, interval)
        case EndlessHeader(interval=interval, size=size):
            transport.write(_START + b"X-Endless: ")
            await _trickle(transport, _KILOBYTE, size // len(_KILOBYTE), interval)
    transport.close()


async def _trickle(transport: asyncio.Transport, piece: bytes, pieces: int, interval: float) -> None:
    for _ in range(pieces):
        if transport.is_closing():
            return
        transport.write(piece)
        await asyncio.sleep(interval)
