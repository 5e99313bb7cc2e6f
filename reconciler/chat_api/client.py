"""The client: one action, one HTTP exchange, one answer; and who we are to the service."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from weakref import WeakKeyDictionary

import httpx

from reconciler.chat_api.authenticator import Authenticator, KeyAuthenticator, Logins, Presented
from reconciler.chat_api.credentials import ApiKey, Credential, OwnSession, UserToken
from reconciler.chat_api.exchange import Exchange
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.request import request_for
from reconciler.chat_api.response import read_answer
from reconciler.chat_api.secret_file import Notice
from reconciler.chat_api.session import SessionAuthenticator
from reconciler.chat_api.session_endpoint import SessionEndpoint
from reconciler.chat_api.session_request import SESSION_PATH
from reconciler.chat_api.transport import Proxy, open_transport, trusted
from reconciler.chat_api.url import ApiUrl
from reconciler.chat_api.user_token import TokenAuthenticator
from reconciler.core.action import Action, UpdateMessage
from reconciler.core.message import UserId
from reconciler.core.message_text import MessageText
from reconciler.core.outcome import Answer, Unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatApiOptions:
    """Where and as whom to call. `timeout` is of one whole exchange, in seconds.

    A third of `timeout` may pass until there is a connection. `ca_file` replaces the public
    certificate authorities. A `proxy` is never asked for what is on this machine.
    """

    url: ApiUrl
    credential: Credential
    connections: int = 16
    timeout: float = 30.0
    ca_file: Path | None = None
    proxy: Proxy | None = None


def _say_nothing(_level: int, _words: str) -> None:
    """Drop a notice."""


class ChatApi:
    """The chat service. `send` is one exchange: no retry, no redirect, no rate limit.

    Call `prepare` before it. Where a call was answered 401, ask `refused` in the task that made the
    call: it tells whether that call is worth a replay.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, exchange: Exchange, who: Authenticator) -> None:
        self._transport = transport
        self._exchange = exchange
        self._who = who
        self._presented: WeakKeyDictionary[asyncio.Task[object], Presented] = WeakKeyDictionary()

    @classmethod
    async def open(
        cls,
        options: ChatApiOptions,
        *,
        writes: bool,
        limiter: Limiter | None = None,
        clock: Callable[[], float] = time.time,
        notice: Notice = _say_nothing,
    ) -> Self:
        """Open a client; nothing is sent yet. Without `writes` it can log in and change nothing.

        A login, and the question whose a token is, take their leave from `limiter`, which all but an
        API key therefore need. `clock` gives unix time in seconds. `notice` is told of secret files
        that changed or cannot be used, and of logins that failed.

        Raises TrustError where `ca_file` cannot be used, ValueError where the limiter is missing.
        """
        if limiter is None and not isinstance(options.credential, ApiKey):
            msg = "a session or a token needs the limiter: logging in, and asking whose it is, are calls too"
            raise ValueError(msg)
        logs_in = isinstance(options.credential, OwnSession)
        transport = open_transport(
            options.url,
            connections=options.connections,
            trust=trusted(options.ca_file, secure=options.url.secure),
            writes=writes,
            login=options.url.join(SESSION_PATH) if logs_in else None,
            proxy=None if options.url.loopback else options.proxy,
        )
        exchange = Exchange(options.url, transport, options.timeout)
        return cls(transport, exchange, authenticator(options.credential, exchange, limiter, clock, notice))

    async def aclose(self) -> None:
        """Give up a login that is under way, and close all connections."""
        await self._who.aclose()
        await self._transport.aclose()

    async def identify(self) -> UserId | Answer | None:
        """Give the one user that calls act as; None where they act for anyone.

        A session of our own logs in for it, where its user is not known; the service is asked whose a
        token is. Then it may be the answer to what failed. Raises CredentialError where that session
        or that token cannot be used.
        """
        return await self._who.identify()

    async def prepare(self) -> Answer | None:
        """Get ready to call: read secret files again that changed, log in where that is needed.

        Gives None, or what the login was answered where it failed; an answer of 2xx is one whose
        session cannot be used. One login is under way at a time, and whoever asks meanwhile gets
        its answer. It is not tried again before the next call of this. To a token, the question
        whose it is stands for the login.
        """
        return await self._who.prepare()

    async def send(self, action: Action, known: Callable[[], Iterable[MessageText]] = tuple) -> Answer:
        """Make an action's PUT once and give what came back. No network trouble is raised.

        `known` gives further texts that the service may quote in its words: those of the message
        that a call only marks. They are cut out.

        Raises WriteRefused without `writes`, WrongActor where the credential is of another user,
        and NoSession before the first login; nothing was sent then.
        """
        request = request_for(action)
        presented = self._who.present(request.actor)
        if (task := asyncio.current_task()) is not None:
            self._presented[task] = presented
        reply = await self._exchange.make(
            request.method,
            request.path,
            headers={"Content-Type": "application/json", **presented.headers},
            content=request.body(),
        )
        if isinstance(reply, Unanswered):
            return reply
        self._who.heard(presented, reply)
        sent = [presented.secret]
        if isinstance(action, UpdateMessage) and action.text is not None:
            sent.append(action.text.reveal())
        if reply.body:
            sent.extend(text.reveal() for text in known())
        return read_answer(reply.status, reply.headers, reply.body, sent=sent)

    async def refused(self) -> bool:
        """Take note that this task's call was answered 401; tell whether a replay is worth it.

        It is where a file holds another secret, or where a session can be made anew. It is not
        where that was just done and refused again; nor where this was asked already.
        """
        task = asyncio.current_task()
        return self._who.refused(None if task is None else self._presented.pop(task, None))

    def rotated(self) -> bool:
        """Tell, once a change, that secret files hold something else than when they were last used.

        Cheap: a look at the state of each file.
        """
        return self._who.rotated()

    def logins(self) -> Logins:
        """Give what came of asking for sessions so far."""
        return self._who.logins()


def authenticator(
    credential: Credential,
    exchange: Exchange,
    limiter: Limiter | None,
    clock: Callable[[], float],
    notice: Notice,
) -> Authenticator:
    """Give what a client asks about its credential; see `ChatApi.open`."""
    if isinstance(credential, ApiKey):
        return KeyAuthenticator(credential, notice)
    assert limiter is not None
    endpoint = SessionEndpoint(exchange, limiter)
    match credential:
        case UserToken():
            return TokenAuthenticator(credential, endpoint=endpoint, notice=notice)
        case OwnSession():
            return SessionAuthenticator(credential, endpoint=endpoint, clock=clock, notice=notice)
