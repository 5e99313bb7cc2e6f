"""Values that pages show: dialogs in each condition, a history, problems, passes."""

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from reconciler.core.applied import AppliedText
from reconciler.core.condition import Condition, HeldReason
from reconciler.core.file_report import DialogReport
from reconciler.core.message import DialogId, Mark, MessageId, UserId
from reconciler.core.message_text import MessageText
from reconciler.core.outcome import Cause
from reconciler.core.problem import Origin, Problem
from reconciler.core.refusal import Guard
from reconciler.core.standing import MessageStanding, Part, PartState
from reconciler.ledger.history import ApprovalRow, HistoryRow, RecordedText, Result, RetryRow, Told
from reconciler.web.model import DialogDetail, DialogPage, DialogQuery, HistoryPage, HistoryQuery, ProblemList
from reconciler.web.pages.frame import Frame, frame_of
from reconciler.web.state import Attention, Overview, PassSummary, State

NOW: Final = datetime(2026, 11, 25, 20, 51, 3, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)

ANN, BEN = UserId(96753878), UserId(96753901)
M1, M2 = MessageId("5f1a2d03e4b0c1d2a3948811"), MessageId("5f1a2d11e4b0c1d2a3948815")

OLD: Final = "Opening hours: 9-17, also on Saturdays"
NEW: Final = "Opening hours: 9-19, also on Saturdays"


def place(file: str, line: int = 18) -> Origin:
    return Origin(f"manifests/{file}.yaml", line, 13)


def dialog_id(number: int) -> DialogId:
    return DialogId(f"{number:024x}")


def dialog(number: int, name: str | None, condition: Condition, **more: object) -> DialogReport:
    fields: dict[str, object] = {
        "dialog": dialog_id(number),
        "origin": place(name or "nameless", 5),
        "labels": MappingProxyType({"team": "support"}),
    }
    return DialogReport(name=name, condition=condition, **{**fields, **more})  # type: ignore[arg-type]  # a table


STALLED: Final = dialog(
    6,
    "partners",
    Condition.STALLED,
    declared=12,
    applied=11,
    held={HeldReason.REJECTED: 1},
    note="403 This user is not in the dialog",
)
BACKING_OFF: Final = dialog(
    4,
    "opening-hours",
    Condition.BACKING_OFF,
    declared=3,
    applied=2,
    held={HeldReason.BACKING_OFF: 1},
    note="503 Service Unavailable",
    due_at=NOW + 42 * SECOND,
)
INVALID: Final = dialog(
    7, "price-list", Condition.INVALID, note='the chat service has no "unread"', labels={}
)
IN_SYNC: Final = dialog(1, "vip-lounge", Condition.IN_SYNC, declared=9, applied=9)
PENDING: Final = dialog(3, "night-shift", Condition.PENDING, declared=6, applied=4, pending=2)
SUSPENDED: Final = dialog(
    5,
    "refund-review",
    Condition.SUSPENDED,
    declared=2,
    held={HeldReason.SUSPENDED: 2},
    note="legal hold",
    due_at=datetime(2036, 12, 31, tzinfo=UTC),
)
DIALOGS: Final = (INVALID, SUSPENDED, STALLED, BACKING_OFF, PENDING, IN_SYNC)

PROBLEMS: Final = (
    Problem(place("price-list", 13), "read: false can't be reached", "remove the line"),
    Problem(place("price-list", 20), "text is empty", "write what the message is to say"),
)


def recorded(text: str | None) -> RecordedText | None:
    return None if text is None else RecordedText(digest=MessageText(text).digest(), text=MessageText(text))


def call(number: int, of: DialogReport, result: Result, **more: object) -> HistoryRow:
    fields: dict[str, object] = {
        "message": M1,
        "marks": frozenset(),
        "old": None,
        "new": None,
        "attempt": 1,
        "cause": None,
        "status": 200,
        "words": "",
    }
    return HistoryRow(
        number=number,
        dialog=of.dialog or dialog_id(0),
        name=of.name or "",
        actor=ANN,
        origin=place(of.name or ""),
        manifest=b"manifest",
        sent_at=NOW - number * 60 * SECOND,
        result=result,
        request_id=None,
        answered_at=NOW,
        **{**fields, **more},  # type: ignore[arg-type]  # a table
    )


HISTORY: Final[tuple[Told, ...]] = (
    call(
        9,
        BACKING_OFF,
        Result.DEFERRED,
        old=recorded(OLD),
        new=recorded(NEW),
        attempt=3,
        cause=Cause.OUTAGE,
        status=503,
        words="Service Unavailable",
    ),
    RetryRow(
        dialog=STALLED.dialog,
        name="partners",
        reason="she is back in the dialog",
        by="anna",
        at=NOW - 400 * SECOND,
        after=8,
        freed=1,
    ),
    call(8, STALLED, Result.REJECTED, message=None, marks=frozenset({Mark.READ}), status=403, words="No"),
    call(7, IN_SYNC, Result.IN_DOUBT, new=recorded(NEW), status=None),
    ApprovalRow(
        plan="a1b2c3d4e5f6",
        guard=Guard.REWRITES,
        reason="new hours everywhere",
        by="ben",
        at=NOW - 9000 * SECOND,
        after=6,
        changes=120,
    ),
    call(6, IN_SYNC, Result.APPLIED, marks=frozenset({Mark.READ, Mark.DELIVERED})),
)


