"""How everything stands, as one value: a function of what the daemon knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler import __version__
from reconciler.core.file_report import FileReport
from reconciler.core.message import DialogId
from reconciler.core.problem import Problem
from reconciler.metrics.moment import Traffic
from reconciler.web.state import Overview, PassSummary
from reconciler.web.summary import long_in_doubt, summarize


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that an overview is made of, as it was at one moment.

    `doubts` are those of `Live`; `watch` and `watch_reason` are those of `Watch`.
    """

    at: datetime
    files: Sequence[FileReport]
    unreadable: Sequence[Problem]
    hindrances: Mapping[str, str | None]
    first_pass_done: bool
    traffic: Traffic
    watch: str
    watch_reason: str | None
    last_pass_at: datetime | None
    last_success_at: datetime | None
    passes: tuple[PassSummary, ...]
    doubts: Mapping[DialogId, datetime]
    ledger: Path


def overview(seen: Seen) -> Overview:
    """Give how everything stands."""
    drain = seen.traffic.waiting / seen.traffic.present_rate
    found = summarize(
        seen.files,
        unreadable=seen.unreadable,
        hindrances=seen.hindrances,
        first_pass_done=seen.first_pass_done,
        doubted=long_in_doubt(seen.doubts, seen.at),
        drain=drain,
        ledger=seen.ledger,
    )
    return Overview(
        at=seen.at,
        version=__version__,
        state=found.state,
        sentence=found.sentence,
        hindrance=found.hindrance,
        first_pass_done=seen.first_pass_done,
        conditions=found.conditions,
        pending=found.pending,
        held=found.held,
        rate_ceiling=seen.traffic.ceiling,
        rate_present=seen.traffic.present_rate,
        calls_waiting=seen.traffic.waiting,
        drain_seconds=drain,
        breaker_tripped=seen.traffic.tripped,
        files=len(seen.files),
        problems=found.problems,
        last_pass_at=seen.last_pass_at,
        last_success_at=seen.last_success_at,
        watch=seen.watch,
        watch_reason=seen.watch_reason,
        attention=found.attention,
        passes=seen.passes,
    )
