"""Whoever is told of alerts: a small HTTP server that keeps what Alertmanager posts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One alert of one notification. `path` is where it was posted, `status` firing or resolved."""

    path: str
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def name(self) -> str:
        """Give the alert's name."""
        return self.labels["alertname"]


class Webhook:
    """What was told so far, at `url`."""

    def __init__(self, url: str, told: list[Told]) -> None:
        self.url = url
        self._told = told

    def told(self, name: str, status: str) -> Told | None:
        """Give the first time that this was told of an alert."""
        return next((each for each in list(self._told) if (each.name, each.status) == (name, status)), None)


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Serve on a free port of loopback for as long as the block lasts."""
    told: list[Told] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            notification: dict[str, Any] = json.loads(self.rfile.read(length))
            told.extend(
                Told(
                    path=self.path,
                    status=alert["status"],
                    labels=alert["labels"],
                    annotations=alert["annotations"],
                )
                for alert in notification["alerts"]
            )
            self.send_response(HTTPStatus.OK)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, name="webhook")
        thread.start()
        try:
            yield Webhook(f"http://127.0.0.1:{server.server_port}", told)
        finally:
            server.shutdown()
            thread.join()
