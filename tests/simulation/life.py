"""One life of the reconciler's process: put together from its real parts, and ended in any way."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

from reconciler.chat_api.client import ChatApi, authenticator
from reconciler.chat_api.errors import CredentialError
from reconciler.chat_api.exchange import Exchange
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.url import ApiUrl
from reconciler.core.call import Call
from reconciler.core.doubt import Doubt
from reconciler.core.message import UserId
from reconciler.core.notice import Notice
from reconciler.core.outcome import Answer
from reconciler.core.problem import Problem
from reconciler.core.refusal import Guards
from reconciler.core.report import Report
from reconciler.daemon.loop import Daemon
from reconciler.ledger.entry import Entry
from reconciler.ledger.errors import LedgerError, LedgerUnwritable
from reconciler.ledger.existing import open_reader
from reconciler.ledger.opening import open_ledger
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.writer import Ledger
from reconciler.reconcile.group_commit import GroupCommit, Writable
from reconciler.reconcile.planning import PassPlan
from reconciler.reconcile.sender import Rate, Sender
from reconciler.reconcile.waiting import first
from reconciler.source.directory import Directory
from reconciler.source.rules import Rules
from tests.program.chat import ANN
from tests.simulation.credential import Identity
from tests.simulation.folder import HandWatch
from tests.simulation.network import Network, Transport
from tests.simulation.virtual_thread import VirtualThread

_RESTARTS: Final = 10.0
"""Seconds after which a supervisor starts a process again that ended by itself."""

URL: Final = ApiUrl.parse("http://127.0.0.1")


@dataclass(slots=True)
class Disk:
    """The disk of the ledger: full or not."""

    full: bool = False


class FullDiskLedger:
    """A ledger that cannot be written while its disk is full."""

    def __init__(self, ledger: Ledger, disk: Disk) -> None:
        self._ledger = ledger
        self._disk = disk

    def next_number(self) -> int:
        return self._ledger.next_number()

    def in_doubt(self) -> Sequence[Doubt]:
        return self._ledger.in_doubt()

    def check(self) -> None:
        self._ledger.check()

    def requests_changed(self) -> bool:
        return self._ledger.requests_changed()

    def prove(self) -> None:
        self._fail_if_full()
        self._ledger.prove()

    def write(self, entries: Sequence[Entry]) -> None:
        self._fail_if_full()
        self._ledger.write(entries)

    def _fail_if_full(self) -> None:
        if self._disk.full:
            raise LedgerUnwritable(self._ledger.path, what="the disk is full")


@dataclass(slots=True)
class Seen:
    """Somebody who is told what the daemon does."""

    refusals: list[PassPlan] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)

    def planned(self, plan: PassPlan) -> None:
        if plan.refusals:
            self.refusals.append(plan)

    def called(self, call: Call) -> None:
        pass

    def reported(self, report: Report) -> None:
        if report.bugs:
            self.bugs += [str(problem) for problem in report.problems] or ["a bug in a dialog's pass"]

    def failed(self) -> None:
        pass

    def noticed(self, notice: Notice) -> None:
        pass

    def unusable(self, problems: Sequence[Problem]) -> None:
        pass

    def polling(self, reason: str | None) -> None:
        pass

    def hindered(self, by: str, reason: str | None) -> None:
        if by == "bug" and reason:
            self.bugs.append(reason)

    def bug(self, words: str) -> None:
        self.bugs.append(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the process is run. `recorder` and `rate` make the parts that tests replace by broken ones."""

    rate: float
    concurrency: int
    timeout: float
    rescan: float
    guards: Guards
    commit_seconds: Callable[[], float]
    read_seconds: Callable[[], float]
    make_rate: Callable[[Limiter], Rate] = lambda limiter: limiter
    make_recorder: Callable[[Writable, VirtualThread], GroupCommit] = GroupCommit


class Life:
    """One process. From the moment at which `ends()` is true, nothing of it has any effect."""

    def __init__(
        self,
        number: int,
        *,
        ledger: Path,
        roots: Sequence[Path],
        identity: Identity,
        network: Network,
        settings: Settings,
        disk: Disk,
        clock: Callable[[], datetime],
        dice: Random,
        dies: Callable[[], bool],
    ) -> None:
        self.number = number
        self.dead = self.closed = False
        self._dies = dies
        loop = asyncio.get_running_loop()
        self.seen = Seen()
        self.watch = HandWatch()
        self.stop = asyncio.Event()
        self._ledger = open_ledger(ledger, keep_text=True)
        self._reader = open_reader(ledger, LedgerReader)
        limiter = Limiter(settings.rate, clock=loop.time)
        self._service = _chat_api(
            Transport(network, number, self.ends, ANN), identity, limiter, settings.timeout, clock
        )
        recorder = settings.make_recorder(
            FullDiskLedger(self._ledger, disk), VirtualThread(loop, settings.commit_seconds, self.ends)
        )
        sender = Sender(
            service=self._service,
            rate=settings.make_rate(limiter),
            recorder=recorder,
            concurrency=settings.concurrency,
            clock=clock,
            jitter=dice.random,
            on_call=self.seen.called,
        )
        self.sender = sender
        self.limiter = limiter

        async def identify() -> Rules | Answer:
            who = await self._service.identify()
            return Rules(acting=identity.acting) if who is None or isinstance(who, UserId) else who

        self.daemon = Daemon(
            source=Directory(roots),
            watch=self.watch,
            identify=identify,
            guards=settings.guards,
            known=self._reader.known_files(),
            ledger=self._reader,
            recorder=recorder,
            sender=sender,
            rescan=settings.rescan,
            clock=clock,
            reading=VirtualThread(loop, settings.read_seconds, self.ends),
            observers=[self.seen],
        )
        self.running = asyncio.create_task(self._run())

    def ends(self) -> bool:
        """Tell whether the process is gone; that may be decided just here."""
        self.dead = self.dead or self._dies()
        return self.dead

    async def _run(self) -> None:
        """Run; where the credential ends the process at its start, a supervisor begins anew."""
        while not self.stop.is_set():
            try:
                await self.daemon.run(self.stop)
            except CredentialError:
                await first(asyncio.sleep(_RESTARTS), self.stop.wait())
            else:
                return

    async def end(self, others: Callable[[], set["asyncio.Task[object]"]]) -> None:
        """Let the process be gone: no task goes on, and the kernel closes its files.

        `others` are the tasks that are none of the process's.
        """
        self.dead = True
        while left := asyncio.all_tasks() - others():
            for task in left:
                task.cancel()
            await asyncio.wait(left)
        self._close()

    async def finish(self) -> None:
        """Ask the process to stop, and wait until it did; a ledger that fails then is told to people."""
        self.stop.set()
        with suppress(LedgerError):
            await self.running
        await self._service.aclose()
        self._close()

    def _close(self) -> None:
        self.closed = True
        self._reader.close()
        self._ledger.close()


def _chat_api(
    transport: Transport, identity: Identity, limiter: Limiter, timeout: float, clock: Callable[[], datetime]
) -> ChatApi:
    exchange = Exchange(URL, transport, timeout)
    credential = identity.open(asyncio.get_running_loop().time)
    who = authenticator(credential, exchange, limiter, lambda: clock().timestamp(), _say_nothing)
    return ChatApi(transport, exchange, who)


def _say_nothing(_level: int, _words: str) -> None:
    pass
