"""What people asked for as rows, and rows as what was asked."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from reconciler.core.message import DialogId
from reconciler.core.refusal import Approval, Guard
from reconciler.ledger.encoding import milliseconds, time_of, well_formed
from reconciler.ledger.history import ApprovalRow, RetryRow

_DIGEST: Final = 16
"""Bytes of the digest of one guarded change."""


def approval_parameters(approval: Approval) -> Mapping[str, Any]:
    """Give the parameters of `add_approval`. Raises ValueError where a digest has another length."""
    if any(len(digest) != _DIGEST for digest in approval.changes):
        msg = f"the digest of a change has {_DIGEST} bytes"
        raise ValueError(msg)
    return {
        "plan": approval.plan,
        "guard": approval.guard.value,
        "reason": well_formed(approval.reason),
        "by": well_formed(approval.by),
        "at": milliseconds(approval.at),
        "changes": b"".join(sorted(approval.changes)),
    }


def approval(columns: Iterable[Any]) -> Approval:
    """Read one row of `approvals`."""
    plan, guard, reason, by, at, changes = columns
    return Approval(
        plan=plan,
        guard=Guard(guard),
        reason=reason,
        by=by,
        at=time_of(at),
        changes=frozenset(_digests(changes)),
    )


def approval_row(columns: Iterable[Any]) -> ApprovalRow:
    """Read one row of `approval_rows`."""
    plan, guard, reason, by, at, after, changes = columns
    return ApprovalRow(
        plan=plan,
        guard=Guard(guard),
        reason=reason,
        by=by,
        at=time_of(at),
        after=after,
        changes=changes,
    )


def retry_row(columns: Iterable[Any]) -> RetryRow:
    """Read one row of `retry_rows`."""
    dialog, name, reason, by, at, after, freed = columns
    return RetryRow(
        dialog=None if dialog is None else DialogId(dialog),
        name=name,
        reason=reason,
        by=by,
        at=time_of(at),
        after=after,
        freed=freed,
    )


def _digests(changes: bytes) -> Iterator[bytes]:
    for start in range(0, len(changes), _DIGEST):
        yield changes[start : start + _DIGEST]
