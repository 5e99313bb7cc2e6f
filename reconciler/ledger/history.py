"""What the record tells a reader: calls and requests, newest first, and how many calls came out how."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from reconciler.core.message import DialogId, Mark, MessageId, UserId
from reconciler.core.message_text import MessageText, TextDigest
from reconciler.core.outcome import Cause
from reconciler.core.problem import Origin
from reconciler.core.refusal import Guard
from reconciler.ledger.encoding import milliseconds, time_of, unescape


class Result(StrEnum):
    """What came of an action. In doubt: no answer is recorded; it may have been applied, or is under way."""

    APPLIED = "applied"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    IN_DOUBT = "in doubt"


FAILED: Final = frozenset({Result.DEFERRED, Result.REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedText:
    """A text as the ledger has it; `text` is None where only its digest was kept."""

    digest: TextDigest
    text: MessageText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One action and what came of it.

    `message` is None for a call that marked the whole dialog. `old` is the text that `new`
    replaced, None where that was unknown. `status` is None where no HTTP answer came. `name`,
    `origin` and `manifest` (a digest) are the manifest's at that time.
    """

    number: int
    dialog: DialogId
    name: str
    message: MessageId | None
    actor: UserId
    marks: frozenset[Mark]
    old: RecordedText | None
    new: RecordedText | None
    origin: Origin
    manifest: bytes
    attempt: int
    sent_at: datetime
    result: Result
    cause: Cause | None
    status: int | None
    words: str
    request_id: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """A person let a plan pass a guard, with that many changes; `after` is the last action by then."""

    plan: str
    guard: Guard
    reason: str
    by: str
    at: datetime
    after: int
    changes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRow:
    """A person freed that many changes that were rejected; `after` is the last action by then.

    `dialog` and its `name` are None where that was in all dialogs.
    """

    dialog: DialogId | None
    name: str | None
    reason: str
    by: str
    at: datetime
    after: int
    freed: int


RequestRow = ApprovalRow | RetryRow


Told = HistoryRow | RequestRow
"""One entry of the history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which calls to give: those with one of `results` (all where empty), sent in a span of time."""

    results: frozenset[Result] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""

    def row(self) -> dict[str, Any]:
        """Give the parameters of the `history_page` queries."""
        return {
            "results": f",{','.join(sorted(self.results))}," if self.results else None,
            "since": milliseconds(self.since),
            "until": milliseconds(self.until),
        }


EVERYTHING: Final = Wanted()


def newest_first(calls: Iterable[HistoryRow], requests: Iterable[RequestRow]) -> Iterator[Told]:
    """Put requests between the calls that were made before and after them; `calls` are newest first."""
    waiting = sorted(requests, key=_when)
    for call in calls:
        while waiting and waiting[-1].after >= call.number:
            yield waiting.pop()
        yield call
    yield from reversed(waiting)


def oldest_first(calls: Iterable[HistoryRow], requests: Iterable[RequestRow]) -> Iterator[Told]:
    """Put requests between the calls that were made before and after them; `calls` are oldest first."""
    waiting = deque(sorted(requests, key=_when))
    for call in calls:
        while waiting and waiting[0].after < call.number:
            yield waiting.popleft()
        yield call
    yield from waiting


def _when(request: RequestRow) -> tuple[int, datetime]:
    return request.after, request.at


def history_row(columns: Iterable[Any]) -> HistoryRow:
    """Read one row of the `history_page` queries."""
    (
        number,
        dialog,
        name,
        message,
        actor,
        read,
        delivered,
        old_digest,
        old_text,
        new_digest,
        new_text,
        path,
        line,
        column,
        manifest,
        attempt,
        sent_at,
        result,
        cause,
        status,
        words,
        request_id,
        answered_at,
    ) = columns
    marks = ((Mark.READ, read), (Mark.DELIVERED, delivered))
    return HistoryRow(
        number=number,
        dialog=DialogId(dialog),
        name=name,
        message=None if message is None else MessageId(message),
        actor=UserId(actor),
        marks=frozenset(mark for mark, sent in marks if sent),
        old=_recorded(old_digest, old_text),
        new=_recorded(new_digest, new_text),
        origin=Origin(unescape(path), line, column),
        manifest=manifest,
        attempt=attempt,
        sent_at=time_of(sent_at),
        result=Result(result),
        cause=None if cause is None else Cause(cause),
        status=status,
        words=words or "",
        request_id=request_id,
        answered_at=time_of(answered_at),
    )


def _recorded(digest: bytes | None, text: str | None) -> RecordedText | None:
    if digest is None:
        return None
    return RecordedText(digest=TextDigest(digest), text=None if text is None else MessageText(text))
