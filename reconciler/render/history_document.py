"""Entries of the history as JSON."""

from typing import Any

from reconciler.ledger.history import ApprovalRow, HistoryRow, RecordedText, RequestRow, RetryRow, Told


def history_document(row: Told, *, texts: bool) -> dict[str, Any]:
    """Give one entry: its `kind` is `call`, `approval` or `retry`."""
    match row:
        case HistoryRow():
            return {"kind": "call", **_call(row, texts=texts)}
        case ApprovalRow(plan=plan, guard=guard, changes=changes):
            return {
                "kind": "approval",
                **_request(row),
                "plan": plan,
                "guard": guard.value,
                "changes": changes,
            }
        case RetryRow(dialog=dialog, name=name, freed=freed):
            return {
                "kind": "retry",
                **_request(row),
                "dialog": name,
                "dialogId": dialog and str(dialog),
                "changes": freed,
            }


def _request(row: RequestRow) -> dict[str, Any]:
    return {"at": row.at.isoformat(), "by": row.by, "reason": row.reason}


def _call(row: HistoryRow, *, texts: bool) -> dict[str, Any]:
    shown = {"old": _text(row.old), "new": _text(row.new)} if texts and row.new else {}
    return {
        "number": row.number,
        "sentAt": row.sent_at.isoformat(),
        "answeredAt": row.answered_at and row.answered_at.isoformat(),
        "dialog": row.name,
        "dialogId": str(row.dialog),
        "message": row.message and str(row.message),
        "wholeDialog": row.message is None,
        "actAs": row.actor.value,
        "fields": changed_fields(row),
        "oldDigest": row.old and row.old.digest.value.hex(),
        "newDigest": row.new and row.new.digest.value.hex(),
        **shown,
        "origin": str(row.origin),
        "attempt": row.attempt,
        "result": row.result.value,
        "cause": row.cause and row.cause.value,
        "status": row.status,
        "words": row.words,
        "requestId": row.request_id,
    }


def _text(text: RecordedText | None) -> str | None:
    return text.text.reveal() if text and text.text else None


def changed_fields(row: HistoryRow) -> list[str]:
    """Give what a call carried: `text`, `delivered`, `read`."""
    return [*(["text"] if row.new else []), *sorted(mark.value for mark in row.marks)]
