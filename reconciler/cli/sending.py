"""The sending side put together: settings in, a sender and the ledger it writes out."""

import asyncio
import logging
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from reconciler.chat_api.authenticator import Logins
from reconciler.chat_api.client import ChatApi, ChatApiOptions
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.url import ApiUrl
from reconciler.cli.clock import now
from reconciler.cli.credential import credential, proxy
from reconciler.cli.survey import rules
from reconciler.core.call import Call, Intent
from reconciler.core.message import UserId
from reconciler.core.outcome import Answer
from reconciler.ledger.entry import Entry
from reconciler.ledger.existing import open_reader
from reconciler.ledger.opening import open_ledger
from reconciler.ledger.reader import LedgerReader
from reconciler.log_lines.events import Credential
from reconciler.reconcile.group_commit import GroupCommit
from reconciler.reconcile.sender import Sender
from reconciler.reconcile.turns import Priority, priority_of
from reconciler.render.pace import Flow
from reconciler.settings import Settings, SettingsError
from reconciler.source.rules import Rules

_LOG: Final = logging.getLogger("reconciler.credential")
_LOG.addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What a pass sends and records with. `reader` may be used by one thread, not by the writer's.

    `identify` gives what manifests are read under, or what a login was answered where it failed.
    It raises a Failure where the settings contradict what the login answered. `log_in` gives that
    answer, or None where nothing keeps us from calling; `logins` what came of all logins so far.
    """

    identify: Callable[[], Awaitable[Rules | Answer]]
    log_in: Callable[[], Awaitable[Answer | None]]
    logins: Callable[[], Logins]
    sender: Sender
    limiter: Limiter
    recorder: GroupCommit
    reader: LedgerReader

    @property
    def flow(self) -> Flow:
        """Give how calls flow, for whoever wants to watch."""
        return Flow(
            left=lambda: self.sender.calls_left,
            limit=lambda: self.limiter.present_rate,
            ceiling=self.limiter.ceiling,
        )


@asynccontextmanager
async def sending(
    settings: Settings, environ: Mapping[str, str], *, on_call: Callable[[Call], None]
) -> AsyncIterator[Sending]:
    """Open the ledger, which locks it, and the chat service; close both at the end.

    Raises a Failure where a setting, a credential or the ledger can't be used.
    """
    options = api_options(settings, environ)

    async def identify() -> Rules | Answer:  # no partial: that one's repr shows the environment
        return await _identify(service, settings, environ)

    async with AsyncExitStack() as stack:
        thread = stack.enter_context(ThreadPoolExecutor(1, "ledger"))
        in_thread = partial(asyncio.get_running_loop().run_in_executor, thread)
        ledger = await in_thread(partial(open_ledger, settings.ledger, keep_text=settings.keep_text))
        stack.push_async_callback(in_thread, ledger.close)
        reader = stack.enter_context(open_reader(settings.ledger, LedgerReader))
        limiter = Limiter(settings.rate)
        service = await ChatApi.open(options, writes=True, limiter=limiter, notice=_log)
        stack.push_async_callback(service.aclose)
        recorder = GroupCommit(ledger, thread, spare=lambda entry: limiter.backlog(_priority(entry)))
        sender = Sender(
            service=service,
            rate=limiter,
            recorder=recorder,
            concurrency=settings.concurrency,
            clock=now,
            jitter=random.SystemRandom().random,
            on_call=on_call,
        )
        yield Sending(
            identify=identify,
            log_in=service.prepare,
            logins=service.logins,
            sender=sender,
            limiter=limiter,
            recorder=recorder,
            reader=reader,
        )


def _priority(entry: Entry) -> Priority:
    """Give the priority of the call that waits for an entry to be on record; the last where none does."""
    return priority_of(entry.action) if isinstance(entry, Intent) else Priority.MARK


def stop_signal() -> asyncio.Event:
    """Give an event that SIGTERM and SIGINT set from now on."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def api_options(settings: Settings, environ: Mapping[str, str]) -> ChatApiOptions:
    """Give where and as whom to call. Raises a Failure that names the setting to correct."""
    if settings.api_url is None:
        msg = "RECONCILER_API_URL: is not set; name the chat service, for instance https://api.quickblox.com"
        raise SettingsError(msg)
    return ChatApiOptions(
        url=ApiUrl.parse(settings.api_url),
        credential=credential(settings, environ),
        connections=settings.concurrency,
        timeout=settings.timeout,
        ca_file=settings.ca_file,
        proxy=proxy(settings, environ),
    )


async def log_in(settings: Settings, environ: Mapping[str, str]) -> Rules | Answer:
    """Find out who we are, through a client that can do no more than log in; see `Sending.identify`."""
    options = api_options(settings, environ)
    service = await ChatApi.open(options, writes=False, limiter=Limiter(settings.rate))
    try:
        return await _identify(service, settings, environ)
    finally:
        await service.aclose()


def log_in_alone(settings: Settings, environ: Mapping[str, str]) -> Rules | Answer:
    """Do what `log_in` does, for a command that calls nobody else."""
    return asyncio.run(log_in(settings, environ))


async def _identify(service: ChatApi, settings: Settings, environ: Mapping[str, str]) -> Rules | Answer:
    identity = await service.identify()
    if isinstance(identity, UserId):
        settings = replace(settings, act_as=identity.value)
    return rules(settings, environ) if identity is None or isinstance(identity, UserId) else identity


def _log(level: int, words: str) -> None:
    """Log what happens to the credential; a command without a log says of it what it needs to."""
    _LOG.log(level, Credential(what=words))
