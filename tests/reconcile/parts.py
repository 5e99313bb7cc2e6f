"""What the parts under test talk to: a clock that stands still, a chat and a rate that do as told."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.chat_api.limiter import Leave
from reconciler.core.action import Action
from reconciler.core.manifest import DeclaredMessage, DeclaredText, DeclaredUsers, Manifest
from reconciler.core.message import DialogId, MessageId
from reconciler.core.message_text import MessageText
from reconciler.core.outcome import Answer, Answered, Unanswered
from reconciler.core.plan import DialogPlan, plan_dialog
from reconciler.core.problem import Origin
from tests.core.builders import ALICE, NOTHING, NOW

OK: Final = Answered(status=200)
DOWN: Final = Answered(status=503, words="unavailable")
REFUSED: Final = Answered(status=403, words="no permission")
TOO_FAST: Final = Answered(status=429, words="slow down", retry_after=3.0)
NO_SESSION: Final = Answered(status=401, words="Required session does not exist")
LOST: Final = Unanswered(words="the connection was lost", sent=True)

LONGEST: Final = 30.0
"""Seconds. What takes this long does not happen."""


def dialog_id(number: int) -> DialogId:
    return DialogId(f"{0xD1A << 80 | number:024x}")


def message_id(number: int) -> MessageId:
    return MessageId(f"{0x5E5 << 80 | number:024x}")


def plan(dialog: int, *texts: str, digest: bytes = b"") -> DialogPlan:
    """Plan a dialog of which nothing is applied, and whose messages must say `texts`."""
    declared = Manifest(
        name=f"dialog-{dialog}",
        dialog=dialog_id(dialog),
        origin=Origin(f"{dialog}.yaml", 1, 1),
        digest=digest or bytes([dialog]) * 32,
        labels={},
        messages=tuple(_message(dialog, line, text) for line, text in enumerate(texts)),
    )
    return plan_dialog(declared, NOTHING, NOW)


def _message(dialog: int, line: int, text: str) -> DeclaredMessage:
    origin = Origin(f"{dialog}.yaml", line + 8, 7)
    return DeclaredMessage(
        id=message_id(100 * dialog + line),
        origin=origin,
        text=DeclaredText(text=MessageText(text), actor=ALICE, origin=origin),
    )


def read(dialog: int) -> DialogPlan:
    """Plan a dialog of which one message must be read by Alice."""
    return _plan_one(dialog, text=None)


def text_and_mark() -> DialogPlan:
    """Plan a call that carries a text and a mark."""
    return _plan_one(0, text="Hello")


def _plan_one(dialog: int, text: str | None) -> DialogPlan:
    whole = _message(dialog, 0, text or "none")
    message = replace(
        whole,
        text=whole.text if text else None,
        read=DeclaredUsers(users=(ALICE,), origin=whole.origin),
    )
    declared = replace(plan(dialog).manifest, messages=(message,))
    return plan_dialog(declared, NOTHING, NOW)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> None:
        self.now += timedelta(**time)


class Chat:
    """A chat service that answers as it is told, and can be made to wait before it does."""

    def __init__(self, answer: Callable[[Action], Answer] = lambda _: OK) -> None:
        self.answer = answer
        self.arrived: list[Action] = []
        self.answered: list[Action] = []
        self.peak = 0
        self.open = asyncio.Event()
        self.open.set()
        self.login: Answer | None = None
        self.logins = 0
        self.others = 0
        """How many other credentials there are to try."""

    async def prepare(self) -> Answer | None:
        self.logins += 1
        return self.login

    async def refused(self) -> bool:
        return self.rotated()

    def rotated(self) -> bool:
        self.others -= 1
        return self.others >= 0

    @property
    def under_way(self) -> int:
        return len(self.arrived) - len(self.answered)

    async def send(self, action: Action, known: Callable[[], Iterable[MessageText]] = tuple) -> Answer:
        del known  # this chat quotes nothing
        self.arrived.append(action)
        self.peak = max(self.peak, self.under_way)
        await self.open.wait()
        self.answered.append(action)
        return self.answer(action)

    def lines(self) -> list[int]:
        """Give the line that asked for each call, in the order of calls."""
        return [action.origin.line for action in self.arrived]


class FreeRate:
    """A rate that gives leave at once unless its gate is shut, and remembers what it was told."""

    def __init__(self) -> None:
        self.priorities: list[int] = []
        self.slowed = 0
        self.pauses: list[float] = []
        self.waiting = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def at_once(self) -> Leave | None:
        """Give nothing: who asks has to wait, and be it for no time."""

    async def acquire(self, priority: int = 0) -> Leave:
        self.priorities.append(priority)
        self.waiting += 1
        try:
            await self.gate.wait()
        finally:
            self.waiting -= 1
        return Leave(time.monotonic)

    def slow_down(self) -> None:
        self.slowed += 1

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def in_turn(*answers: Answer, then: Answer = OK) -> Callable[[Action], Answer]:
    """Answer with each of `answers`, one call each, and with `then` from there on."""
    left = list(answers)
    return lambda _: left.pop(0) if left else then


def texts(count: int) -> Iterable[str]:
    return (f"text {number}" for number in range(count))


async def until(look: Callable[[], object], what: str) -> None:
    """Return once `look` gives something true; fail with `what` was waited for."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + LONGEST
    while not look():
        assert loop.time() < ends, f"not within {LONGEST:g} s: {what}"
        await asyncio.wait([loop.create_future()], timeout=0.002)
