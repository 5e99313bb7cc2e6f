"""Metrics to look at: a real registry at a moment that a test chooses, and its series by name."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from reconciler.core.condition import Condition
from reconciler.core.file_report import DialogReport, FileReport
from reconciler.metrics.moment import Moment, Traffic
from reconciler.metrics.observer import Metrics
from tests.core.builders import HERE, NOW

IDLE: Final = Traffic(ceiling=80.0, present_rate=80.0, waiting=0, tripped=False, watch_errors=0)


def moment(**other: Any) -> Moment:
    """Give a moment at which nothing happened yet, but for what is `other`."""
    first: dict[str, Any] = {
        "at": NOW,
        "traffic": IDLE,
        "throttled_logins": 0,
        "session_ends_at": None,
        "watch_mode": "inotify",
        "hindered_by": frozenset(),
        "last_attempt_at": None,
        "last_success_at": None,
        "ledger_committed": 0,
        "ledger_failed": 0,
        "ledger_size": 0,
        "doubts": {},
    }
    return Moment(**{**first, **other})


def metrics(
    files: Iterable[FileReport] = (), now: Callable[[], Moment] = moment, version: str = "1.2.3"
) -> Metrics:
    return Metrics({file.location: file for file in files}, now, version=version)


def series(shown: Metrics) -> Mapping[str, float]:
    """Give all series by name and labels, written as a query would."""
    return {
        f"{sample.name}{{{labels}}}" if labels else sample.name: sample.value
        for family in shown.registry.collect()
        for sample in family.samples
        for labels in [",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))]
    }


def file(location: str, *conditions: Condition, **other: Any) -> FileReport:
    """Give a file with a dialog in each of these conditions; `other` is true of each of them."""
    dialogs = tuple(
        DialogReport(**{"name": None, "dialog": None, "origin": HERE, **other}, condition=condition)
        for condition in conditions
    )
    return FileReport(location=location, content=b"c", rules=b"r", settled=True, due_at=None, dialogs=dialogs)
