"""How everything stands, as one value: a function of what the daemon knows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from reconciler import __version__
from reconciler.core.message import DialogId
from reconciler.core.plan import HeldReason
from reconciler.core.problem import Problem
from reconciler.core.report import Condition, FileReport
from reconciler.metrics.moment import Traffic
from reconciler.render.words import count, duration
from reconciler.web.attention import attention
from reconciler.web.listing import list_problems
from reconciler.web.model import Attention, Overview, PassSummary, State

_LONG: Final = timedelta(minutes=15)
"""No wait between two attempts is half as long: a doubt that is older does not end by itself."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """What the sentence is made of: `dialogs` counts them, `drain` is in seconds."""

    hindrance: str | None
    dialogs: int
    conditions: Mapping[Condition, int]
    pending: int
    drain: float


def overview(seen: Seen) -> Overview:
    """Give how everything stands."""
    dialogs = [dialog for file in seen.files for dialog in file.dialogs]
    conditions = Counter(dialog.condition for dialog in dialogs)
    held: Counter[HeldReason] = Counter()
    for dialog in dialogs:
        if dialog.held:
            held.update(dialog.held)
    problems = len(list_problems(seen.files, seen.unreadable).problems)
    waits = attention(
        seen.hindrances,
        dialogs,
        problems=problems,
        doubted=[dialog for dialog, since in seen.doubts.items() if seen.at - since >= _LONG],
        ledger=seen.ledger,
    )
    hindrance = "; ".join(words for words in seen.hindrances.values() if words) or None
    pending = sum(dialog.pending for dialog in dialogs)
    drain = seen.traffic.waiting / seen.traffic.present_rate
    state = _state(hindrance, waits, conditions, first_pass_done=seen.first_pass_done)
    figures = _Figures(
        hindrance=hindrance, dialogs=len(dialogs), conditions=conditions, pending=pending, drain=drain
    )
    return Overview(
        at=seen.at,
        version=__version__,
        state=state,
        sentence=_sentence(figures, state),
        hindrance=hindrance,
        first_pass_done=seen.first_pass_done,
        conditions={condition: conditions[condition] for condition in Condition},
        pending=pending,
        held={reason: held[reason] for reason in HeldReason},
        rate_ceiling=seen.traffic.ceiling,
        rate_present=seen.traffic.present_rate,
        calls_waiting=seen.traffic.waiting,
        drain_seconds=drain,
        breaker_tripped=seen.traffic.tripped,
        files=len(seen.files),
        problems=problems,
        last_pass_at=seen.last_pass_at,
        last_success_at=seen.last_success_at,
        watch=seen.watch,
        watch_reason=seen.watch_reason,
        attention=waits,
        passes=seen.passes,
    )


def _state(
    hindrance: str | None,
    waits: Sequence[Attention],
    conditions: Mapping[Condition, int],
    *,
    first_pass_done: bool,
) -> State:
    if hindrance is not None:
        return State.HINDERED
    if waits:
        return State.ATTENTION
    under_way = conditions[Condition.PENDING] or conditions[Condition.BACKING_OFF]
    return State.WORKING if under_way or not first_pass_done else State.IN_SYNC


def _sentence(seen: "_Figures", state: State) -> str:
    in_sync = f"{seen.conditions[Condition.IN_SYNC]:,} of {count(seen.dialogs, 'dialog')} in sync"
    match state:
        case State.HINDERED:
            return f"Something stands in the way: {seen.hindrance}."
        case State.ATTENTION:
            person = seen.conditions[Condition.STALLED] + seen.conditions[Condition.INVALID]
            who = (
                f"{count(person, 'dialog')} {'needs' if person == 1 else 'need'}"
                if person
                else "Something needs"
            )
            return f"{who} a person; {in_sync}."
        case State.WORKING:
            return f"{_work(seen)}; {in_sync}."
        case State.IN_SYNC:
            return _all_well(seen)


def _work(seen: "_Figures") -> str:
    if seen.pending:
        time = f", which takes {duration(seen.drain)}" if seen.drain else ""
        return f"{count(seen.pending, 'change')} to be sent{time}"
    if again := seen.conditions[Condition.BACKING_OFF]:
        return f"{count(again, 'dialog')} will be tried again"
    return "The first look at all manifests is under way"


def _all_well(seen: "_Figures") -> str:
    if not seen.dialogs:
        return "No dialog is declared."
    if suspended := seen.conditions[Condition.SUSPENDED]:
        return f"{count(seen.dialogs - suspended, 'dialog')} in sync, {suspended:,} suspended."
    return "The one dialog is in sync." if seen.dialogs == 1 else f"All {seen.dialogs:,} dialogs are in sync."
