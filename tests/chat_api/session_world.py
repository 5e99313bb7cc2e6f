"""A chat service in which users log in or have tokens, and a client with a session."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from reconciler.chat_api.client import ChatApi
from reconciler.chat_api.credentials import Credential, OwnSession
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.secret import Secret
from reconciler.core.outcome import Answer
from reconciler.sandbox.options import Assumptions, SandboxOptions
from reconciler.sandbox.request_log import LogEntry
from reconciler.sandbox.sandbox import Sandbox
from reconciler.sandbox.seed import Application, Credentials, Login, Seed, SeedDialog, SeedMessage
from reconciler.sandbox.server import running_sandbox
from tests.chat_api.actions import ALICE, BOB, DIALOG, MESSAGE, update
from tests.chat_api.wire import open_api

AUTH_KEY: Final = "canary-auth-key"
AUTH_SECRET: Final = "canary-auth-secret"
PASSWORD: Final = "canary p w+d&1=%é"

OURS: Final = OwnSession(
    application_id=92,
    auth_key=Secret(AUTH_KEY),
    auth_secret=Secret(AUTH_SECRET),
    login="alice",
    password=Secret(PASSWORD),
)


def alice(password: str = PASSWORD) -> Login:
    return Login(user=ALICE.value, login="alice", email="alice+1@example.org", password=password)


SEED: Final = Seed(
    dialogs=(SeedDialog(id=str(DIALOG), occupants=(ALICE.value, BOB.value)),),
    messages=(SeedMessage(id=str(MESSAGE), dialog=str(DIALOG), sender=ALICE.value, text="Hi"),),
    credentials=Credentials(
        applications=(Application(id=92, auth_key=AUTH_KEY, auth_secret=AUTH_SECRET),),
        logins=(alice(), Login(user=BOB.value, login="bob", password=PASSWORD)),
    ),
)


class Clock:
    """Unix time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True, kw_only=True)
class SessionWorld:
    """The service and the client, on one clock; and what an operator was told."""

    sandbox: Sandbox
    api: ChatApi
    clock: Clock
    limiter: Limiter
    told: list[str] = field(default_factory=list)

    def logins(self) -> tuple[LogEntry, ...]:
        """Give the logins that the service saw."""
        return tuple(entry for entry in self.sandbox.log.entries if entry.method == "POST")

    def questions(self) -> tuple[LogEntry, ...]:
        """Give how often the service was asked whose a token is."""
        return tuple(entry for entry in self.sandbox.log.entries if entry.method == "GET")

    def statuses(self) -> list[tuple[str, int | None]]:
        """Give method and status of each request, in their order."""
        return [(entry.method, entry.status) for entry in self.sandbox.log.entries]

    def tokens(self) -> set[str]:
        """Give the tokens of all sessions that live."""
        return set(self.sandbox.access.sessions)

    async def call(self) -> Answer:
        """Get ready and make one call, as a sender does without its replay."""
        assert await self.api.prepare() is None
        return await self.api.send(update("Hello"))


@asynccontextmanager
async def session_world(
    credential: Credential = OURS,
    *,
    seed: Seed = SEED,
    lifetime: float = 7200.0,
    deadline: float = 30.0,
    writes: bool = True,
    limiter: Limiter | None = None,
) -> AsyncIterator[SessionWorld]:
    clock, limiter = Clock(), limiter or Limiter(None)
    told: list[str] = []
    options = SandboxOptions(seed=seed, clock=clock, assumptions=Assumptions(session_lifetime=lifetime))
    async with (
        running_sandbox(options) as sandbox,
        open_api(
            sandbox.url,
            credential=credential,
            clock=clock,
            limiter=limiter,
            timeout=deadline,
            writes=writes,
            notice=lambda level, words: told.append(f"{logging.getLevelName(level)} {words}"),
        ) as api,
    ):
        yield SessionWorld(sandbox=sandbox, api=api, clock=clock, limiter=limiter, told=told)


def with_password(password: str) -> OwnSession:
    return replace(OURS, password=Secret(password))
