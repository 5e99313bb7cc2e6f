"""Whoever sends junk to the daemon's HTTP server is told so, and fills no log with tracebacks."""

import socket
from urllib.parse import urlsplit

import pytest

from tests.program.chat import manifest
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program
from tests.program.waiting import LONGEST

JUNK = [
    b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n",
    b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x00\xff\x01\x00\x00\xfb\x03\x03\r\n\r\n",
    b"canary\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"PUT /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_junk_is_refused_without_a_traceback(program: Program, sandbox: LiveSandbox, junk: bytes) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        host, port = urlsplit(daemon.url).hostname, urlsplit(daemon.url).port
        with socket.create_connection((host, port), timeout=LONGEST) as connection:
            connection.sendall(junk)
            answer = connection.recv(100)
        assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
        assert daemon.get("/healthz").status == 200
        daemon.stop()
    assert "canary" not in daemon.stderr
    assert "Traceback" not in daemon.stderr
    assert sandbox.arrived() == 1
