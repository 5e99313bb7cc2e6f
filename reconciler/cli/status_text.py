"""What `reconciler status` prints for people: what needs somebody on top, then each dialog, then figures."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from reconciler.cli.columns import Column, Columns
from reconciler.cli.output import Output, document
from reconciler.core.condition import Condition, HeldReason
from reconciler.core.problem import Origin, Problem
from reconciler.render.condition_style import condition_style
from reconciler.render.line import Piece
from reconciler.render.words import ago, ahead, count, duration, listed, rate, took, visible
from reconciler.web.state import State

_STYLE: Final = {State.HINDERED: "bad", State.ATTENTION: "bad", State.WORKING: "warn", State.IN_SYNC: "good"}

_HEADINGS: Final = (
    *(Column("DIALOG", free=True), Column("CONDITION"), Column("APPLIED"), Column("NEXT")),
    Column("NOTE", free=True),
)

_PASSES: Final = ("PASS ENDED", "TOOK", "APPLIED", "DEFERRED", "REJECTED", "MEDIAN OF A CALL")

_FEW: Final = 5
"""Passes that are shown."""


def print_status(status: Mapping[str, Any], now: datetime, most: int | None = None) -> None:
    """Print the document that `status_document` gives; of dialogs and problems `most`, if given."""
    out = document()
    out.print(status["sentence"], style=_STYLE[State(status["state"])])
    for waits in status["attention"]:
        _print_attention(out, waits)
    if dialogs := sorted(status["dialogs"], key=_worst_first):
        out.print()
        out.print_columns(Columns(_HEADINGS, [_row(dialog, now) for dialog in dialogs[:most]]))
        _print_rest(out, len(dialogs), most, "dialog")
    if problems := status["problems"]:
        out.print()
        for problem in problems[:most]:
            out.print(_problem(problem), style="bad")
        _print_rest(out, len(problems), most, "problem")
    running = status["daemon"]
    if running and running["passes"]:
        out.print()
        out.print_columns(Columns([Column(name) for name in _PASSES], _passes(running["passes"], now)))
    out.print()
    for line in _figures(status, now):
        out.print(line)


def _print_rest(out: Output, there: int, most: int | None, noun: str) -> None:
    if most is not None and there > most:
        out.print(f"... and {count(there - most, f'more {noun}')}; --all shows all of them", style="place")


def _print_attention(out: Output, waits: Mapping[str, str | None]) -> None:
    out.print()
    out.print(f"- {visible(waits['what'] or '')}", style="bad")
    out.print(f"  {waits['todo']}")
    if waits["command"]:
        out.print((Piece(f"  {visible(waits['command'])}", "bold"),))


def _row(dialog: Mapping[str, Any], now: datetime) -> Sequence[Piece]:
    condition, due = Condition(dialog["condition"]), _time(dialog["dueAt"])
    applied = "" if condition is Condition.INVALID else f"{dialog['applied']:,} of {dialog['declared']:,}"
    return (
        Piece(dialog["name"] or dialog["origin"]),
        Piece(condition, condition_style(condition)),
        Piece(applied),
        Piece(ahead(due, now) if due else ""),
        Piece("guarded" if HeldReason.GUARDED in dialog["held"] else visible(dialog["note"])),
    )


def _passes(passes: Sequence[Mapping[str, Any]], now: datetime) -> list[Sequence[Piece]]:
    """Give a row for each of the last passes that made calls, the newest first."""
    return [
        (
            Piece(ago(datetime.fromisoformat(one["finishedAt"]), now)),
            Piece(took(one["seconds"])),
            Piece(f"{one['applied']:,}", "good" if one["applied"] else ""),
            Piece(f"{one['deferred']:,}", "warn" if one["deferred"] else ""),
            Piece(f"{one['rejected']:,}", "bad" if one["rejected"] else ""),
            Piece("" if one["callSeconds"] is None else took(one["callSeconds"])),
        )
        for one in passes[: -_FEW - 1 : -1]
    ]


def _figures(status: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Give the counts: dialogs by condition, changes to be sent and held, calls; and what a daemon adds."""
    yield f"Dialogs: {_counted(status['dialogsByCondition']) or 'none'}."
    yield f"Changes: {status['pending']:,} to be sent; held: {_counted(status['held']) or 'none'}."
    if (calls := status["calls"]) is not None:
        yield _calls(calls, now)
    if (running := status["daemon"]) is not None:
        yield from _running(running, now)


def _calls(calls: Mapping[str, Any], now: datetime) -> str:
    total = calls["applied"] + calls["deferred"] + calls["rejected"] + calls["inDoubt"]
    sent = _time(calls["lastSentAt"])
    last = f", the last {ago(sent, now)}" if sent else ""
    doubt = f"; {calls['inDoubt']:,} without an answer: under way or in doubt" if calls["inDoubt"] else ""
    return f"{count(total, 'call')}{last}{doubt}."


def _running(running: Mapping[str, Any], now: datetime) -> Iterator[str]:
    speed, waiting = running["rate"], running["callsWaiting"]
    drain = f", which takes {duration(running['drainSeconds'])}" if waiting else ""
    tripped = "; one probe at a time: the service gives no useful answer" if running["breakerTripped"] else ""
    yield (
        f"Rate: {rate(speed['present'])} of {rate(speed['ceiling'])} calls a second; "
        f"{count(waiting, 'call waits', 'calls wait')}{drain}{tripped}."
    )
    ended, success, watch = _time(running["lastPassAt"]), _time(running["lastSuccessAt"]), running["watch"]
    last = f"The last pass ended {ago(ended, now)}" if ended else "No pass has ended yet"
    declared = (
        f"everything was last as declared {ago(success, now)}"
        if success
        else "not everything has been as declared yet"
    )
    yield f"{last}; {declared}."
    reason = f": {watch['reason']}" if watch["reason"] else ""
    yield f"The daemon, {running['version']}, sees changes on disk by {watch['mode']}{visible(reason)}."


def _counted(numbers: Mapping[str, int]) -> str:
    found = [f"{number:,} {what}" for what, number in numbers.items() if number]
    return listed(found) if found else ""


def _problem(problem: Mapping[str, Any]) -> str:
    origin = Origin(problem["path"], problem["line"], problem["column"])
    return str(Problem(origin, problem["what"], problem["todo"]))


def _worst_first(dialog: Mapping[str, Any]) -> tuple[int, str]:
    return list(Condition).index(dialog["condition"]), dialog["name"] or dialog["origin"]


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
