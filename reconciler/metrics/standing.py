"""How everything stands, counted at each scrape: from the last report of each file, and of that moment."""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reconciler.core.condition import DONE_WITH, Condition, HeldReason
from reconciler.core.file_report import DialogReport, FileReport, all_problems
from reconciler.core.message import DialogId
from reconciler.core.problem import Problem
from reconciler.metrics.moment import Moment

_HINDRANCES: Final = ("source", "ledger", "service", "bug")


@dataclass(slots=True)
class Counted:
    """What the observer counted of things that are told in two places, or are a part of a figure."""

    throttled_calls: int = 0
    unreadable: tuple[Problem, ...] = ()
    """The problems of files that can't be read."""


class Standing(Collector):
    """Gives all that is counted only when somebody asks."""

    def __init__(
        self, files: Mapping[str, FileReport], moment: Callable[[], Moment], counted: Counted
    ) -> None:
        self._files = files
        self._moment = moment
        self._counted = counted

    def collect(self) -> Iterator[Metric]:
        """Count."""
        now, files = self._moment(), tuple(self._files.values())
        dialogs = [dialog for file in files for dialog in file.dialogs]
        yield from _dialogs(dialogs)
        yield _gauge("manifest_files", "Manifest files.", len(files))
        problems = len(all_problems(files, self._counted.unreadable))
        yield _gauge("manifest_problems", "Problems in manifests.", problems)
        yield from _looks(now)
        yield from _traffic(now, self._counted.throttled_calls)
        yield from _watch(now)
        yield from _ledger(now, dialogs)


def _dialogs(dialogs: Iterable[DialogReport]) -> Iterator[Metric]:
    conditions: Tally[Condition] = Tally()
    held: Tally[HeldReason] = Tally()
    pending = 0
    for dialog in dialogs:
        conditions[dialog.condition] += 1
        pending += dialog.pending
        if dialog.held:
            held.update(dialog.held)
    yield _gauges(
        "dialogs", "Dialogs, by how they stand.", "condition", {each: conditions[each] for each in Condition}
    )
    yield _gauge("changes_pending", "Changes to be sent.", pending)
    yield _gauges(
        "changes_held", "Changes held, by reason.", "reason", {each: held[each] for each in HeldReason}
    )


def _looks(now: Moment) -> Iterator[Metric]:
    yield _gauge(
        "last_attempt_timestamp_seconds",
        "When all files were last looked at, whatever was found; 0 before that.",
        _seconds(now.last_attempt_at),
    )
    yield _gauge(
        "last_success_timestamp_seconds",
        "When all was last as declared or suspended after a look, and nothing hindered; 0 before that.",
        _seconds(now.last_success_at),
    )
    yield _gauges(
        "hindered",
        "1 while this stands in the way of doing what is declared.",
        "by",
        {each: each in now.hindered_by for each in _HINDRANCES},
    )


def _traffic(now: Moment, throttled_calls: int) -> Iterator[Metric]:
    traffic = now.traffic
    yield _gauge("rate_limit_calls_per_second", "Calls a second, at most, as set.", traffic.ceiling)
    yield _gauge(
        "rate_present_calls_per_second", "Calls a second, at most, at present.", traffic.present_rate
    )
    yield _gauge(
        "calls_waiting", "Calls of the plans being sent that were not answered yet.", traffic.waiting
    )
    yield _gauge(
        "calls_drain_seconds",
        "Time that those take at the present rate.",
        traffic.waiting / traffic.present_rate,
    )
    yield CounterMetricFamily(
        "reconciler_api_throttles",
        "Answers 429, to calls and to logins.",
        throttled_calls + now.throttled_logins,
    )
    yield _gauge("breaker_tripped", "1 while only probes are sent.", traffic.tripped)
    yield _gauge(
        "session_expiry_timestamp_seconds",
        "When the session of our own ends, as far as known; no sample without one.",
        None if now.session_ends_at is None else _seconds(now.session_ends_at),
    )


def _watch(now: Moment) -> Iterator[Metric]:
    yield _gauges(
        "watch_mode",
        "1 for the way in which changes of files are seen.",
        "mode",
        {mode: mode == now.watch_mode for mode in ("inotify", "poll")},
    )
    yield CounterMetricFamily(
        "reconciler_watch_errors", "Failures of watching files.", now.traffic.watch_errors
    )


def _ledger(now: Moment, dialogs: Iterable[DialogReport]) -> Iterator[Metric]:
    writes = CounterMetricFamily(
        "reconciler_ledger_writes", "Transactions of the ledger, by what became of them.", labels=["result"]
    )
    writes.add_metric(["committed"], now.ledger_committed)
    writes.add_metric(["failed"], now.ledger_failed)
    yield writes
    yield _gauge("ledger_size_bytes", "Size of the ledger and its write-ahead log.", now.ledger_size)
    since = _oldest_doubt(now.doubts, dialogs)
    yield _gauge(
        "ledger_oldest_doubt_seconds",
        "Age of the oldest call without an answer, of dialogs that are not as declared; 0 where none is.",
        max(0.0, (now.at - since).total_seconds()) if since is not None else 0.0,
    )


def _oldest_doubt(doubts: Mapping[DialogId, datetime], dialogs: Iterable[DialogReport]) -> datetime | None:
    """Give when the oldest call in doubt was intended that still matters.

    What nobody declares any more was called for is not wanted either.
    """
    if not doubts:
        return None
    waiting = {dialog.dialog for dialog in dialogs if dialog.condition not in DONE_WITH}
    return min((at for dialog, at in doubts.items() if dialog in waiting), default=None)


def _gauge(name: str, text: str, value: float | None) -> Metric:
    return GaugeMetricFamily(f"reconciler_{name}", text, value)


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"reconciler_{name}", text, labels=[label])
    for value, figure in values.items():
        family.add_metric([str(value)], figure)
    return family


def _seconds(time: datetime | None) -> float:
    return 0.0 if time is None else time.timestamp()
