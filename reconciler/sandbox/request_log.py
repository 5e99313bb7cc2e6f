"""The log of every request to the service, kept in memory for tests to read and to wait on."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from reconciler.sandbox.rate_limit import SlidingWindow


class LogEntry(NamedTuple):
    """One request that is over.

    `number` counts from 1 in the order in which requests ended; `request_id` is what the answer
    carried. `at` is unix time and `monotonic` the monotonic clock, both in seconds at arrival;
    `duration` is in seconds. `fields` are the body's, with the text and without a password. `status`
    is None where no answer was sent, `applied` whether the service carried the request out.
    `in_flight` counts the requests under way at arrival, this one among them.
    """

    number: int
    request_id: str
    at: float
    monotonic: float
    duration: float
    method: str
    path: str
    query: str
    user: int | None
    fields: Mapping[str, object]
    status: int | None
    applied: bool
    faults: tuple[str, ...]
    in_flight: int

    def model(self) -> dict[str, object]:
        """Give the entry for JSON, with its time of day in ISO form."""
        return self._asdict() | {"at": datetime.fromtimestamp(self.at, UTC).isoformat()}


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request that is under way, and what is known of it so far."""

    number: int
    at: float
    monotonic: float
    in_flight: int
    method: str
    path: str
    query: str
    user: int | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    status: int | None = None
    applied: bool = False
    faults: tuple[str, ...] = ()

    @property
    def request_id(self) -> str:
        """Give the id that the answer carries."""
        return f"sandbox-{self.number:08d}"


class RequestLog:
    """The latest requests and the counts of all. Whoever waits is woken when a request comes or ends."""

    def __init__(self, size: int) -> None:
        self.entries: deque[LogEntry] = deque(maxlen=size)
        self.arrived = 0
        self.finished = 0
        self.peak_in_flight = 0
        self.statuses: Counter[int | None] = Counter()
        self._window = SlidingWindow()
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def in_flight(self) -> int:
        """Give how many requests are under way."""
        return self.arrived - self.finished

    @property
    def peak_per_second(self) -> int:
        """Give the most requests that came in any one second."""
        return self._window.peak

    def arrive(self, *, at: float, monotonic: float, method: str, path: str, query: str) -> Exchange:
        """Count a request that came."""
        self.arrived += 1
        in_flight = self.in_flight
        self.peak_in_flight = max(self.peak_in_flight, in_flight)
        self._window.add(monotonic)
        self._wake()
        return Exchange(
            number=self.arrived,
            at=at,
            monotonic=monotonic,
            in_flight=in_flight,
            method=method,
            path=path,
            query=query,
        )

    def finish(self, exchange: Exchange, monotonic: float) -> None:
        """Keep a request that is over, or whose answer is about to leave."""
        self.finished += 1
        self.statuses[exchange.status] += 1
        entry = LogEntry(
            number=self.finished,
            request_id=exchange.request_id,
            at=exchange.at,
            monotonic=exchange.monotonic,
            duration=monotonic - exchange.monotonic,
            method=exchange.method,
            path=exchange.path,
            query=exchange.query,
            user=exchange.user,
            fields=exchange.fields,
            status=exchange.status,
            applied=exchange.applied,
            faults=exchange.faults,
            in_flight=exchange.in_flight,
        )
        self.entries.append(entry)
        self._wake()

    def since(self, number: int) -> tuple[LogEntry, ...]:
        """Give the kept entries after entry `number`; 0 gives all."""
        gone = self.finished - len(self.entries)
        return tuple(islice(self.entries, max(0, number - gone), None))

    def puts(self, since: int = 0) -> tuple[LogEntry, ...]:
        """Give the kept entries of Update Message after entry `since`."""
        return tuple(entry for entry in self.since(since) if entry.method == "PUT")

    def counters(self) -> dict[str, object]:
        """Give the counts of all requests, also of those that the log no longer keeps."""
        return {
            "arrived": self.arrived,
            "finished": self.finished,
            "in_flight": self.in_flight,
            "peak_in_flight": self.peak_in_flight,
            "peak_per_second": self.peak_per_second,
            "statuses": {"none" if each is None else str(each): n for each, n in self.statuses.items()},
        }

    async def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until a condition on this log holds, looking whenever a request comes or ends.

        Gives whether it does; False where `seconds` went by.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not condition():
            waiter = loop.create_future()
            self._waiting.add(waiter)
            try:
                async with asyncio.timeout_at(deadline):
                    await waiter
            except TimeoutError:
                return condition()
            finally:
                self._waiting.discard(waiter)
        return True

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
