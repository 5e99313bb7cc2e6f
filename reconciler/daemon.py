"""The daemon: wake, pass, publish, wait; stop when told to.

One pass at a time. A change on disk ends a pass that is still sending, so that what changed goes
first; the rest follows in the next pass. Every wake-up means the same: look again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from reconciler.core.call import Call
from reconciler.core.report import FileReport, Report
from reconciler.ledger.entry import ForgottenFile
from reconciler.ledger.errors import LedgerError
from reconciler.reconcile.agenda import Agenda, agenda, hindrance
from reconciler.reconcile.group_commit import GroupCommit
from reconciler.reconcile.one_pass import send_pass
from reconciler.reconcile.planning import AppliedStates, PassPlan, plan_files
from reconciler.reconcile.sender import Sender
from reconciler.source.directory import Directory, ManifestFile, Scan
from reconciler.source.watch import Watch
from reconciler.source.yaml_file import Rules

T = TypeVar("T")

_BEAT: Final = 5.0
"""Seconds: the loop wakes at least this often, to show that it lives."""

_QUIET: Final = 0.03
"""Seconds between two scans that must agree before a change is acted on: it may be half written."""

_RESTLESS: Final = 30
"""Scans after which a tree that never comes to rest is acted on all the same."""

_LEDGER_RETRY: Final = 5.0
_HINDERED_RETRY: Final = 1.0


class Observer(Protocol):
    """Somebody who is told what the daemon does: logs, metrics, a terminal."""

    def planned(self, plan: PassPlan) -> None:
        """Take note of a pass that is about to be sent."""
        ...

    def called(self, call: Call) -> None:
        """Take note of one answered call."""
        ...

    def reported(self, report: Report) -> None:
        """Take note of a pass that ended."""
        ...

    def polling(self, reason: str | None) -> None:
        """Take note that files are polled, though that was not asked for, for `reason`; None: no longer."""
        ...

    def hindered(self, reason: str | None) -> None:
        """Take note that nothing is done for `reason`; None: that is over."""
        ...


@dataclass(slots=True)
class Health:
    """What the probes ask: does the loop live, and is the daemon of use. `beat` is monotonic."""

    beat: float = field(default_factory=time.monotonic)
    first_pass_done: bool = False
    hindrances: dict[str, str | None] = field(default_factory=dict)

    @property
    def hindrance(self) -> str | None:
        """Give what stands in the way of acting on all that is declared; None where nothing does."""
        return "; ".join(reason for reason in self.hindrances.values() if reason) or None


class Daemon:
    """Keeps the chat as the manifests say, until it is told to stop."""

    def __init__(
        self,
        *,
        source: Directory,
        watch: Watch,
        rules: Rules,
        known: Mapping[str, FileReport],
        ledger: AppliedStates,
        recorder: GroupCommit,
        sender: Sender,
        rescan: float,
        clock: Callable[[], datetime],
        reading: Executor,
        observers: Sequence[Observer],
    ) -> None:
        self._source = source
        self._watch = watch
        self._rules = rules
        self._fingerprint = rules.fingerprint()
        self._ledger = ledger
        self._recorder = recorder
        self._sender = sender
        self._rescan = rescan
        self._clock = clock
        self._reading = reading
        self._observers = observers
        self.files = dict(known)
        self.health = Health()
        self._hinted = False
        self._polling: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then finish the calls under way and return."""
        while not stop.is_set():
            try:
                self._tell_of_polling()
                await self._recorder.check()
                self._hinder(ledger=None)
                resume_at = await self._turn(stop)
            except* LedgerError as failures:
                self._hinder(ledger=str(failures.exceptions[0]))
                resume_at = time.monotonic() + _LEDGER_RETRY
            await self._rest(resume_at, stop)

    async def _turn(self, stop: asyncio.Event) -> float:
        """Look at the files and do what is to be done; give the monotonic time of the next look."""
        scan = await self._settled_scan(stop)
        self._hinder(source=hindrance(scan))
        if scan.busy is not None or not scan.files:
            return time.monotonic() + min(self._rescan, _HINDERED_RETRY)
        todo = self._agenda(scan)
        for location in todo.gone:
            await self._recorder.write(ForgottenFile(location=location))
            del self.files[location]
        completed = False
        if todo.news:
            completed = await self._pass(scan, (*todo.changed, *todo.unsettled), stop)
        elif todo.due or not self.health.first_pass_done:
            completed = await self._pass(scan, (*todo.unsettled, *todo.due), stop)
        self.health.first_pass_done |= completed
        return self._next_look(scan)

    async def _pass(self, scan: Scan, files: Sequence[ManifestFile], stop: asyncio.Event) -> bool:
        """Plan and send; a change on disk, or `stop`, ends the sending after the calls under way.

        Tell whether the pass came to its end.
        """
        locations = {file.location for file in files}
        plan = await self._in_thread(
            partial(
                plan_files,
                files,
                source=self._source,
                ledger=self._ledger,
                rules=self._rules,
                others={at: report for at, report in self.files.items() if at not in locations},
                unusable=scan.problems,
                now=self._clock(),
            )
        )
        for observer in self._observers:
            observer.planned(plan)
        interrupt = asyncio.Event()
        sending = asyncio.ensure_future(
            send_pass(
                plan,
                sender=self._sender,
                recorder=self._recorder,
                clock=self._clock,
                stop=interrupt,
                on_file=self._note,
            )
        )
        under_way = {file.location: file.content for file in files}
        await _first(asyncio.shield(sending), self._until_news(under_way), stop.wait())
        completed = sending.done()
        interrupt.set()
        report = await sending
        for observer in self._observers:
            observer.reported(report)
        return completed

    def _note(self, report: FileReport) -> None:
        self.files[report.location] = report

    async def _settled_scan(self, stop: asyncio.Event) -> Scan:
        """Scan; where that shows news, scan until two scans agree."""
        scan = await self._scan()
        for _ in range(_RESTLESS):
            if stop.is_set() or not self._agenda(scan).news:
                break
            await asyncio.sleep(_QUIET)
            before, scan = scan, await self._scan()
            if before == scan:
                break
        return scan

    async def _until_news(self, under_way: Mapping[str, bytes]) -> None:
        """Return once the files on disk are no longer those that are known or under way."""
        while True:
            self.health.beat = time.monotonic()
            if await self._watch.changed(_BEAT):
                self._hinted = True  # kept if this is cancelled before the files were looked at
                scan = await self._scan()
                content = {at: report.content for at, report in self.files.items()} | dict(under_way)
                if scan.busy is None and any(content.get(f.location) != f.content for f in scan.files):
                    return
                self._hinted = False

    def _next_look(self, scan: Scan) -> float:
        """Give the monotonic time at which something is due, or a look at all files is."""
        now = self._clock()
        todo = self._agenda(scan)
        if todo.due:
            return time.monotonic()
        until_due = self._rescan if todo.next_due is None else (todo.next_due - now).total_seconds()
        return time.monotonic() + min(self._rescan, until_due)

    async def _rest(self, until: float, stop: asyncio.Event) -> None:
        """Wait for a hint that files changed, for a time, or for `stop`."""
        while not stop.is_set() and not self._hinted:
            self.health.beat = time.monotonic()
            left = until - self.health.beat
            if left <= 0:
                return
            hint = asyncio.ensure_future(self._watch.changed(min(left, _BEAT)))
            await _first(hint, stop.wait())
            self._hinted = not hint.cancelled() and hint.result()
        self._hinted = False

    def _agenda(self, scan: Scan) -> Agenda:
        return agenda(scan, self.files, self._fingerprint, self._clock())

    async def _scan(self) -> Scan:
        return await self._in_thread(self._source.scan)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reading, work)

    def _tell_of_polling(self) -> None:
        if self._watch.reason != self._polling:
            self._polling = self._watch.reason
            for observer in self._observers:
                observer.polling(self._polling)

    def _hinder(self, **reasons: str | None) -> None:
        """Note what stands in the way of the source or the ledger, and tell of it where that changed."""
        before = self.health.hindrance
        self.health.hindrances.update(reasons)
        if self.health.hindrance != before:
            for observer in self._observers:
                observer.hindered(self.health.hindrance)


async def _first(*waits: Awaitable[Any]) -> None:
    """Return when the first of `waits` is over; give the others up."""
    futures = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
