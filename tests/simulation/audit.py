"""What must be true of every world, whatever happened in it: read off the wire, the ledger and the service.

Each PUT is judged by what the ledger could know when it was made. It is *needed* where the ledger does
not know what it asks for to be applied; it is a *repeat* where the same was tried before. A repeat is
right only where the try before it had no answer, was put off, or was refused and freed since. So the
calls are no more than those needed, and one for each answer that was lost, put off or freed.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from reconciler.core.outcome import Cause
from reconciler.ledger.history import HistoryRow, Result, RetryRow
from tests.simulation.credential import Kind
from tests.simulation.declared import Put, Version
from tests.simulation.network import WireCall
from tests.simulation.weather import Way
from tests.simulation.world import World

_LONGEST_AGO: Final = 600.0
"""Seconds before a call at which it may have been planned."""

_STEP: Final = timedelta(seconds=2)
"""By how much a clock may be set back without a doubt about what it told before."""

_NOT_YET: Final = frozenset({307, 401, 408, 429, *range(500, 600)})
"""Answers to the question whose a token is after which it may not be used. Others tell, or say that
the service does not tell: then the settings are believed."""

_NEVER_SENT: Final = frozenset({Way.REFUSED, Way.CONNECT_TIMEOUT})


class Part(NamedTuple):
    """One field of a message or of a whole dialog; `mark` is None for the text, and `user` then too."""

    dialog: str
    message: str | None
    mark: str | None
    user: int | None


class Try(NamedTuple):
    """The last try at a part: the text where it is one, what came of it, and for which manifest."""

    text: str | None
    row: HistoryRow


@dataclass(slots=True)
class Known:
    """What the ledger may know of one part. `text` is None for a mark that is applied."""

    applied: bool = False
    text: str | None = None
    certain: bool = True
    asked: frozenset[str | None] = frozenset()
    at: datetime | None = None
    last: Try | None = None


def parts_of(put: Put) -> Iterator[Part]:
    """Give the fields that a PUT is about."""
    if put.text is not None:
        yield Part(put.dialog, put.message, None, None)
    for mark in sorted(put.marks):
        yield Part(put.dialog, put.message, mark, put.actor)


@dataclass(slots=True)
class Audit:
    """Judges one world after it ended. `violations` are sentences."""

    world: World
    rows: Mapping[int, HistoryRow]
    retries: tuple[RetryRow, ...]
    violations: list[str] = field(default_factory=list)
    known: dict[Part, Known] = field(default_factory=dict)
    explained: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Judge every action, in the order in which they were recorded; then what left when."""
        puts = [call for call in self.world.network.calls if call.method == "PUT"]
        made = {call.action: call for call in puts if call.action in self.rows}
        for call in puts:
            if made.get(call.action) is not call:
                self.violations.append(f"{_where(call)} left without an intent of its own in the ledger")
        for number, row in sorted(self.rows.items()):
            if number in made:
                self._judge(made[number], row)
            else:
                self._judge_unmade(row)
        self.violations += [
            f"call {n} left while its dialog's last was out" for n in self.world.network.overlaps
        ]
        self._rate()
        self._pauses()
        if self.world.identity.kind is Kind.TOKEN:
            self._tokens()

    def _judge_unmade(self, row: HistoryRow) -> None:
        """An intent whose call never left: nobody but us can know, and it must be in doubt."""
        if row.result is not Result.IN_DOUBT:
            self.violations.append(f"action {row.number} is {row.result}, and was never sent")
        text = None if row.new is None or row.new.text is None else row.new.text.reveal()
        put = Put(
            dialog=row.dialog.value,
            message=None if row.message is None else row.message.value,
            actor=row.actor.value,
            text=text,
            marks=frozenset(mark.value for mark in row.marks),
        )
        for part in parts_of(put):
            known = self.known.setdefault(part, Known())
            known.last = Try(text if part.mark is None else None, row)
            known.certain = False

    def _judge(self, call: WireCall, row: HistoryRow) -> None:
        where = _where(call)
        versions = self._declared(call)
        if not versions:
            self.violations.append(f"{where} is declared nowhere")
        if any(value != 1 for name, value in call.fields.items() if name in {"read", "delivered"}):
            self.violations.append(f"{where} carries a mark that is not 1")
        self._compare(call, row, where)
        for part in parts_of(call.put):
            self._judge_part(part, call, row, versions)

    def _declared(self, call: WireCall) -> list[Version]:
        """Give the versions that this call may be for: in force a moment ago, and not suspended since."""
        grace = self.world.flavour.notices_within
        return [
            version
            for version, since in self.world.timeline.between(call.put.dialog, call.at - grace, call.at)
            if version.allows(call.put)
            and (
                version.suspended_until is None
                or self.world.clock.extremes(since, call.at)[1] >= version.suspended_until
            )
        ]

    def _compare(self, call: WireCall, row: HistoryRow, where: str) -> None:
        """Hold the ledger's record against what went over the wire."""
        confirmed = call.status is not None and 200 <= call.status < 300 and not call.page
        if row.result is Result.APPLIED and not confirmed:
            self.violations.append(f"{where}: the ledger says applied, the answer was {call.status}")
        if row.result is Result.APPLIED and row.request_id != call.request_id:
            self.violations.append(f"{where}: the ledger has another answer's id, {row.request_id}")
        if confirmed and row.result not in {Result.APPLIED, Result.IN_DOUBT}:
            self.violations.append(f"{where}: applied, and the ledger says {row.result}")

    def _judge_part(self, part: Part, call: WireCall, row: HistoryRow, versions: list[Version]) -> None:
        where, known = _where(call), self.known.setdefault(part, Known())
        text = call.put.text if part.mark is None else None
        asked = (
            frozenset(version.requested_at for version in versions) if part.message is None else frozenset()
        )
        if not self._needed(part, known, text, call, versions):
            self.violations.append(f"{where}: {part} was known to be applied")
        elif known.last is not None and known.last.text == text and not known.applied:
            self._repeat(part, known.last, row, where)
        elif known.last is None:
            self.explained["first"] += 1
        self._learn(known, Try(text, row), asked, call)

    def _needed(
        self, part: Part, known: Known, text: str | None, call: WireCall, versions: list[Version]
    ) -> bool:
        """Tell whether the ledger may not have known this to be applied, or it was asked for once more."""
        if not known.applied:
            return True
        if part.mark is None:
            return not known.certain or known.text != text
        if part.message is not None:
            return False
        asked = {version.requested_at for version in versions}
        again = any(value is not None and {value} != known.asked for value in asked)
        assert known.at is not None
        earliest, latest = self.world.clock.extremes(max(0.0, call.at - _LONGEST_AGO), call.at)
        intervals = [timedelta(minutes=each.interval) for each in versions if each.interval is not None]
        # A time that was still to come was told by a clock that was ahead: nobody knows when that was.
        due = any(latest >= known.at + each or known.at > earliest + _STEP for each in intervals)
        return again or due

    def _repeat(self, part: Part, last: Try, row: HistoryRow, where: str) -> None:
        match last.row.result:
            case Result.IN_DOUBT | Result.DEFERRED:
                self.explained[str(last.row.cause or last.row.result)] += 1
            case Result.REJECTED:
                freed = any(
                    retry.after >= last.row.number for retry in self.retries if retry.after < row.number
                )
                if last.row.manifest == row.manifest and not freed:
                    self.violations.append(f"{where}: {part} was refused, and nobody freed it")
                self.explained["freed"] += 1
            case Result.APPLIED:
                self.explained["other"] += 1

    def _learn(self, known: Known, tried: Try, asked: frozenset[str | None], call: WireCall) -> None:
        known.last = tried
        row = tried.row
        if row.result is Result.APPLIED:
            known.applied, known.text, known.certain = True, tried.text, True
            known.asked, known.at = asked, row.answered_at
        elif known.applied and known.text is not None:
            assert call.fate is not None
            definite = row.result is Result.DEFERRED and (
                row.cause in {Cause.THROTTLED, Cause.CREDENTIAL} or call.fate.way in _NEVER_SENT
            )
            refused = row.result is Result.REJECTED and not call.put.marks
            known.certain = known.certain and (definite or refused)

    def _rate(self) -> None:
        """No second of the record holds more calls than the rate; logins count."""
        rate = self.world.settings.rate
        times = [call.at for call in self.world.network.calls]
        for first, last in zip(times, times[int(rate) :], strict=False):
            if last - first < 1.0:
                self.violations.append(f"more than {rate:g} calls in the second after {first:.3f}")
                return
        peak = self.world.sandbox.log.peak_per_second
        if peak > rate:
            self.violations.append(f"{peak} calls in one second, as the service counts them")

    def _pauses(self) -> None:
        """After a 429 that names a time, the same process makes no call until then."""
        until: dict[int, float] = {}
        answers = sorted(
            (call.answered_at, call.life, call.retry_after or 0.0)
            for call in self.world.network.calls
            if call.status == 429 and call.answered_at is not None
        )
        for call in self.world.network.calls:
            while answers and answers[0][0] < call.at:
                at, life, seconds = answers.pop(0)
                until[life] = max(until.get(life, 0.0), at + min(seconds, 60.0))
            if call.at < until.get(call.life, 0.0) - 0.001:
                self.violations.append(
                    f"call {call.number} at {call.at:.3f} left in a pause that was asked for"
                )

    def _tokens(self) -> None:
        """No token is sent with a PUT before its process was told of it, nor one of anybody else."""
        answered: dict[tuple[int, str | None], float] = {}
        untold: set[tuple[int, str | None]] = set()
        for call in self.world.network.calls:
            of = (call.life, call.token)
            if call.method == "GET" and call.answered_at is not None and call.status not in _NOT_YET:
                answered.setdefault(of, call.answered_at)
                untold |= {of} if call.status != 200 or call.page else set()
            elif call.method == "PUT" and answered.get(of, math.inf) > call.at:
                self.violations.append(f"{_where(call)} was made with a token that was not asked about")
            elif call.method == "PUT" and call.token in self.world.identity.foreign and of not in untold:
                self.violations.append(f"{_where(call)} was made with the token of somebody else")


def _where(call: WireCall) -> str:
    return f"call {call.number} at {call.at:.3f} ({call.put})"