def passes(count: int = 12) -> tuple[PassSummary, ...]:
    return tuple(
        PassSummary(
            finished_at=NOW - (count - i) * 97 * SECOND,
            seconds=0.4 + i,
            applied=i * 3 % 14,
            deferred=2 if i == 4 else 0,
            rejected=1 if i in {4, 7} else 0,
            call_seconds=None if i == 2 else 0.02 * i,
        )
        for i in range(count)
    )


def overview(**more: object) -> Overview:
    fields: dict[str, object] = {
        "state": State.ATTENTION,
        "sentence": "2 dialogs need a person; 1 of 6 dialogs in sync.",
        "hindrance": None,
        "first_pass_done": True,
        "conditions": dict.fromkeys(Condition, 1),
        "pending": 2,
        "held": dict.fromkeys(HeldReason, 1),
        "rate_present": 14.0,
        "calls_waiting": 1200,
        "drain_seconds": 85.0,
        "breaker_tripped": False,
        "files": 6,
        "problems": 2,
        "last_pass_at": NOW - 12 * SECOND,
        "last_success_at": NOW - 250 * SECOND,
        "watch": "inotify",
        "watch_reason": None,
        "attention": (
            Attention(
                what="the chat service refused changes of partners: 403",
                todo="change the manifest",
                path="/dialogs/partners",
                command='reconciler retry --dialog partners --reason "…"',
            ),
        ),
        "passes": passes(),
    }
    return Overview(at=NOW, version="1.2.3", rate_ceiling=20.0, **{**fields, **more})  # type: ignore[arg-type]  # a table


def nothing_yet() -> Overview:
    return overview(
        state=State.WORKING,
        sentence="The first look at all manifests is under way; 0 of 0 dialogs in sync.",
        first_pass_done=False,
        conditions=dict.fromkeys(Condition, 0),
        pending=0,
        held=dict.fromkeys(HeldReason, 0),
        calls_waiting=0,
        files=0,
        problems=0,
        last_pass_at=None,
        last_success_at=None,
        attention=(),
        passes=(),
    )


def frame(**more: object) -> Frame:
    return frame_of(overview(**more), change=7)


def dialog_page(
    *dialogs: DialogReport, query: DialogQuery | None = None, total: int | None = None
) -> DialogPage:
    query = query or DialogQuery()
    total = len(dialogs) if total is None else total
    return DialogPage(
        query=query,
        total=total,
        pages=max(1, -(-total // query.size)),
        dialogs=dialogs,
        conditions=dict.fromkeys(Condition, 1),
        labels=("team=support", "team=sales"),
    )


def history_page(*entries: Told, query: HistoryQuery | None = None, more: int | None = None) -> HistoryPage:
    return HistoryPage(query=query or HistoryQuery(), entries=entries, next=more)


def part(mark: Mark | None, user: UserId = ANN, state: PartState = PartState.APPLIED, **more: object) -> Part:
    return Part(mark=mark, user=user, state=state, **{"origin": place("opening-hours"), **more})  # type: ignore[arg-type]  # a table


STANDINGS: Final = (
    MessageStanding(
        message=None,
        origin=place("opening-hours", 5),
        parts=(part(Mark.READ), part(Mark.DELIVERED, BEN, PartState.PENDING)),
    ),
    MessageStanding(
        message=M1,
        origin=place("opening-hours", 17),
        parts=(
            part(
                None,
                state=PartState.HELD,
                reason=HeldReason.BACKING_OFF,
                detail="503 Service Unavailable",
                until=NOW + 42 * SECOND,
                old=AppliedText(digest=MessageText(OLD).digest(), text=MessageText(OLD)),
                new=MessageText(NEW),
            ),
            part(Mark.READ, ANN),
            part(Mark.READ, BEN),
        ),
    ),
    MessageStanding(
        message=M2,
        origin=place("opening-hours", 20),
        parts=(part(None, new=MessageText("Closed on Sundays")),),
    ),
)


def detail(
    report: DialogReport = BACKING_OFF,
    standings: tuple[MessageStanding, ...] = STANDINGS,
    problems: tuple[Problem, ...] = (),
    unseen: str | None = None,
) -> DialogDetail:
    return DialogDetail(report=report, standings=standings, problems=problems, unseen=unseen)


NO_PROBLEMS: Final = ProblemList(problems=())
ALL_PROBLEMS: Final = ProblemList(problems=PROBLEMS, dialogs=(INVALID,))
