"""The daemon's loop.

A change on disk ends a pass that is still sending, so that what changed goes first: its files
whose calls are under way are left to come back on their own, and no other pass plans them
meanwhile; the rest follows in the next pass. Every wake-up means the same: look again.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from reconciler.core.outcome import Cause
from reconciler.core.problem import Problem
from reconciler.core.report import FileReport
from reconciler.daemon.health import Health
from reconciler.daemon.hints import Hints
from reconciler.daemon.observer import Observer
from reconciler.ledger.entry import ForgottenFile
from reconciler.ledger.errors import LedgerError
from reconciler.reconcile.agenda import Agenda, agenda, hindrance
from reconciler.reconcile.group_commit import GroupCommit
from reconciler.reconcile.one_pass import report_unsent, send_pass
from reconciler.reconcile.planning import AppliedStates, PassPlan, plan_files
from reconciler.reconcile.sender import Sender
from reconciler.reconcile.waiting import first
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

_NO_ANSWER: Final = "the chat service gives no useful answer; one call at a time looks for one"
_NO_SERVICE: Final = {
    Cause.CREDENTIAL: "the chat service refuses the credential; correct the API key or the token"
}

_LEDGER_RETRY: Final = 5.0
_HINDERED_RETRY: Final = 1.0


class Daemon:
    """Keeps the chat as the manifests say, until it is told to stop.

    `files` is how each file stands; a file whose calls are under way stands as it was planned.
    """

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
        self._hints = Hints(watch)
        self._rules = rules
        self._fingerprint = rules.fingerprint()
        self._ledger = ledger
        self._recorder = recorder
        self._sender = sender
        self._rescan = rescan
        self._clock = clock
        self._reading = reading
        self._observers = observers
        self._sending: set[asyncio.Task[None]] = set()
        self._under_way: set[str] = set()
        self._polling: str | None = None
        self.unusable: tuple[Problem, ...] = ()
        self.files = dict(known)
        self.health = Health()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then wait for the calls under way and return."""
        while not stop.is_set():
            try:
                self._tell_of_polling()
                await self._look_at_ledger()
                resume_at = await self._turn(stop)
                self._collect()
            except LedgerError as failure:
                self._hinder(ledger=str(failure))
                await first(asyncio.sleep(_LEDGER_RETRY), stop.wait())
            else:
                await self._rest(resume_at, stop)
        await asyncio.gather(*self._sending, return_exceptions=True)
        self._collect()

    async def _turn(self, stop: asyncio.Event) -> float:
        """Look at the files and do what is to be done; give the monotonic time of the next look."""
        scan = await self._settled_scan(stop)
        self._hinder(source=hindrance(scan))
        self._tell_of_unusable(scan)
        if scan.busy is not None or not scan.files:
            return time.monotonic() + min(self._rescan, _HINDERED_RETRY)
        todo = self._agenda(scan, self._under_way)
        for location in todo.gone:
            await self._recorder.write(ForgottenFile(location=location))
            del self.files[location]
        if todo.news:
            await self._pass(scan, (*todo.changed, *todo.unsettled), stop)
        elif todo.due or not (self.health.first_pass_done or self._under_way):
            await self._pass(scan, (*todo.unsettled, *todo.due), stop)
        left = self._agenda(scan, self._under_way)
        if not (left.changed or left.due or self._under_way):
            self.health.first_pass_done = True
        return self._next_look(left)

    async def _pass(self, scan: Scan, files: Sequence[ManifestFile], stop: asyncio.Event) -> None:
        """Plan and send; a change on disk, or `stop`, ends the sending but for the calls under way."""
        locations = {file.location for file in files}
        plan = await self._in_thread(
            partial(
                plan_files,
                files,
                source=self._source,
                ledger=self._ledger,
                rules=self._rules,
                others={at: report for at, report in self.files.items() if at not in locations},
                under_way=frozenset(self._under_way),
                unusable=scan.problems,
                now=self._clock(),
                on_file=self.health.beats,
            )
        )
        for observer in self._observers:
            observer.planned(plan)
        ours = {file.file.location for file in plan.files}
        self._under_way |= ours
        self.files.update((file.file.location, report_unsent(file, plan.started_at)) for file in plan.files)
        interrupt = asyncio.Event()
        sending = asyncio.create_task(self._send(plan, interrupt))
        self._sending.add(sending)
        await first(asyncio.shield(sending), self._until_news(ours), stop.wait())
        interrupt.set()

    async def _send(self, plan: PassPlan, interrupt: asyncio.Event) -> None:
        def came_back(report: FileReport) -> None:
            self.files[report.location] = report
            self._under_way.discard(report.location)
            self._tell_of_service()
            if interrupt.is_set():
                self._hints.give()

        try:
            report = await send_pass(
                plan,
                sender=self._sender,
                recorder=self._recorder,
                clock=self._clock,
                stop=interrupt,
                on_file=came_back,
            )
        finally:
            self._under_way -= {file.file.location for file in plan.files}
            self._tell_of_service()
        for observer in self._observers:
            observer.reported(report)

    def _collect(self) -> None:
        """Let go of passes that ended, and raise what ended one early."""
        for task in [task for task in self._sending if task.done()]:
            self._sending.discard(task)
            task.result()

    async def _settled_scan(self, stop: asyncio.Event) -> Scan:
        """Scan; where that shows news, scan until two scans agree."""
        scan = await self._scan()
        for _ in range(_RESTLESS):
            if stop.is_set() or not self._agenda(scan, self._under_way).news:
                break
            await asyncio.sleep(_QUIET)
            before, scan = scan, await self._scan()
            if before == scan:
                break
        return scan

    async def _until_news(self, ours: AbstractSet[str]) -> None:
        """Return once the files on disk are no longer those that are known or planned.

        Those that an earlier pass still has under way are none of this pass's business.
        """
        look_at = time.monotonic() + self._rescan
        while True:
            self.health.beats()
            if await self._hints.wait(_BEAT) or time.monotonic() >= look_at:
                look_at = time.monotonic() + self._rescan
                scan = await self._scan()
                if scan.busy is None and self._agenda(scan, self._under_way - ours).news:
                    self._hints.give()  # this look only tells that another pass is due
                    return

    def _next_look(self, todo: Agenda) -> float:
        """Give the monotonic time at which something is due, or a look at all files is."""
        if todo.due:
            return time.monotonic()
        until_due = (todo.next_due - self._clock()).total_seconds() if todo.next_due else self._rescan
        return time.monotonic() + min(self._rescan, until_due)

    async def _rest(self, until: float, stop: asyncio.Event) -> None:
        """Wait for a hint, for a time, or for `stop`."""
        while not stop.is_set():
            self.health.beats()
            left = until - time.monotonic()
            if left <= 0:
                return
            hint = asyncio.ensure_future(self._hints.wait(min(left, _BEAT)))
            await first(hint, stop.wait())
            if not hint.cancelled() and hint.result():
                return

    def _agenda(self, scan: Scan, under_way: AbstractSet[str]) -> Agenda:
        return agenda(scan, self.files, self._fingerprint, self._clock(), under_way)

    async def _scan(self) -> Scan:
        given = self._hints.given
        scan = await self._in_thread(self._source.scan)
        self._hints.answer(given)
        return scan

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reading, work)

    async def _look_at_ledger(self) -> None:
        """Raise where the ledger can't be used; where it could not be, writing is what proves it."""
        if self.health.hindrances.get("ledger") is None:
            await self._recorder.check()
        else:
            await self._recorder.prove()
            self._hinder(ledger=None)

    def _tell_of_service(self) -> None:
        """Note where the service gives no useful answer, and when it does again."""
        cause = self._sender.breaker.cause
        self._hinder(service=None if cause is None else _NO_SERVICE.get(cause, _NO_ANSWER))

    def _tell_of_unusable(self, scan: Scan) -> None:
        if scan.problems != self.unusable:
            self.unusable = scan.problems
            for observer in self._observers:
                observer.unusable(scan.problems)

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
