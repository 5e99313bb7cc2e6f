"""What is counted as it happens: an observer of the daemon. The catalogue is docs/metrics.md."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from reconciler import __version__
from reconciler.core.action import MarkDialog
from reconciler.core.call import Call
from reconciler.core.file_report import FileReport
from reconciler.core.notice import Notice
from reconciler.core.outcome import Applied, Cause, Deferred, Outcome, Rejected
from reconciler.core.problem import Problem
from reconciler.core.refusal import Guard
from reconciler.core.report import Report
from reconciler.metrics.change_latency import ChangeLatency
from reconciler.metrics.moment import Moment
from reconciler.metrics.standing import Counted, Standing
from reconciler.reconcile.planning import PassPlan

_CALL_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_PASS_SECONDS: Final = (0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0)
_CHANGE_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)

_REFUSALS: Final = 10_000
"""Plan ids that are kept in mind, so that each counts once."""


class Metrics:
    """Keeps the metrics; labels are bounded sets, never ids.

    `files` is how each file stands, by location, and changes with it; `moment` is asked at each scrape.
    """

    def __init__(
        self, files: Mapping[str, FileReport], moment: Callable[[], Moment], *, version: str = __version__
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self.registry = CollectorRegistry()
        self._files = files
        self._latency = ChangeLatency()
        self._refused: dict[str, None] = {}
        self._passes = self._counter(
            "passes", "Passes that ended.", result=("success", "incomplete", "error")
        )
        self._calls = self._counter(
            "api_calls",
            "Update Message calls, by form and result.",
            action=("message", "dialog"),
            result=("applied", "deferred", "rejected"),
        )
        self._refusals = self._counter(
            "guard_refusals", "Plans that a guard held, each plan id once.", guard=tuple(Guard)
        )
        self._bugs = self._counter(
            "bugs", "Mistakes in this program that held a dialog or ended a turn of its loop."
        )
        self._pass_seconds = self._histogram(
            "pass_duration_seconds", "Time from the start of a pass to its end.", _PASS_SECONDS
        )
        self._call_seconds = self._histogram(
            "api_call_duration_seconds", "Time from sending a call to its answer.", _CALL_SECONDS
        )
        self._change_seconds = self._histogram(
            "change_latency_seconds",
            "Time from the change of a file to the answer that a call which follows from it is applied.",
            _CHANGE_SECONDS,
        )
        self._polling = Gauge(
            "reconciler_watch_fallback",
            "1 while files are polled because inotify can't be used.",
            registry=self.registry,
        )
        info = Gauge("reconciler_build_info", "The running version.", ("version",), registry=self.registry)
        info.labels(_well_formed(version)).set(1)
        self._counted = Counted()
        self.registry.register(Standing(files, moment, self._counted))

    def planned(self, plan: PassPlan) -> None:
        """Note since when what is planned is wanted, and count what guards hold."""
        self._latency.planned(plan, self._files)
        for refusal in plan.refusals:
            if refusal.plan not in self._refused:
                self._refusals.labels(refusal.guard.value).inc()
                self._refused[refusal.plan] = None
        while len(self._refused) > _REFUSALS:
            del self._refused[next(iter(self._refused))]

    def called(self, call: Call) -> None:
        """Count one call."""
        action = "dialog" if isinstance(call.intent.action, MarkDialog) else "message"
        self._calls.labels(action, _result(call.outcome)).inc()
        self._call_seconds.observe(max(0.0, (call.answered_at - call.intent.sent_at).total_seconds()))
        if isinstance(call.outcome, Deferred) and call.outcome.cause is Cause.THROTTLED:
            self._counted.throttled_calls += 1
        if (waited := self._latency.answered(call)) is not None:
            self._change_seconds.observe(waited)

    def reported(self, report: Report) -> None:
        """Count one pass that came to its end."""
        self._passes.labels("success" if report.success() else "incomplete").inc()
        self._bugs.inc(report.bugs)
        self._pass_seconds.observe(max(0.0, (report.finished_at - report.started_at).total_seconds()))

    def failed(self) -> None:
        """Count one pass that did not."""
        self._passes.labels("error").inc()

    def noticed(self, notice: Notice) -> None:
        """Count nothing: how things stand shows it."""

    def unusable(self, problems: Sequence[Problem]) -> None:
        """Count files that can't be read with the problems."""
        self._counted.unreadable = tuple(problems)

    def polling(self, reason: str | None) -> None:
        """Show whether files are polled though that was not asked for."""
        self._polling.set(reason is not None)

    def hindered(self, by: str, reason: str | None) -> None:
        """Count nothing: what stands in the way is asked for at each scrape."""

    def bug(self, words: str) -> None:
        """Count a mistake in this program."""
        del words
        self._bugs.inc()

    def _counter(self, name: str, text: str, **labels: Sequence[str]) -> Counter:
        """Make a counter whose every series is there from the beginning."""
        counter = Counter(f"reconciler_{name}", text, tuple(labels), registry=self.registry)
        for values in product(*labels.values()) if labels else ():
            counter.labels(*map(str, values))
        return counter

    def _histogram(self, name: str, text: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(f"reconciler_{name}", text, buckets=buckets, registry=self.registry)


def _well_formed(text: str) -> str:
    """Spell out lone surrogates: one of them in a label would keep all metrics from being shown."""
    return text.encode(errors="backslashreplace").decode()


def _result(outcome: Outcome) -> str:
    match outcome:
        case Applied():
            return "applied"
        case Deferred():
            return "deferred"
        case Rejected():
            return "rejected"
