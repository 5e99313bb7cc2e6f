"""One pass: send what was planned, record how each file stands, report."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

from reconciler.core.call import Call
from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.message import DialogId
from reconciler.core.plan import DialogPlan
from reconciler.core.report import Report, report_broken, report_dialog
from reconciler.ledger.errors import LedgerError
from reconciler.reconcile.bug import BugInDialog, bug_words
from reconciler.reconcile.file_plan import FilePlan
from reconciler.reconcile.planning import PassPlan
from reconciler.reconcile.sender import Sender
from reconciler.reconcile.underway import Underway

T = TypeVar("T")

_log = logging.getLogger(__name__)

_AFTER_A_BUG: Final = timedelta(minutes=1)


class FileRecorder(Protocol):
    """The ledger, as far as a pass writes to it."""

    async def write(self, entry: FileReport) -> None:
        """Return once the entry is durable."""
        ...


async def send_pass(
    plan: PassPlan,
    *,
    sender: Sender,
    recorder: FileRecorder,
    clock: Callable[[], datetime],
    underway: Underway,
    age: int = 0,
    current: Callable[[FilePlan], bool] = lambda _: True,
    on_dialog: Callable[[DialogId], None] = lambda _: None,
    on_file: Callable[[FileReport], None] = lambda _: None,
) -> Report:
    """Send the plan, dialogs side by side; each file is recorded as soon as its dialogs are done.

    The caller has begun all dialogs of the plan in `underway`; what is called off there is
    reported as pending. A file that is not `current` any more, because a later pass has planned
    it, is not recorded. Raises the ledger's failure once the calls under way are over: without a
    ledger nothing may be sent, so it calls off everything then.
    """

    async def one_dialog(dialog: DialogPlan) -> tuple[DialogReport, tuple[Call, ...], bool]:
        try:
            return await _send_dialog(dialog, sender, clock, underway, age)
        finally:
            underway.end(dialog.manifest.dialog)
            on_dialog(dialog.manifest.dialog)

    async def one_file(file: FilePlan) -> tuple[FileReport, tuple[Call, ...], int]:
        try:
            sent = await _all(one_dialog(dialog) for dialog in file.dialogs)
            calls = tuple(call for _, made, _ in sent for call in made)
            now = clock()
            latest = max(now, plan.started_at, *(call.answered_at for call in calls))
            report = replace(_report_file(file, [dialog for dialog, _, _ in sent], now), at=latest)
            if current(file):
                await recorder.write(report)
        except LedgerError:
            underway.call_off_all()
            raise
        if current(file):
            on_file(report)
        return report, calls, sum(bug for _, _, bug in sent)

    done = await _all(one_file(file) for file in plan.files)
    return Report(
        started_at=plan.started_at,
        finished_at=clock(),
        files=tuple(report for report, _, _ in done),
        calls=tuple(call for _, calls, _ in done for call in calls),
        problems=plan.problems,
        bugs=sum(bugs for _, _, bugs in done) + sum(file.bugs for file in plan.files),
        refusals=plan.refusals,
    )


async def _all(parts: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Wait for all parts, also where one fails: no call is left behind or cut off. Then raise the first."""
    done = await asyncio.gather(*parts, return_exceptions=True)
    for part in done:
        if isinstance(part, BaseException):
            raise part
    return [part for part in done if not isinstance(part, BaseException)]


def report_unsent(file: FilePlan, now: datetime) -> FileReport:
    """Give how a planned file stands before anything of it is sent."""
    return _report_file(file, [report_dialog(dialog, (), now) for dialog in file.dialogs], now)


async def _send_dialog(
    plan: DialogPlan, sender: Sender, clock: Callable[[], datetime], underway: Underway, age: int
) -> tuple[DialogReport, tuple[Call, ...], bool]:
    calls: list[Call] = []
    try:
        left = await sender.send(plan, underway.halt(plan.manifest.dialog), made=calls.append, age=age)
    except LedgerError:
        underway.call_off_all()
        raise
    except Exception as error:  # noqa: BLE001  # a bug in one dialog's pass holds that dialog, and no other
        words = bug_words(error)
        _log.error(BugInDialog(name=plan.manifest.name, words=words))
        note = f"a bug: {words}; please report it"
        return report_dialog(plan, calls, clock() + _AFTER_A_BUG, note), tuple(calls), True
    come_back_at, why = (left.come_back_at, left.why) if left else (None, "")
    return report_dialog(plan, calls, come_back_at, why), tuple(calls), False


def _report_file(file: FilePlan, dialogs: list[DialogReport], now: datetime) -> FileReport:
    broken = (report_broken(b, (p for p in file.problems if p.origin >= b.origin)) for b in file.broken)
    # Whatever is unsent: the calls under way may change what the plan was made of.
    postponed = (replace(report_dialog(dialog, (), now), due_at=now) for dialog in file.postponed)
    reports = (*dialogs, *postponed, *broken)
    due = [dialog.due_at for dialog in reports if dialog.due_at is not None]
    if file.bugs:
        due.append(now + _AFTER_A_BUG)
    return FileReport(
        location=file.file.location,
        content=file.file.content,
        rules=file.rules,
        settled=file.settled,
        due_at=min(due, default=None),
        dialogs=reports,
        problems=file.problems,
        at=now,
    )
