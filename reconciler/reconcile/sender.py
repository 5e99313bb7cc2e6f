"""The sending half of a pass: plans in, calls out, each recorded before and after it is made."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from reconciler.core.action import Action, UpdateMessage
from reconciler.core.backoff import wait
from reconciler.core.breaker import Breaker
from reconciler.core.call import Call, Intent, Withdrawal
from reconciler.core.outcome import Answer, Cause, Deferred, Outcome, judge
from reconciler.core.plan import DialogPlan
from reconciler.reconcile.waiting import first


class Priority(IntEnum):
    """Who goes first where calls wait for the rate: people see a wrong text, not a missing mark."""

    TEXT = 0
    MARK = 1


class ChatService(Protocol):
    """Where actions go."""

    async def send(self, action: Action) -> Answer:
        """Make exactly one PUT; network trouble is an answer too, never an exception."""
        ...


class Rate(Protocol):
    """The one door to the chat service."""

    async def acquire(self, priority: int = 0) -> None:
        """Wait for leave to make one call; the lower priority goes first."""
        ...

    def slow_down(self) -> None:
        """Send at half the present rate from now on."""
        ...

    def pause(self, seconds: float) -> None:
        """Give no leave for that long."""
        ...


class Recorder(Protocol):
    """The ledger, as far as the sender writes to it."""

    def next_number(self) -> int:
        """Give a number that no intent has."""
        ...

    async def write(self, entry: Intent | Call | Withdrawal) -> None:
        """Return once the entry is durable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The calls made for one dialog, and when to come back for those that were not made."""

    calls: tuple[Call, ...]
    come_back_at: datetime | None = None
    why: str = ""


class Sender:
    """Sends plans: one dialog in order, dialogs side by side, all through one rate.

    No PUT leaves before its intent is durable, so that after a crash every call that may have
    been made is known.
    """

    def __init__(
        self,
        *,
        service: ChatService,
        rate: Rate,
        recorder: Recorder,
        concurrency: int,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
        on_call: Callable[[Call], None],
    ) -> None:
        self._service = service
        self._rate = rate
        self._recorder = recorder
        self._slots = asyncio.Semaphore(concurrency)
        self._clock = clock
        self._jitter = jitter
        self._on_call = on_call
        self._probe = asyncio.Lock()
        self.breaker = Breaker()

    async def send(self, plan: DialogPlan, stop: asyncio.Event) -> Sent:
        """Make the plan's calls. Once `stop` is set no new call is made; one under way is finished."""
        calls: list[Call] = []
        for action in plan.actions:
            if not await self._take_slot(stop):
                return Sent(calls=tuple(calls), come_back_at=self._clock())
            try:
                made = await self._one_at_a_time(plan, action, stop)
            finally:
                self._slots.release()
            if isinstance(made, datetime):
                why = "the chat service gives no useful answer" if self.breaker.tripped else ""
                return Sent(calls=tuple(calls), come_back_at=made, why=why)
            calls.append(made)
        return Sent(calls=tuple(calls))

    async def _take_slot(self, stop: asyncio.Event) -> bool:
        """Wait until another call may be under way, or for the stop; tell which it was."""
        if self._slots.locked():
            await first(slot := asyncio.ensure_future(self._slots.acquire()), stop.wait())
            return slot.done() and not slot.cancelled()
        return await self._slots.acquire()

    async def _one_at_a_time(self, plan: DialogPlan, action: Action, stop: asyncio.Event) -> Call | datetime:
        """Make the call; while the breaker is tripped each call is a probe that the others wait for."""
        if not self.breaker.tripped:
            return await self._with_leave(plan, action, stop)
        async with self._probe:
            return await self._with_leave(plan, action, stop)

    async def _with_leave(self, plan: DialogPlan, action: Action, stop: asyncio.Event) -> Call | datetime:
        """Make the call; where it may not be made now, give when to come back.

        The rate's leave comes last, right before the call: what waited for one commit must not
        leave in one burst.
        """
        if (come_back_at := self._refused(stop)) is not None:
            return come_back_at
        intent = Intent(
            number=self._recorder.next_number(),
            action=action,
            name=plan.manifest.name,
            manifest=plan.manifest.digest,
            sent_at=self._clock(),
        )
        await self._recorder.write(intent)
        await self._take_token(action, stop)
        if (come_back_at := self._refused(stop)) is not None:
            await self._recorder.write(Withdrawal(intent=intent, at=self._clock()))
            return come_back_at
        return await self._call(replace(intent, sent_at=self._clock()))

    def _refused(self, stop: asyncio.Event) -> datetime | None:
        now = self._clock()
        return now if stop.is_set() else self.breaker.paused_until(now)

    async def _take_token(self, action: Action, stop: asyncio.Event) -> None:
        """Wait for the rate's leave, or for the stop."""
        text = isinstance(action, UpdateMessage) and action.text is not None
        priority = Priority.TEXT if text else Priority.MARK
        token = asyncio.ensure_future(self._rate.acquire(priority))
        await first(token, stop.wait())
        if token.done() and not token.cancelled():
            token.result()  # without leave there is no call

    async def _call(self, intent: Intent) -> Call:
        answer = await self._service.send(intent.action)
        now = self._clock()
        outcome = judge(answer)
        call = Call(
            intent=intent,
            answer=answer,
            outcome=outcome,
            answered_at=now,
            retry_at=self._retry_at(outcome, intent.action, now),
        )
        target = (intent.action.dialog, intent.action.changes[0].key)
        self.breaker = self.breaker.after(outcome, now, target)
        await self._recorder.write(call)
        self._on_call(call)
        return call

    def _retry_at(self, outcome: Outcome, action: Action, now: datetime) -> datetime | None:
        if not isinstance(outcome, Deferred):
            return None
        if outcome.cause is Cause.THROTTLED:
            self._rate.slow_down()
            self._rate.pause(outcome.retry_after or 0.0)
        return now + wait(outcome, action.attempt, self._jitter())
