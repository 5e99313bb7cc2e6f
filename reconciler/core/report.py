"""What a pass found and did: one frozen value, of which every rendering is a function."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from reconciler.core.action import MarkDialog
from reconciler.core.call import Call
from reconciler.core.change_key import ChangeKey
from reconciler.core.condition import Condition, HeldReason
from reconciler.core.file_report import DialogReport, FileReport, as_declared
from reconciler.core.manifest import BrokenManifest
from reconciler.core.outcome import Applied, Deferred, Rejected, said
from reconciler.core.plan import DialogPlan
from reconciler.core.problem import Problem
from reconciler.core.refusal import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one pass found and did, for the files it looked at."""

    started_at: datetime
    finished_at: datetime
    files: tuple[FileReport, ...]
    calls: tuple[Call, ...]
    problems: tuple[Problem, ...]
    """All problems: of those files, of the files that could not be read, and conflicts."""
    bugs: int = 0
    """Dialogs that were held because of a mistake in this program."""
    refusals: tuple[Refusal, ...] = ()
    """Of the guards that held dialogs of those files."""

    def outcomes(self) -> Counter[type[Applied] | type[Deferred] | type[Rejected]]:
        """Count the calls by what came of them."""
        return Counter(type(call.outcome) for call in self.calls)

    def conditions(self) -> Counter[Condition]:
        """Count the dialogs by how they stand."""
        return Counter(dialog.condition for file in self.files for dialog in file.dialogs)

    def success(self) -> bool:
        """Tell whether every call was applied, and nothing that was looked at is left to do or invalid."""
        applied = all(isinstance(call.outcome, Applied) for call in self.calls)
        return applied and not self.problems and as_declared(self.files)


def together(reports: Sequence[Report]) -> Report:
    """Give as one what passes did that were made side by side; `reports` are at least one."""
    return Report(
        started_at=min(report.started_at for report in reports),
        finished_at=max(report.finished_at for report in reports),
        files=tuple(file for report in reports for file in report.files),
        calls=tuple(call for report in reports for call in report.calls),
        problems=tuple(sorted({problem for report in reports for problem in report.problems})),
        bugs=sum(report.bugs for report in reports),
        refusals=tuple(refusal for report in reports for refusal in report.refusals),
    )


def report_dialog(
    plan: DialogPlan, calls: Sequence[Call], come_back_at: datetime | None = None, why: str = ""
) -> DialogReport:
    """Give how a dialog stands after `calls`, which are of its plan's actions, in order.

    Of several calls for the same change the last one counts. `come_back_at` is when to send the
    actions that were not sent, `why` what keeps them.
    """
    manifest = plan.manifest
    held = Counter(h.reason for h in plan.held)
    decided = {key: call for call in calls for key in _settled_by(call)}
    for call in decided.values():
        match call.outcome:
            case Deferred():
                held[HeldReason.BACKING_OFF] += 1
            case Rejected():
                held[HeldReason.REJECTED] += 1
            case Applied():
                pass
    last = [call for call in calls if any(decided[key] is call for key in _settled_by(call))]
    failures = [said(call.answer) for call in last if not isinstance(call.outcome, Applied)]
    unsent = sum(change.key not in decided for action in plan.actions for change in action.changes)
    suspend = [manifest.suspend.reason] if plan.suspended and manifest.suspend else []
    refused = "\n".join(refusal.note for refusal in plan.refusals)
    details = [*filter(None, [refused]), *failures, *(h.detail for h in plan.held), *suspend]
    return DialogReport(
        name=manifest.name,
        dialog=manifest.dialog,
        origin=manifest.origin,
        condition=Condition.SUSPENDED if plan.suspended else _condition(held, unsent),
        labels=manifest.labels,
        declared=(declared := manifest.declared()),
        applied=declared - unsent - held.total(),
        pending=unsent,
        held=MappingProxyType(dict(held)),
        note=details[0] if details else why,
        due_at=_due_at(plan, last, come_back_at if unsent else None),
    )


def report_broken(broken: BrokenManifest, problems: Iterable[Problem]) -> DialogReport:
    """Give how a dialog stands whose manifest cannot be used: as it was last applied."""
    return DialogReport(
        name=broken.name,
        dialog=broken.dialog,
        origin=broken.origin,
        condition=Condition.INVALID,
        note=next((problem.what for problem in problems), "the manifest cannot be used"),
    )


def _settled_by(call: Call) -> set[ChangeKey]:
    """Give the changes that a call decided.

    Where a call for the dialog is rejected, the marks of messages that it would have made too are
    not: they are sent on their own next time.
    """
    action = call.intent.action
    if isinstance(action, MarkDialog) and isinstance(call.outcome, Rejected):
        return {change.key for change in action.asserted}
    return {change.key for change in action.changes}


def _condition(held: Counter[HeldReason], unsent: int) -> Condition:
    if held[HeldReason.REJECTED] or held[HeldReason.GUARDED]:
        return Condition.STALLED
    if held[HeldReason.BACKING_OFF]:
        return Condition.BACKING_OFF
    return Condition.PENDING if unsent else Condition.IN_SYNC


def _due_at(plan: DialogPlan, calls: Iterable[Call], come_back_at: datetime | None) -> datetime | None:
    """Give the earliest time at which this dialog is to be looked at again."""
    interval = plan.manifest.interval
    asserted = (
        call.answered_at + interval
        for call in calls
        if interval is not None
        and isinstance(call.intent.action, MarkDialog)
        and isinstance(call.outcome, Applied)
    )
    left_over = (
        call.answered_at
        for call in calls
        if isinstance(call.intent.action, MarkDialog)
        and call.intent.action.covered
        and isinstance(call.outcome, Rejected)
    )
    suspend = plan.manifest.suspend
    times = (
        suspend.until if plan.suspended and suspend else None,
        *(h.until for h in plan.held),
        *(call.retry_at for call in calls),
        *asserted,
        *left_over,
        come_back_at,
        plan.next_assertion,
    )
    return min((time for time in times if time is not None), default=None)
