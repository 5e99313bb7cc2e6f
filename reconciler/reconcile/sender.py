"""The sending half of a pass: plans in, calls out, each recorded before and after it is made."""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from reconciler.core.action import Action, UpdateMessage
from reconciler.core.backoff import wait
from reconciler.core.breaker import Breaker
from reconciler.core.call import Call, Intent, Withdrawal
from reconciler.core.message import DialogId
from reconciler.core.message_text import MessageText
from reconciler.core.outcome import Answer, Applied, Cause, Deferred, Outcome, judge
from reconciler.core.plan import DialogPlan
from reconciler.reconcile.halt import Halt
from reconciler.reconcile.turns import Rank, Turns, priority_of


class ChatService(Protocol):
    """Where actions go."""

    async def prepare(self) -> Answer | None:
        """Make sure that there is a credential to call with; give the service's refusal where not."""
        ...

    async def send(self, action: Action, known: Callable[[], Iterable[MessageText]]) -> Answer:
        """Make exactly one PUT; network trouble is an answer too, never an exception.

        The texts that `known` gives are kept out of the answer's words.
        """
        ...

    async def refused(self) -> bool:
        """Take note that the credential was refused; tell whether there is another to try now."""
        ...

    def rotated(self) -> bool:
        """Tell whether there is another credential than the one in use."""
        ...


class Leave(Protocol):
    """Leave for one call."""

    def used(self) -> None:
        """Take note that the call leaves now."""
        ...


