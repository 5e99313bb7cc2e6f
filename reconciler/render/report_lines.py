"""A report for people."""

from collections.abc import Iterator

from reconciler.core.action import UpdateMessage
from reconciler.core.call import Call
from reconciler.core.condition import Condition, HeldReason
from reconciler.core.outcome import Applied, Cause, Deferred, Rejected, said
from reconciler.core.report import Report
from reconciler.render.line import Line, Piece
from reconciler.render.plan_lines import RETRY_ADVICE
from reconciler.render.refusal_lines import refusal_lines
from reconciler.render.words import count, duration, listed, moment, visible


def report_lines(report: Report) -> Iterator[Line]:
    """Give what went wrong call by call, then what the pass came to and what a guard held."""
    for call in report.calls:
        if not isinstance(call.outcome, Applied):
            yield failure_line(call)
    outcomes = report.outcomes()
    took = duration((report.finished_at - report.started_at).total_seconds())
    if report.calls:
        parts = [
            f"{outcomes[kind]:,} {word}"
            for kind, word in ((Applied, "applied"), (Deferred, "to be tried again"), (Rejected, "rejected"))
            if outcomes[kind]
        ]
        yield (Piece(f"Sent {count(len(report.calls), 'call')} in {took}: {listed(parts)}.", "bold"),)
    else:
        yield (Piece("Sent nothing.", "good"),)
    conditions = report.conditions()
    standing = [(c, conditions[c]) for c in Condition if conditions[c] and c is not Condition.IN_SYNC]
    if standing:
        total = sum(number for _, number in standing)
        shown = listed(f"{number:,} {condition}" for condition, number in standing)
        yield (Piece(f"Not in sync: {count(total, 'dialog')} ({shown}).", "warn"),)
    if _rejected_before(report):
        todo = "`reconciler status` says why; change the manifest, or `reconciler retry`"
        yield (Piece(f"Rejected before: {todo}.", "bad"),)
    yield from refusal_lines(report.refusals)
    if _refused(report):
        todo = "correct the credential (docs/credentials.md), then apply again"
        yield (Piece(f"The service refuses the credential: {todo}.", "bad"),)
    elif any(HeldReason.BACKING_OFF in d.held or d.pending for file in report.files for d in file.dialogs):
        yield (Piece("Run `reconciler apply` again later, or `reconciler run`, to send what is left."),)


def _rejected_before(report: Report) -> bool:
    """Tell whether an earlier rejection holds a dialog. Where a guard does too, that comes first."""
    told = {call.intent.action.dialog for call in report.calls if isinstance(call.outcome, Rejected)}
    return any(
        HeldReason.REJECTED in dialog.held
        and HeldReason.GUARDED not in dialog.held
        and dialog.dialog not in told
        for file in report.files
        for dialog in file.dialogs
    )


def _refused(report: Report) -> bool:
    return any(
        isinstance(call.outcome, Deferred) and call.outcome.cause is Cause.CREDENTIAL for call in report.calls
    )


def failure_line(call: Call) -> Line:
    """Give one call that was not applied: where it was asked for, what, what the API said, what next."""
    action = call.intent.action
    what = f"message {action.message}" if isinstance(action, UpdateMessage) else "every message"
    after = f"tried again from {moment(call.retry_at)}" if call.retry_at else RETRY_ADVICE
    return (
        Piece(f"{action.origin}: "),
        Piece(
            f"{call.intent.name}, {what}, as user {action.actor}: {visible(said(call.answer))}; {after}",
            "bad",
        ),
    )
