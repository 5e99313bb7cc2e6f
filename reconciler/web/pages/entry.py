"""Entries of the history as pages tell them: one row each, whatever it is of."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.problem import Origin
from reconciler.ledger.history import ApprovalRow, HistoryRow, RequestRow, Result, RetryRow, Told
from reconciler.render.history_document import changed_fields
from reconciler.render.words import count, listed
from reconciler.web.pages import address
from reconciler.web.pages.text_lines import TextLine, replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row. `key` is the same whenever it is shown; `word` what came of it or was asked.

    `name` and `path` are the dialog's, None where it is about all of them. `target` is which
    message, `answer` what the service said or a person wrote. `texts` are given where they were
    asked for.
    """

    key: str
    at: datetime
    word: str
    attempt: int
    name: str | None
    path: str | None
    what: str
    target: str
    answer: str
    origin: Origin | None = None
    texts: tuple[TextLine, ...] = ()


def entry(told: Told, *, texts: bool = False) -> Entry:
    """Give the row of one entry."""
    match told:
        case HistoryRow():
            return _call(told, texts=texts)
        case ApprovalRow(plan=plan, guard=guard, changes=changes):
            what = f"let plan {plan} pass: {guard}, {count(changes, 'change')}"
            return _request(told, "approved", what, None, None)
        case RetryRow(dialog=dialog, name=name, freed=freed):
            path = None if dialog is None else address.dialog(str(dialog))
            what = f"to try again {count(freed, 'rejected change')}"
            return _request(told, "retry", what, name or (None if dialog is None else str(dialog)), path)


def _call(row: HistoryRow, *, texts: bool) -> Entry:
    return Entry(
        key=f"call-{row.number}",
        at=row.sent_at,
        word=row.result.value,
        attempt=row.attempt,
        name=row.name,
        path=address.dialog(str(row.dialog)),
        what=f"{listed(changed_fields(row))} as {row.actor}",
        target="every message" if row.message is None else str(row.message),
        answer=_answer(row),
        origin=row.origin,
        texts=replaced(row.old, row.new) if texts and row.new else (),
    )


def _answer(row: HistoryRow) -> str:
    if row.result is Result.IN_DOUBT:
        return "no answer yet: it is under way, or was lost"
    return f"{row.status or ''} {row.words}".strip()


def _request(row: RequestRow, word: str, what: str, name: str | None, path: str | None) -> Entry:
    return Entry(
        key=f"{word}-{row.after}-{row.at.timestamp():.3f}",
        at=row.at,
        word=word,
        attempt=1,
        name=name,
        path=path,
        what=what,
        target="",
        answer=f"{row.by}: {row.reason}" if row.reason else row.by,
    )
