"""The sending side put together: settings in, a sender and the ledger it writes out."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reconciler.chat_api.client import ChatApi, ChatApiOptions
from reconciler.chat_api.credentials import (
    ApiKey,
    Credential,
    Secret,
    UserToken,
    secret_from_file,
    secret_from_value,
)
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.url import ApiUrl
from reconciler.cli.survey import now
from reconciler.core.call import Call
from reconciler.core.message import UserId
from reconciler.ledger.opening import open_ledger, open_reader
from reconciler.ledger.reader import LedgerReader
from reconciler.reconcile.group_commit import GroupCommit
from reconciler.reconcile.sender import Sender
from reconciler.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What a pass sends and records with. `reader` may be used by one thread, not by the writer's."""

    sender: Sender
    limiter: Limiter
    recorder: GroupCommit
    reader: LedgerReader


@asynccontextmanager
async def sending(
    settings: Settings, environ: Mapping[str, str], *, on_call: Callable[[Call], None]
) -> AsyncIterator[Sending]:
    """Open the ledger, which locks it, and the chat service; close both at the end.

    Raises a Failure where a setting, a credential or the ledger can't be used.
    """
    options = api_options(settings, environ)
    async with AsyncExitStack() as stack:
        thread = stack.enter_context(ThreadPoolExecutor(1, "ledger"))
        in_thread = partial(asyncio.get_running_loop().run_in_executor, thread)
        ledger = await in_thread(partial(open_ledger, settings.ledger, keep_text=settings.keep_text))
        stack.push_async_callback(in_thread, ledger.close)
        reader = stack.enter_context(open_reader(settings.ledger))
        service = await ChatApi.open(options, writes=True)
        stack.push_async_callback(service.aclose)
        limiter = Limiter(settings.rate)
        recorder = GroupCommit(ledger, thread)
        sender = Sender(
            service=service,
            rate=limiter,
            recorder=recorder,
            concurrency=settings.concurrency,
            clock=now,
            jitter=random.SystemRandom().random,
            on_call=on_call,
        )
        yield Sending(sender=sender, limiter=limiter, recorder=recorder, reader=reader)


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
        credential=_credential(settings, environ),
        connections=settings.concurrency,
        timeout=settings.timeout,
        ca_file=settings.ca_file,
    )


def _credential(settings: Settings, environ: Mapping[str, str]) -> Credential:
    key = _secret("RECONCILER_API_KEY", settings.api_key_file, environ)
    token = _secret("RECONCILER_TOKEN", settings.token_file, environ)
    match key, token:
        case Secret(), None:
            return ApiKey(key)
        case None, Secret() if settings.act_as is not None:
            return UserToken(token, UserId(settings.act_as))
        case None, Secret():
            msg = "RECONCILER_ACT_AS: is not set; with a token, say which user the token is of"
        case None, None:
            names = ("RECONCILER_API_KEY", "RECONCILER_TOKEN")
            empty = "".join(f": {name} is empty" for name in names if environ.get(name) == "")
            todo = "set RECONCILER_API_KEY_FILE or RECONCILER_TOKEN_FILE, or those without _FILE"
            msg = f"no credential{empty}; {todo}"
        case _:
            msg = "both an API key and a token are set; keep the one to be used"
    raise SettingsError(msg)


def _secret(name: str, path: Path | None, environ: Mapping[str, str]) -> Secret | None:
    value = environ.get(name) or None
    if value is not None and path is not None:
        msg = f"{name} and {name}_FILE are both set; keep one"
        raise SettingsError(msg)
    if value is not None:
        return secret_from_value(value, setting=name)
    return None if path is None else secret_from_file(path, setting=f"{name}_FILE")
