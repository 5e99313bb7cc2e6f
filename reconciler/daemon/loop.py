"""The daemon's loop.

Each turn looks at the files, plans those that are worth it and starts a pass that sends the plan;
it does not wait for the pass. What is declared anew while an older pass still sends the same
dialog calls that off: the older pass makes no new call for it, and once the call under way is
answered the dialog is planned again. Every wake-up means the same: look again. Where to look is
told by the hints that there are, and what holds is a look at everything, which follows soon.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import Final

from reconciler.core.file_report import FileReport
from reconciler.core.outcome import Answer
from reconciler.core.refusal import Guards
from reconciler.daemon.clock_watch import ClockWatch
from reconciler.daemon.health import Health
from reconciler.daemon.hints import Hints, Watch
from reconciler.daemon.identity import who_we_are
from reconciler.daemon.looking import Looks
from reconciler.daemon.observer import Observer
from reconciler.daemon.passes import Passes
from reconciler.daemon.state import State
from reconciler.ledger.errors import LedgerError
from reconciler.reconcile.agenda import Agenda
from reconciler.reconcile.file_plan import AppliedStates
from reconciler.reconcile.group_commit import GroupCommit
from reconciler.reconcile.planning import PassPlan, Planner
from reconciler.reconcile.sender import Sender
from reconciler.reconcile.waiting import first
from reconciler.source.directory import Directory, ManifestFile, Scan
from reconciler.source.rules import Rules

_BEAT: Final = 2.0
"""Seconds: the loop wakes at least this often, to show that it lives, and looks for requests."""

_BREATHER: Final = 0.25
_LONGEST_BREATHER: Final = 5.0
"""Seconds between turns that only time asks for: what becomes due one by one is taken together."""

_SHARE: Final = 10
"""How much longer such a rest is than the turn before it took, so that looking costs little."""

_HINDERED_RETRY: Final = 1.0
_FAILED_RETRY: Final = 5.0


class Daemon:
    """Keeps the chat as the manifests say, until it is told to stop.

    `files` is how each file stands; a file whose calls are under way stands as it was planned.
    `identify` gives what manifests are read under, or what keeps us from knowing who we are.
    """

    def __init__(
        self,
        *,
        source: Directory,
        watch: Watch,
        identify: Callable[[], Awaitable[Rules | Answer]],
        guards: Guards,
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
        self._looks = Looks(source, self._hints, rescan=rescan, reading=reading)
        self._identify = identify
        self._guards = guards
        self._ledger = ledger
        self._recorder = recorder
        self._sender = sender
        self._rescan = rescan
        self._clock = clock
        self._clock_watch = ClockWatch()
        self._reading = reading
        self._resume_at = math.inf
        self._rested_at = 0.0
        self._woken = asyncio.Event()
        self._asked = False
        self._looked = False
        self.health = Health()
        self.state = State(self.health, observers)
        self._passes = Passes(
            known=known,
            recorder=recorder,
            sender=sender,
            clock=clock,
            answered=self.state.service,
            wake=self._wake,
            reported=self.state.reported,
            failed=self.state.failed,
            noticed=self.state.noticed,
        )
        self.files: Mapping[str, FileReport] = self._passes.files

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then wait for the calls under way and return."""
        stopping = asyncio.ensure_future(stop.wait())
        stopping.add_done_callback(lambda _: self._passes.underway.call_off_all())
        try:
            rules = await who_we_are(self._identify, self._sender, self.state, stop)
            while rules is not None and not stop.is_set():
                await self._live(rules, stop)
            await self._passes.end()
        except asyncio.CancelledError:
            await self._passes.give_up()
            raise
        finally:
            stopping.cancel()

    async def _live(self, rules: Rules, stop: asyncio.Event) -> None:
        """Take a turn and rest; whatever goes wrong, the loop goes on."""
        try:
            self._passes.collect()
            await self._look_at_ledger()
            self.state.hinder(ledger=None)
            await self._turn(rules, stop)
            self.state.hinder(bug=None)
            await self._rest(stop)
        except Exception as error:  # noqa: BLE001  # a bug of ours, or the ledger
            self._passes.underway.call_off_all()  # what is declared anew meanwhile goes unseen
            if isinstance(error, LedgerError):
                self.state.hinder(ledger=str(error))
            else:
                self.state.bug(error)
            await first(asyncio.sleep(_FAILED_RETRY), stop.wait())

    async def _turn(self, rules: Rules, stop: asyncio.Event) -> None:
        """Look at the files, start what is to be done, and settle when to look again."""
        began, self._resume_at = self._now(), math.inf
        self._clock_watch.was_set(self._clock(), began)  # where it was, this turn goes by what it is now
        resume_at = await self._look(rules, stop)
        breather = min(max(_BREATHER, _SHARE * (self._now() - began)), _LONGEST_BREATHER)
        self._rested_at = self._now() + breather
        self._resume_at = max(min(resume_at, self._resume_at), self._rested_at)

    async def _look(self, rules: Rules, stop: asyncio.Event) -> float:
        """Look at the files and start what is to be done; give the loop's time of the next look."""
        self.state.polling(self._watch.reason)
        scan, todo = await self._looks.settled(lambda scan: self._agenda(scan, rules), stop)
        self.state.seen(scan, self._clock() if self._looks.everywhere else None)
        if scan.busy is not None or not scan.files:
            return self._now() + min(self._rescan, _HINDERED_RETRY)
        left = await self._work(todo, scan, rules, stop)
        if not (left.changed or left.due or self._passes.busy):
            self.health.first_pass_done = True
            if not self._hints.owed:
                self.state.calm(self.files.values(), self._clock())
        return self._next_look(left)

    async def _work(self, todo: Agenda, scan: Scan, rules: Rules, stop: asyncio.Event) -> Agenda:
        """Start what is to be done, and give what is left then."""
        for location in todo.gone:
            await self._passes.forget(location)
        files = self._worth_a_look(todo)
        starts = bool(files) or not self._looked
        if starts:
            self._passes.call_off(file.location for file in todo.changed)
            await self._start_pass(scan, rules, files, {file.location for file in todo.edited}, stop)
            self._looked = True
        self._passes.call_the_roll()
        self._asked = False
        return self._agenda(scan, rules) if starts or todo.gone else todo

    def _worth_a_look(self, todo: Agenda) -> Sequence[ManifestFile]:
        due = self._due_now(todo)
        if self._looked and not (todo.news or due or self._asked):
            return ()
        return (*todo.changed, *todo.unsettled, *due, *(todo.waiting if self._asked else ()))

    def _due_now(self, todo: Agenda) -> Sequence[ManifestFile]:
        """Give the files whose time has come; while calls don't flow one of them is enough for a probe.

        The one that has waited longest: a change that always fails must not be the only probe.
        """
        breaker = self._sender.breaker
        if not breaker.open or not todo.due:
            return todo.due
        if self._passes.underway.dialogs or breaker.paused_until(self._clock()):
            return ()
        return (min(todo.due, key=lambda file: self.files[file.location].due_at or self._clock()),)

    async def _start_pass(
        self,
        scan: Scan,
        rules: Rules,
        files: Sequence[ManifestFile],
        edited: AbstractSet[str],
        stop: asyncio.Event,
    ) -> None:
        """Plan `files`, and start to send what is planned; a pass that was started goes on by itself."""
        locations = {file.location for file in files}
        planner = Planner(
            source=self._source,
            ledger=self._ledger,
            rules=rules,
            guards=self._guards,
            now=self._clock(),
            edited=edited,
            under_way=frozenset(self._passes.underway.dialogs),
            on_file=self.health.beats,
        )
        others = {at: report for at, report in self.files.items() if at not in locations}
        portions = planner.portions(files, others=others, unusable=scan.problems)
        age = self._passes.next_age()
        plan = await self._planned(portions)
        while plan is not None and not stop.is_set():
            self._passes.start(plan, age)
            locations -= {file.file.location for file in plan.files}
            # A hint is looked at before more is planned: what is being sent may be declared no more.
            plan = None if await self._hints.hear() else await self._planned(portions)
        if locations and not stop.is_set():
            self._hints.give()  # they are left for the next turn, or changed and nobody was told

    async def _planned(self, portions: Iterator[PassPlan]) -> PassPlan | None:
        try:
            following = partial(next, portions, None)
            loop = asyncio.get_running_loop()
            plan: PassPlan | None = await loop.run_in_executor(self._reading, following)
            if plan is not None:
                self.state.planned(plan)
        except Exception:
            self.state.failed()
            raise
        return plan

    @property
    def sending(self) -> bool:
        """Tell whether any dialog is being sent."""
        return bool(self._passes.underway.dialogs)

    def _next_look(self, todo: Agenda) -> float:
        """Give the loop's time at which something is due, or a look at everything is."""
        if self._due_now(todo):
            return self._now()
        now = self._clock()
        probe_at = self._sender.breaker.paused_until(now)
        times = (todo.next_due, probe_at if todo.due else None)
        waits = ((time - now).total_seconds() for time in times if time is not None)
        return min((self._looks.due_at, *(self._now() + wait for wait in waits)))

    def _wake(self, due_at: datetime) -> None:
        """Look again when a time has come, but not all the time: what comes one by one is taken together."""
        at = self._now() + max(0.0, (due_at - self._clock()).total_seconds())
        if at < self._resume_at:
            self._resume_at = max(at, self._rested_at)
            self._woken.set()

    async def _rest(self, stop: asyncio.Event) -> None:
        """Wait for a hint, for the next look, for a request or for `stop`."""
        while not stop.is_set():
            self.health.beats()
            self._woken.clear()
            left = self._resume_at - self._now()
            if left <= 0:
                return
            hint = asyncio.ensure_future(self._hints.wait(min(left, _BEAT)))
            await first(hint, self._woken.wait(), stop.wait())
            if not hint.cancelled() and hint.result():
                return
            await self._look_for_requests()
            if self._asked:
                return
            if self._clock_watch.was_set(self._clock(), self._now()):
                self._resume_at = self._rested_at

    async def _look_for_requests(self) -> None:
        """See whether a person asked for something, or there is another credential to try."""
        if await self._recorder.requests_changed() or self._sender.rotated():
            self._asked = True
        self.state.service(self._sender.breaker)

    def _agenda(self, scan: Scan, rules: Rules) -> Agenda:
        return self._passes.agenda(scan, rules.fingerprint(), self._clock())

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _look_at_ledger(self) -> None:
        """Raise where the ledger can't be used; where it could not be, writing is what proves it."""
        if self.health.hindrances.get("ledger") is None:
            await self._recorder.check()
        else:
            await self._recorder.prove()
        await self._look_for_requests()
