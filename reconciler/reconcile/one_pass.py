"""One pass: send what was planned, record how each file stands, report."""

import asyncio
import logging
import traceback
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

from reconciler.core.call import Call
from reconciler.core.plan import DialogPlan
from reconciler.core.report import DialogReport, FileReport, Report, report_broken, report_dialog
from reconciler.ledger.errors import LedgerError
from reconciler.reconcile.planning import FilePlan, PassPlan
from reconciler.reconcile.sender import Sender

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
    stop: asyncio.Event,
    on_file: Callable[[FileReport], None] = lambda _: None,
) -> Report:
    """Send the plan, dialogs side by side; each file is recorded as soon as its dialogs are done.

    Once `stop` is set no new call is made, and what is left is reported as pending. Raises the
    ledger's failure once the calls under way are over: without a ledger nothing may be sent, so
    it sets `stop` then.
    """

    async def one_file(file: FilePlan) -> tuple[FileReport, tuple[Call, ...]]:
        try:
            sent = await _all(_send_dialog(dialog, sender, clock, stop) for dialog in file.dialogs)
            report = _report_file(file, [dialog for dialog, _ in sent])
            await recorder.write(report)
        except LedgerError:
            stop.set()
            raise
        on_file(report)
        return report, tuple(call for _, calls in sent for call in calls)

    done = await _all(one_file(file) for file in plan.files)
    return Report(
        started_at=plan.started_at,
        finished_at=clock(),
        files=tuple(report for report, _ in done),
        calls=tuple(call for _, calls in done for call in calls),
        problems=plan.problems,
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
    return _report_file(file, [report_dialog(dialog, (), now) for dialog in file.dialogs])


async def _send_dialog(
    plan: DialogPlan, sender: Sender, clock: Callable[[], datetime], stop: asyncio.Event
) -> tuple[DialogReport, tuple[Call, ...]]:
    try:
        sent = await sender.send(plan, stop)
    except LedgerError:
        stop.set()
        raise
    except Exception as error:  # noqa: BLE001  # a bug in one dialog's pass holds that dialog, and no other
        place = traceback.extract_tb(error.__traceback__)[-1]
        _log.error(  # the exception's own words may quote a text
            "a bug in the pass of dialog %s: %s at %s:%s",
            plan.manifest.name,
            type(error).__name__,
            place.name,
            place.lineno,
        )
        return report_dialog(plan, (), clock() + _AFTER_A_BUG), ()
    return report_dialog(plan, sent.calls, sent.come_back_at, sent.why), sent.calls


def _report_file(file: FilePlan, dialogs: list[DialogReport]) -> FileReport:
    broken = (report_broken(b, (p for p in file.problems if p.origin >= b.origin)) for b in file.broken)
    due = (dialog.due_at for dialog in dialogs if dialog.due_at is not None)
    return FileReport(
        location=file.file.location,
        content=file.file.content,
        rules=file.rules,
        settled=not file.conflicting,
        due_at=min(due, default=None),
        dialogs=(*dialogs, *broken),
        problems=file.problems,
    )
