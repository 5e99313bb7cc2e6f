"""The passes under way, and how each file stands meanwhile."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from reconciler.core.breaker import Breaker
from reconciler.core.file_report import FileReport
from reconciler.core.message import DialogId
from reconciler.core.notice import Notice
from reconciler.core.report import Report
from reconciler.daemon.roll import Roll
from reconciler.ledger.entry import ForgottenFile
from reconciler.reconcile.agenda import Agenda, agenda
from reconciler.reconcile.file_plan import FilePlan
from reconciler.reconcile.group_commit import GroupCommit
from reconciler.reconcile.one_pass import report_unsent, send_pass
from reconciler.reconcile.planning import PassPlan
from reconciler.reconcile.sender import Sender
from reconciler.reconcile.underway import Underway
from reconciler.source.directory import Scan


class Passes:
    """Starts passes, which go on by themselves side by side, each dialog in one of them at a time.

    `files` is how each file stands; a file whose calls are under way stands as it was planned.
    `answered` is told how the service stands, `wake` when a file is to be looked at again, and
    `reported` what a pass came to, `failed` that one was ended early; `noticed` what ends without a call.
    """

    def __init__(
        self,
        *,
        known: Mapping[str, FileReport],
        recorder: GroupCommit,
        sender: Sender,
        clock: Callable[[], datetime],
        answered: Callable[[Breaker], None],
        wake: Callable[[datetime], None],
        reported: Callable[[Report], None],
        failed: Callable[[], None],
        noticed: Callable[[Notice], None],
    ) -> None:
        self._recorder = recorder
        self._sender = sender
        self._clock = clock
        self._answered = answered
        self._wake = wake
        self._reported = reported
        self._failed = failed
        self._roll = Roll(noticed)
        self._tasks: set[asyncio.Task[None]] = set()
        self._awaited: set[DialogId] = set()
        self._latest: dict[str, FilePlan] = {}
        self._age = 0
        self.underway = Underway()
        self.files = dict(known)

    @property
    def busy(self) -> bool:
        """Tell whether anything is being sent or recorded."""
        return bool(self.underway.dialogs or self._recording())

    def agenda(self, scan: Scan, rules: bytes, now: datetime) -> Agenda:
        """Sort the scanned files by why they are to be looked at, given how they stand."""
        away, recording = self.underway.dialogs, self._recording()
        return agenda(scan, self.files, rules, now, under_way=away, recording=recording)

    def _recording(self) -> AbstractSet[str]:
        """Give the files whose calls are all over, and whose report is on its way to the ledger."""
        sent = (
            (at, {dialog.manifest.dialog for dialog in plan.dialogs}) for at, plan in self._latest.items()
        )
        return {location for location, dialogs in sent if dialogs.isdisjoint(self.underway.dialogs)}

    def next_age(self) -> int:
        """Give the age of what is planned now: younger than all that was planned before."""
        self._age -= 1
        return self._age

    def start(self, plan: PassPlan, age: int) -> None:
        """Send a plan. What older passes still send of its files is called off where it differs."""
        for file in plan.files:
            self.underway.call_off(self._dialogs_of(file.file.location), but=file.postponed)
        replaced: list[tuple[FileReport | None, FileReport]] = []
        for file in plan.files:
            self._latest[file.file.location] = file
            stands = report_unsent(file, plan.started_at)
            replaced.append((self.files.get(file.file.location), stands))
            self.files[file.file.location] = stands
            self._awaited |= {dialog.manifest.dialog for dialog in file.postponed}
            for dialog in file.dialogs:
                self.underway.begin(dialog)
        self._tasks.add(asyncio.create_task(self._send(plan, age)))
        for before, stands in replaced:  # last: whoever is told may fail, and the pass goes on all the same
            self._roll.replaced(before, stands)

    def call_off(self, locations: Iterable[str]) -> None:
        """Make no new call for the dialogs that these files were known to declare."""
        for location in locations:
            self.underway.call_off(self._dialogs_of(location))

    async def forget(self, location: str) -> None:
        """Manage the dialogs of a file no more that is no longer there; calls under way are answered."""
        self.call_off([location])
        self._latest.pop(location, None)
        await self._recorder.write(ForgottenFile(location=location))
        self._roll.gone(self.files.pop(location))

    def call_the_roll(self) -> None:
        """Tell which dialogs are managed no more, now that all files that changed are planned."""
        self._roll.call(self.files.values())

    def collect(self) -> None:
        """Let go of all passes that ended, and raise what ended one of them early."""
        ended = [task for task in self._tasks if task.done()]
        self._tasks.difference_update(ended)
        for error in [error for task in ended if (error := task.exception()) is not None]:
            raise error

    async def end(self) -> None:
        """Make no new call, wait for those under way, and raise what ended a pass early."""
        self.underway.call_off_all()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.collect()

    async def give_up(self) -> None:
        """Cut off the calls under way; they stay in doubt."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send(self, plan: PassPlan, age: int) -> None:
        try:
            report = await send_pass(
                plan,
                sender=self._sender,
                recorder=self._recorder,
                clock=self._clock,
                underway=self.underway,
                age=age,
                current=lambda file: self._latest.get(file.file.location) is file,
                on_dialog=self._dialog_came_back,
                on_file=self._file_came_back,
            )
        except Exception:
            self._failed()
            raise
        finally:
            for file in plan.files:  # whatever a failure kept from being recorded
                if self._latest.get(file.file.location) is file:
                    del self._latest[file.file.location]
            self._answered(self._sender.breaker)
            self._wake(self._clock())
        self._reported(report)

    def _dialog_came_back(self, dialog: DialogId) -> None:
        if dialog in self._awaited:
            self._awaited.discard(dialog)
            self._wake(self._clock())

    def _file_came_back(self, report: FileReport) -> None:
        self.files[report.location] = report
        del self._latest[report.location]
        self._answered(self._sender.breaker)
        if report.due_at is not None:
            self._wake(report.due_at)

    def _dialogs_of(self, location: str) -> Sequence[DialogId]:
        report = self.files.get(location)
        dialogs = report.dialogs if report else ()
        return [dialog.dialog for dialog in dialogs if dialog.dialog is not None]