class Rate(Protocol):
    """The one door to the chat service."""

    def at_once(self) -> Leave | None:
        """Give leave to make one call where there is some now."""
        ...

    async def acquire(self, priority: int = 0) -> Leave:
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
class LeftOver:
    """When to come back for the actions of a plan that were not sent, and what kept them."""

    come_back_at: datetime
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
        self._turns = Turns(concurrency)
        self._clock = clock
        self._jitter = jitter
        self._on_call = on_call
        self._probe = asyncio.Lock()
        self._left: dict[DialogId, deque[Action]] = {}
        self._credentials = 0
        self._renewing = asyncio.Lock()
        self.breaker = Breaker()

    async def send(
        self, plan: DialogPlan, halt: Halt, *, made: Callable[[Call], None], age: int = 0
    ) -> LeftOver | None:
        """Make the plan's calls and tell `made` of each; give when to come back for those not made.

        Once `halt` is set no new call is made; one under way is finished. Of plans that wait for
        the same places, that of the lowest `age` goes first.
        """
        left = self._left[plan.manifest.dialog] = deque(plan.actions)
        try:
            return await self._send_all(plan, left, halt, made, age)
        finally:
            del self._left[plan.manifest.dialog]

    async def _send_all(
        self,
        plan: DialogPlan,
        left: deque[Action],
        halt: Halt,
        made: Callable[[Call], None],
        age: int,
    ) -> LeftOver | None:
        replayed = False
        while left:
            action = left[0]
            async with self._turns.turn(Rank(priority_of(action), age), halt) as place:
                if not place:
                    return LeftOver(come_back_at=self._clock())
                credential = self._credentials
                call = await self._one_at_a_time(plan, action, halt)
                if isinstance(call, Call) and not isinstance(call.outcome, Applied):
                    await self._record(call)  # nobody takes the place of what went wrong so soon
            if isinstance(call, datetime):
                return LeftOver(come_back_at=call, why=self.breaker.words)
            if isinstance(call.outcome, Applied):
                # Its place is free by now: the intent of who comes next goes into the same commit.
                await self._record(call)
            left.popleft()
            made(call)
            if call.outcome == Deferred(Cause.MIXED) and isinstance(action, UpdateMessage):
                left.extendleft(reversed(action.parts()))
            elif call.outcome == Deferred(Cause.CREDENTIAL):
                if not replayed and await self._renewed(credential):
                    replayed = True
                    left.appendleft(replace(action, attempt=action.attempt + 1))
                else:
                    self._take_note(call.outcome, action)
                continue
            replayed = False
        return None

    @property
    def calls_left(self) -> int:
        """Count the calls of the plans being sent that were not answered yet."""
        return sum(len(left) for left in self._left.values())

    def rotated(self) -> bool:
        """Tell whether there is another credential; what the old one met says nothing of it."""
        if not self._service.rotated():
            return False
        self._credentials += 1
        if self.breaker.cause is Cause.CREDENTIAL:
            self.breaker = Breaker()
        return True

    async def _renewed(self, credential: int) -> bool:
        """Tell whether there is another credential than number `credential`, which was refused."""
        async with self._renewing:
            if self._credentials == credential and await self._service.refused():
                self._credentials += 1
            return self._credentials != credential

    async def _one_at_a_time(self, plan: DialogPlan, action: Action, halt: Halt) -> Call | datetime:
        """Make the call; while the breaker is tripped each call is a probe that the others wait for."""
        if not self.breaker.tripped:
            return await self._with_leave(plan, action, halt)
        async with self._probe:
            return await self._with_leave(plan, action, halt)

    async def _with_leave(self, plan: DialogPlan, action: Action, halt: Halt) -> Call | datetime:
        """Make the call; where it may not be made now, give when to come back.

        The rate's leave comes last, right before the call: what waited for one commit must not
        leave in one burst.
        """
        if (come_back_at := self._refused(action, halt)) is not None:
            return come_back_at
        if (refusal := await self._service.prepare()) is not None:
            return self._not_let_in(judge(refusal))
        intent = Intent(
            number=self._recorder.next_number(),
            action=action,
            name=plan.manifest.name,
            manifest=plan.manifest.digest,
            sent_at=self._clock(),
        )
        await self._recorder.write(intent)
        leave = await self._wait_for_leave(action, halt)
        come_back_at = self._refused(action, halt)
        if leave is None or come_back_at is not None:
            await self._recorder.write(Withdrawal(intent=intent, at=self._clock()))
            return come_back_at or self._clock()
        leave.used()
        return await self._call(replace(intent, sent_at=self._clock()), plan)

    def _refused(self, action: Action, halt: Halt) -> datetime | None:
        now = self._clock()
        return now if halt.is_set() else self.breaker.paused_until(now, _target(action))

    async def _wait_for_leave(self, action: Action, halt: Halt) -> Leave | None:
        """Wait for the rate's leave; None where the halt came first."""
        return self._rate.at_once() or await halt.before(self._rate.acquire(priority_of(action)))

    async def _call(self, intent: Intent, plan: DialogPlan) -> Call:
        answer = await self._service.send(intent.action, partial(_texts, plan, intent.action))
        now = self._clock()
        outcome = judge(answer, mixed=intent.action.mixed)
        call = Call(
            intent=intent,
            answer=answer,
            outcome=outcome,
            answered_at=now,
            retry_at=self._retry_at(outcome, intent.action, now),
        )
        if outcome != Deferred(Cause.CREDENTIAL):  # that one may be put right at once
            self._take_note(outcome, intent.action)
        return call

    async def _record(self, call: Call) -> None:
        await self._recorder.write(call)
        self._on_call(call)

    def _take_note(self, outcome: Outcome, action: Action) -> None:
        """Let the breaker know what came of a call."""
        self.breaker = self.breaker.after(outcome, self._clock(), _target(action))

    def _not_let_in(self, outcome: Outcome) -> datetime:
        """Take note that there is no credential to call with; give when to try again."""
        now = self._clock()
        self._slow_down(outcome)
        cause = outcome.cause if isinstance(outcome, Deferred) else Cause.CREDENTIAL
        self.breaker = self.breaker.trip(cause, now)
        return self.breaker.paused_until(now) or now

    def _retry_at(self, outcome: Outcome, action: Action, now: datetime) -> datetime | None:
        self._slow_down(outcome)
        if not isinstance(outcome, Deferred):
            return None
        return now + wait(outcome, action.attempt, self._jitter())

    def _slow_down(self, outcome: Outcome) -> None:
        if isinstance(outcome, Deferred) and outcome.cause is Cause.THROTTLED:
            self._rate.slow_down()
            self._rate.pause(outcome.retry_after or 0.0)


def _target(action: Action) -> Hashable:
    return action.dialog, action.changes[0].key


def _texts(plan: DialogPlan, action: Action) -> list[MessageText]:
    """Give the declared texts of the messages that a call is about, whether or not it sends them."""
    message = action.message if isinstance(action, UpdateMessage) else None
    declared = (each for each in plan.manifest.messages if message in (None, each.id))
    return [each.text.text for each in declared if each.text is not None]
