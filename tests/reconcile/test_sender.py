"""The sender: what leaves when, and what is on disk by then."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pytest

from reconciler.chat_api.limiter import Leave
from reconciler.core.action import Action
from reconciler.core.applied import Setback
from reconciler.core.call import Call
from reconciler.core.diff import DialogMarkChange, MarkChange, TextChange
from reconciler.core.outcome import Answer, Applied, Deferred, Rejected
from reconciler.core.plan import DialogPlan, plan_dialog
from reconciler.ledger.history import Result
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.writer import Ledger
from reconciler.reconcile.group_commit import GroupCommit
from reconciler.reconcile.halt import Halt
from reconciler.reconcile.sender import Sender
from reconciler.reconcile.turns import Priority, Rank, Turns
from tests.core.builders import NOW
from tests.reconcile.parts import (
    DOWN,
    LOST,
    NO_SESSION,
    OK,
    REFUSED,
    TOO_FAST,
    Chat,
    Clock,
    FreeRate,
    dialog_id,
    in_turn,
    plan,
    read,
    text_and_mark,
    texts,
    until,
)

_PROBE_AFTER: Final = timedelta(seconds=30)
_TRIP: Final = 5


@dataclass(kw_only=True)
class Sent:
    """What became of one plan."""

    calls: list[Call]
    come_back_at: datetime | None


class World:
    """A sender on a real ledger, between a chat and a rate that are told what to do."""

    def __init__(
        self, ledger: Ledger, thread: ThreadPoolExecutor, clock: Clock, concurrency: int = 8
    ) -> None:
        self.chat = Chat()
        self.rate = FreeRate()
        self.clock = clock
        self.stop = Halt()
        self.told: list[Call] = []
        self.sender = Sender(
            service=self.chat,
            rate=self.rate,
            recorder=GroupCommit(ledger, thread),
            concurrency=concurrency,
            clock=clock,
            jitter=lambda: 1.0,
            on_call=self.told.append,
        )

    async def send(self, dialog: DialogPlan, *, age: int = 0) -> Sent:
        calls: list[Call] = []
        left = await self.sender.send(dialog, self.stop, made=calls.append, age=age)
        return Sent(calls=calls, come_back_at=left.come_back_at if left else None)


@pytest.fixture
async def world(ledger: Ledger, thread: ThreadPoolExecutor, clock: Clock) -> World:
    return World(ledger, thread, clock)


def results(reader: LedgerReader) -> list[Result]:
    """Give what came of each call, the oldest first."""
    return [row.result for row in reversed(list(reader.history(None, limit=100)))]


async def test_the_intent_of_a_call_is_durable_before_the_call(world: World, reader: LedgerReader) -> None:
    seen: list[list[Result]] = []

    def look(_: Action) -> Answer:
        seen.append(results(reader))
        return OK

    world.chat.answer = look
    await world.send(plan(0, *texts(3)))
    assert seen == [
        [Result.IN_DOUBT],
        [Result.APPLIED, Result.IN_DOUBT],
        [Result.APPLIED, Result.APPLIED, Result.IN_DOUBT],
    ]


@pytest.mark.parametrize(
    ("answer", "outcome", "result"),
    [
        (OK, Applied, Result.APPLIED),
        (REFUSED, Rejected, Result.REJECTED),
        (DOWN, Deferred, Result.DEFERRED),
        (LOST, Deferred, Result.DEFERRED),
        (TOO_FAST, Deferred, Result.DEFERRED),
        (NO_SESSION, Deferred, Result.DEFERRED),
    ],
)
async def test_an_answer_is_recorded_and_told(
    world: World, reader: LedgerReader, answer: Answer, outcome: type, result: Result
) -> None:
    world.chat.answer = in_turn(answer)
    sent = await world.send(plan(0, "Hello"))
    (call,) = sent.calls
    assert isinstance(call.outcome, outcome)
    assert (call.retry_at is not None) == (outcome is Deferred)
    assert results(reader) == [result]
    assert world.told == [call]


async def test_an_answer_is_recorded_although_who_is_told_of_it_fails(
    ledger: Ledger, thread: ThreadPoolExecutor, clock: Clock, reader: LedgerReader
) -> None:
    def fail(_: Call) -> None:
        msg = "the terminal is gone"
        raise BrokenPipeError(msg)

    sender = Sender(
        service=Chat(),
        rate=FreeRate(),
        recorder=GroupCommit(ledger, thread),
        concurrency=1,
        clock=clock,
        jitter=lambda: 1.0,
        on_call=fail,
    )
    with pytest.raises(BrokenPipeError):
        await sender.send(plan(0, "Hello"), Halt(), made=lambda _: None)
    assert results(reader) == [Result.APPLIED]


async def test_the_calls_of_a_dialog_are_made_one_after_the_other_in_the_plan_s_order(world: World) -> None:
    await world.send(plan(0, *texts(10)))
    assert world.chat.lines() == list(range(8, 18))
    assert world.chat.peak == 1


@pytest.mark.parametrize("concurrency", [1, 3, 8])
async def test_dialogs_are_sent_side_by_side_up_to_the_concurrency(
    ledger: Ledger, thread: ThreadPoolExecutor, clock: Clock, concurrency: int
) -> None:
    world = World(ledger, thread, clock, concurrency)
    world.chat.open.clear()
    sending = [asyncio.ensure_future(world.send(plan(d, *texts(2)))) for d in range(12)]
    await until(lambda: world.chat.under_way == concurrency, "as many calls as may be under way")
    world.chat.open.set()
    await asyncio.gather(*sending)
    assert world.chat.peak == concurrency
    assert len(world.chat.answered) == 24


async def test_texts_have_the_rate_s_first_place(world: World) -> None:
    await world.send(plan(0, "Hello"))
    assert world.rate.priorities == [0]


async def test_a_stop_makes_no_new_call_and_finishes_those_under_way(
    world: World, reader: LedgerReader
) -> None:
    world.chat.open.clear()
    sending = [asyncio.ensure_future(world.send(plan(d, *texts(3)))) for d in range(20)]
    await until(lambda: world.chat.under_way == 8, "calls under way")
    world.stop.set()
    world.chat.open.set()
    sent = await asyncio.gather(*sending)
    assert len(world.chat.arrived) == 8
    assert results(reader).count(Result.APPLIED) == 8
    assert Result.IN_DOUBT not in results(reader)
    assert sum(len(one.calls) for one in sent) == 8
    assert {one.come_back_at for one in sent} == {NOW}


async def test_a_call_that_waits_for_the_rate_when_it_stops_is_not_made_and_not_in_doubt(
    world: World, reader: LedgerReader
) -> None:
    world.rate.gate.clear()
    sending = asyncio.ensure_future(world.send(plan(0, "Hello")))
    await until(lambda: world.rate.waiting, "the call to wait for leave")
    world.stop.set()
    assert (await sending).come_back_at == NOW
    assert not world.chat.arrived
    assert Result.IN_DOUBT not in results(reader)
    assert world.rate.waiting == 0


async def test_a_call_that_was_never_made_is_no_attempt(world: World, reader: LedgerReader) -> None:
    """Otherwise each edit that interrupts a pass makes the first real failure wait longer."""
    world.rate.gate.clear()
    sending = asyncio.ensure_future(world.send(plan(0, "Hello")))
    await until(lambda: world.rate.waiting, "the call to wait for leave")
    world.stop.set()
    await sending
    assert not reader.applied(dialog_id(0)).failed


async def test_what_history_gives_as_the_time_of_sending_is_when_the_call_left(
    world: World, reader: LedgerReader
) -> None:
    world.rate.gate.clear()
    sending = asyncio.ensure_future(world.send(plan(0, "Hello")))
    await until(lambda: world.rate.waiting, "the call to wait for leave")
    world.clock.advance(seconds=60)
    world.rate.gate.set()
    await sending
    (row,) = reader.history(None, limit=10)
    assert row.sent_at == NOW + timedelta(seconds=60)


async def test_too_fast_slows_the_rate_and_pauses_it_for_as_long_as_was_asked(world: World) -> None:
    world.chat.answer = in_turn(TOO_FAST)
    sent = await world.send(plan(0, *texts(2)))
    assert (world.rate.slowed, world.rate.pauses) == (1, [3.0])
    assert sent.calls[0].retry_at == NOW + timedelta(seconds=3 + 1)
    assert isinstance(sent.calls[1].outcome, Applied)
    assert not world.sender.breaker.tripped


async def test_a_failed_call_does_not_keep_the_dialog_s_others_from_being_made(world: World) -> None:
    world.chat.answer = in_turn(REFUSED, DOWN)
    sent = await world.send(plan(0, *texts(3)))
    assert [type(call.outcome) for call in sent.calls] == [Rejected, Deferred, Applied]
    assert sent.come_back_at is None


async def test_after_failures_in_a_row_no_call_is_made_until_it_is_time_for_a_probe(world: World) -> None:
    world.chat.answer = in_turn(then=DOWN)
    sent = await world.send(plan(0, *texts(9)))
    assert len(world.chat.arrived) == len(sent.calls) == _TRIP
    assert sent.come_back_at == NOW + _PROBE_AFTER


async def test_a_refused_credential_stops_the_sending_at_once(world: World) -> None:
    world.chat.answer = in_turn(then=NO_SESSION)
    sent = await world.send(plan(0, *texts(9)))
    assert len(world.chat.arrived) == 1
    assert sent.come_back_at == NOW + _PROBE_AFTER


async def trip(world: World) -> None:
    world.chat.answer = in_turn(then=DOWN)
    await world.send(plan(99, *texts(9)))
    assert world.sender.breaker.tripped
    world.chat.arrived.clear()
    world.chat.answered.clear()
    world.chat.peak = 0
    world.clock.advance(seconds=31)


async def test_one_probe_is_under_way_at_a_time_and_its_failure_sends_the_others_home(world: World) -> None:
    await trip(world)
    world.chat.open.clear()
    sending = [asyncio.ensure_future(world.send(plan(d, "Hello"))) for d in range(6)]
    await until(lambda: world.chat.under_way, "a probe")
    world.chat.open.set()
    sent = await asyncio.gather(*sending)
    assert len(world.chat.arrived) == 1
    home = [one.come_back_at for one in sent if not one.calls]
    assert home == [NOW + timedelta(seconds=31 + 60)] * 5


async def test_a_probe_that_succeeds_lets_the_others_follow(world: World) -> None:
    await trip(world)
    world.chat.answer = in_turn(then=OK)
    sent = await asyncio.gather(*(world.send(plan(d, *texts(2))) for d in range(6)))
    assert not world.sender.breaker.tripped
    assert [len(one.calls) for one in sent] == [2] * 6


async def test_no_call_is_made_without_the_rate_s_leave(
    ledger: Ledger, thread: ThreadPoolExecutor, clock: Clock
) -> None:
    class BrokenRate(FreeRate):
        async def acquire(self, priority: int = 0) -> Leave:
            raise ArithmeticError(priority)

    world = World(ledger, thread, clock)
    sender = Sender(
        service=world.chat,
        rate=BrokenRate(),
        recorder=GroupCommit(ledger, thread),
        concurrency=1,
        clock=clock,
        jitter=lambda: 1.0,
        on_call=world.told.append,
    )
    with pytest.raises(ArithmeticError):
        await sender.send(plan(0, "Hello"), world.stop, made=lambda _: None)
    assert not world.chat.arrived


async def test_texts_go_before_marks_and_what_was_declared_last_before_a_backlog(
    ledger: Ledger, thread: ThreadPoolExecutor, clock: Clock
) -> None:
    world = World(ledger, thread, clock, concurrency=1)
    world.chat.open.clear()
    backlog = [asyncio.ensure_future(world.send(plan(d, *texts(2)), age=-1)) for d in range(3)]
    marks = [asyncio.ensure_future(world.send(read(d), age=-2)) for d in range(3, 5)]
    await until(lambda: world.chat.under_way, "the first call")
    news = asyncio.ensure_future(world.send(plan(5, *texts(2)), age=-3))
    await until(lambda: world.sender.calls_left == 10, "the others to wait")
    world.chat.open.set()
    await asyncio.gather(*backlog, *marks, news)
    order = [int(action.dialog.value[-2:], 16) for action in world.chat.arrived]
    assert order == [0, 5, 1, 5, 2, 0, 1, 2, 3, 4]  # a place that is given back goes to who waits


async def test_a_dialog_with_many_calls_takes_turns_with_the_others(
    ledger: Ledger, thread: ThreadPoolExecutor, clock: Clock
) -> None:
    world = World(ledger, thread, clock, concurrency=1)
    flood = asyncio.ensure_future(world.send(plan(0, *texts(50))))
    others = [asyncio.ensure_future(world.send(plan(d, "Hello"))) for d in range(1, 6)]
    await asyncio.gather(*others)
    assert len(world.chat.arrived) <= 2 * 6
    await flood


MIXED: Final = {TextChange: "text", MarkChange: "mark"}


@pytest.mark.parametrize("refused", ["text", "mark"])
async def test_a_refused_text_does_not_hold_a_mark_nor_the_other_way_round(
    world: World, reader: LedgerReader, refused: str
) -> None:
    def answer(action: Action) -> Answer:
        parts = {MIXED[type(change)] for change in action.changes if not isinstance(change, DialogMarkChange)}
        return REFUSED if refused in parts else OK

    world.chat.answer = answer
    sent = await world.send(text_and_mark())
    assert [type(call.outcome) for call in sent.calls] == [
        Deferred,
        *((Rejected, Applied) if refused == "text" else (Applied, Rejected)),
    ]
    assert [call.intent.action.attempt for call in sent.calls] == [1, 2, 2]
    state = reader.applied(dialog_id(0))
    assert (bool(state.texts), bool(state.marks)) == (refused != "text", refused != "mark")
    assert [failed.setback for failed in state.failed.values()] == [Setback.REJECTED]


async def test_after_a_crash_between_the_parts_they_are_still_tried_apart(
    world: World, reader: LedgerReader
) -> None:
    def answer(_: Action) -> Answer:
        world.stop.set()
        return REFUSED

    world.chat.answer = answer
    first = text_and_mark()
    await world.send(first)
    again = plan_dialog(first.manifest, reader.applied(dialog_id(0)), NOW)
    assert [MIXED[type(change)] for action in again.actions for change in action.changes] == ["text", "mark"]
    assert len(again.actions) == 2
    assert not again.held


async def test_where_there_is_another_credential_the_call_is_made_once_more(world: World) -> None:
    world.chat.answer = in_turn(NO_SESSION)
    world.chat.others = 1
    sent = await world.send(plan(0, *texts(3)))
    assert [type(call.outcome) for call in sent.calls] == [Deferred, Applied, Applied, Applied]
    assert not world.sender.breaker.tripped


async def test_a_call_is_made_once_more_only_once(world: World) -> None:
    world.chat.answer = in_turn(then=NO_SESSION)
    world.chat.others = 9
    sent = await world.send(plan(0, *texts(3)))
    assert len(world.chat.arrived) == len(sent.calls) == 2
    assert world.sender.breaker.tripped


async def test_of_calls_that_were_refused_together_only_one_asks_for_another_credential(world: World) -> None:
    world.chat.answer = in_turn(*[NO_SESSION] * 4)
    world.chat.others = 1
    world.chat.open.clear()
    sending = [asyncio.ensure_future(world.send(plan(d, "Hello"))) for d in range(4)]
    await until(lambda: world.chat.under_way == 4, "four calls")
    world.chat.open.set()
    await asyncio.gather(*sending)
    assert len(world.chat.arrived) == 8
    assert not world.sender.breaker.tripped


async def test_without_a_session_no_call_is_made(world: World, reader: LedgerReader) -> None:
    world.chat.login = NO_SESSION
    sent = await asyncio.gather(*(world.send(plan(d, "Hello")) for d in range(3)))
    assert not world.chat.arrived
    assert not results(reader)
    assert {one.come_back_at for one in sent} == {NOW + _PROBE_AFTER}


async def test_another_credential_ends_the_wait(world: World) -> None:
    world.chat.answer = in_turn(NO_SESSION)
    await world.send(plan(0, "Hello"))
    assert world.sender.breaker.tripped
    world.chat.others = 1
    assert world.sender.rotated()
    assert not world.sender.breaker.tripped


async def test_each_session_that_ends_on_the_way_is_renewed(world: World) -> None:
    world.chat.answer = in_turn(NO_SESSION, OK, OK, NO_SESSION)
    world.chat.others = 2
    sent = await world.send(plan(0, *texts(5)))
    assert [type(call.outcome) for call in sent.calls].count(Applied) == 5
    assert not world.sender.breaker.tripped


async def test_while_no_session_can_be_had_there_is_one_login_a_probe(world: World) -> None:
    world.chat.login = DOWN
    for _ in range(3):
        world.chat.logins = 0
        sent = await asyncio.gather(*(world.send(plan(d, "Hello")) for d in range(20)))
        assert world.chat.logins == 1
        (probe_at,) = {one.come_back_at for one in sent}
        assert probe_at is not None
        world.clock.now = probe_at
    assert not world.chat.arrived


async def test_who_is_called_off_while_waiting_leaves_nothing_behind() -> None:
    turns = Turns(1)
    halt = Halt()

    async def wait() -> bool:
        async with turns.turn(Rank(Priority.TEXT, 0), halt) as place:
            return place

    async with turns.turn(Rank(Priority.TEXT, 0), Halt()):
        waiting = [asyncio.ensure_future(wait()) for _ in range(100)]
        await until(lambda: turns.waiting == 100, "all to wait")
        halt.set()
        assert not any(await asyncio.gather(*waiting))
        assert turns.waiting <= 1
