"""How everything stands in a sentence, in counts, and as what waits for a person.

The page `/`, the API and `reconciler status` tell the same.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from reconciler.core.condition import DONE_WITH, Condition, HeldReason
from reconciler.core.file_report import FileReport, all_problems
from reconciler.core.message import DialogId
from reconciler.core.problem import Problem
from reconciler.render.words import count, duration
from reconciler.web.attention import attention
from reconciler.web.state import Attention, State

_LONG: Final = timedelta(minutes=15)
"""No wait between two attempts is half as long: a doubt that is older does not end by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How everything stands. `problems` counts those of manifests; `attention` is worst first."""

    state: State
    sentence: str
    hindrance: str | None
    conditions: Mapping[Condition, int]
    pending: int
    held: Mapping[HeldReason, int]
    problems: int
    attention: tuple[Attention, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """What the sentence is made of: `dialogs` counts them, `drain` is in seconds."""

    hindrance: str | None
    dialogs: int
    conditions: Mapping[Condition, int]
    pending: int
    drain: float


def long_in_doubt(doubts: Mapping[DialogId, datetime], now: datetime) -> Sequence[DialogId]:
    """Give the dialogs of which a call has had no answer for so long that none is to be expected.

    `doubts` tells when the oldest such call was intended.
    """
    return [dialog for dialog, since in doubts.items() if now - since >= _LONG]


def summarize(
    files: Sequence[FileReport],
    *,
    unreadable: Sequence[Problem] = (),
    hindrances: Mapping[str, str | None],
    first_pass_done: bool = True,
    doubted: Sequence[DialogId],
    drain: float = 0.0,
    ledger: Path,
) -> Summary:
    """Give how everything stands; for the parameters see `Seen` and `attention`.

    `drain` is how many seconds the pending calls take, 0 where that is not known.
    """
    dialogs = [dialog for file in files for dialog in file.dialogs]
    conditions = Counter(dialog.condition for dialog in dialogs)
    held: Counter[HeldReason] = Counter()
    for dialog in dialogs:
        if dialog.held:
            held.update(dialog.held)
    problems = len(all_problems(files, unreadable))
    waiting = {dialog.dialog for dialog in dialogs if dialog.condition not in DONE_WITH}
    lasting = [dialog for dialog in doubted if dialog in waiting]
    waits = attention(hindrances, dialogs, problems=problems, doubted=lasting, ledger=ledger)
    hindrance = "; ".join(words for words in hindrances.values() if words) or None
    pending = sum(dialog.pending for dialog in dialogs)
    state = _state(hindrance, waits, conditions, first_pass_done=first_pass_done)
    figures = _Figures(
        hindrance=hindrance, dialogs=len(dialogs), conditions=conditions, pending=pending, drain=drain
    )
    return Summary(
        state=state,
        sentence=_sentence(figures, state),
        hindrance=hindrance,
        conditions={condition: conditions[condition] for condition in Condition},
        pending=pending,
        held={reason: held[reason] for reason in HeldReason},
        problems=problems,
        attention=waits,
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
