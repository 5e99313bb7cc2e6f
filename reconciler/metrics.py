"""Reports and calls as Prometheus metrics. Names and labels are an interface: docs/metrics.md."""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reconciler import __version__
from reconciler.core.action import MarkDialog
from reconciler.core.call import Call
from reconciler.core.notice import Notice
from reconciler.core.outcome import Applied, Deferred, Outcome, Rejected
from reconciler.core.plan import HeldReason
from reconciler.core.problem import Problem
from reconciler.core.report import Condition, FileReport, Report
from reconciler.reconcile.planning import PassPlan

_CALL_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_PASS_SECONDS: Final = (0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """How calls flow at this moment, and how files are watched."""

    ceiling: float
    present_rate: float
    waiting: int
    tripped: bool
    watch_errors: int


class Metrics:
    """An observer of the daemon that keeps the metrics; labels are bounded sets, never ids."""

    def __init__(self, files: Callable[[], Iterable[FileReport]], traffic: Callable[[], Traffic]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self.registry = CollectorRegistry()
        self._passes = Counter("reconciler_passes", "Passes that ended.", registry=self.registry)
        self._pass_seconds = Histogram(
            "reconciler_pass_duration_seconds",
            "Time from the start of a pass to its end.",
            buckets=_PASS_SECONDS,
            registry=self.registry,
        )
        self._calls = Counter(
            "reconciler_api_calls",
            "Update Message calls, by form (message or dialog) and result.",
            ("action", "result"),
            registry=self.registry,
        )
        self._call_seconds = Histogram(
            "reconciler_api_call_duration_seconds",
            "Time from sending a call to its answer.",
            buckets=_CALL_SECONDS,
            registry=self.registry,
        )
        self._last_pass = Gauge(
            "reconciler_last_pass_timestamp_seconds", "When the last pass ended.", registry=self.registry
        )
        self._last_success = Gauge(
            "reconciler_last_success_timestamp_seconds",
            "When the last pass ended in which no call failed and no manifest was invalid.",
            registry=self.registry,
        )
        self._hindered = Gauge(
            "reconciler_hindered",
            "1 while nothing is done because the manifests or the ledger can't be used.",
            registry=self.registry,
        )
        self._polling = Gauge(
            "reconciler_watch_fallback",
            "1 while files are polled because inotify can't be used.",
            registry=self.registry,
        )
        self._bugs = Counter(
            "reconciler_bugs",
            "Mistakes in this program that held a dialog or ended a turn of its loop.",
            registry=self.registry,
        )
        info = Gauge("reconciler_build_info", "The running version.", ("version",), registry=self.registry)
        info.labels(__version__).set(1)
        for action in ("message", "dialog"):
            for result in ("applied", "deferred", "rejected"):
                self._calls.labels(action, result)
        self._unusable = 0
        self.registry.register(_Standing(files, traffic, lambda: self._unusable))

    def planned(self, plan: PassPlan) -> None:
        """Nothing to count yet."""

    def called(self, call: Call) -> None:
        """Count one call."""
        action = "dialog" if isinstance(call.intent.action, MarkDialog) else "message"
        self._calls.labels(action, _result(call.outcome)).inc()
        self._call_seconds.observe(max(0.0, (call.answered_at - call.intent.sent_at).total_seconds()))

    def reported(self, report: Report) -> None:
        """Count one pass."""
        self._passes.inc()
        self._bugs.inc(report.bugs)
        self._pass_seconds.observe(max(0.0, (report.finished_at - report.started_at).total_seconds()))
        self._last_pass.set(report.finished_at.timestamp())
        failed = any(not isinstance(call.outcome, Applied) for call in report.calls)
        if not failed and not report.problems:
            self._last_success.set(report.finished_at.timestamp())

    def noticed(self, notice: Notice) -> None:
        """Nothing to count: how dialogs stand is counted at each scrape."""

    def unusable(self, problems: Sequence[Problem]) -> None:
        """Count files that can't be read with the problems."""
        self._unusable = len(problems)

    def polling(self, reason: str | None) -> None:
        """Show whether files are polled though that was not asked for."""
        self._polling.set(reason is not None)

    def hindered(self, reason: str | None) -> None:
        """Show whether anything is done."""
        self._hindered.set(reason is not None)

    def bug(self, words: str) -> None:
        """Count a mistake in this program."""
        del words
        self._bugs.inc()


class _Standing(Collector):
    """How everything stands now, counted at each scrape from the last report of each file."""

    def __init__(
        self,
        files: Callable[[], Iterable[FileReport]],
        traffic: Callable[[], Traffic],
        unusable: Callable[[], int],
    ) -> None:
        self._unusable = unusable
        self._files = files
        self._traffic = traffic

    def collect(self) -> Iterator[Metric]:
        """Give all that is counted only when somebody asks."""
        yield from self._dialogs()
        yield from self._flow()

    def _dialogs(self) -> Iterator[Metric]:
        files = tuple(self._files())
        conditions: Tally[Condition] = Tally()
        held: Tally[HeldReason] = Tally()
        pending = 0
        for dialog in (dialog for file in files for dialog in file.dialogs):
            conditions[dialog.condition] += 1
            held.update(dialog.held)
            pending += dialog.pending
        dialogs = GaugeMetricFamily("reconciler_dialogs", "Dialogs, by how they stand.", labels=["condition"])
        for condition in Condition:
            dialogs.add_metric([condition], conditions[condition])
        yield dialogs
        held_by = GaugeMetricFamily("reconciler_changes_held", "Changes held, by reason.", labels=["reason"])
        for reason in HeldReason:
            held_by.add_metric([reason], held[reason])
        yield held_by
        yield GaugeMetricFamily("reconciler_changes_pending", "Changes to be sent.", pending)
        yield GaugeMetricFamily("reconciler_manifest_files", "Manifest files.", len(files))
        problems = sum(len(file.problems) for file in files) + self._unusable()
        yield GaugeMetricFamily("reconciler_manifest_problems", "Problems in manifests.", problems)

    def _flow(self) -> Iterator[Metric]:
        now = self._traffic()
        drain = now.waiting / now.present_rate
        gauges: dict[str, tuple[str, float]] = {
            "rate_limit_calls_per_second": ("Calls a second, at most, as set.", now.ceiling),
            "rate_present_calls_per_second": ("Calls a second, at most, at present.", now.present_rate),
            "calls_waiting": ("Calls of the plans being sent that were not answered yet.", now.waiting),
            "calls_drain_seconds": ("Time that those take at the present rate.", drain),
            "breaker_tripped": ("1 while only probes are sent.", now.tripped),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(f"reconciler_{name}", text, value)
        yield CounterMetricFamily("reconciler_watch_errors", "Failures of watching files.", now.watch_errors)


def _result(outcome: Outcome) -> str:
    match outcome:
        case Applied():
            return "applied"
        case Deferred():
            return "deferred"
        case Rejected():
            return "rejected"
