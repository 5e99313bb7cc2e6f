"""Where sessions are made, and where one tells whose it is: `/session.json`.

Both are calls like any other: each takes its leave from the limiter. None is repeated here: one
that failed is an answer, and the caller's to pace.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from reconciler.chat_api.exchange import Exchange, Reply
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.response import read_answer
from reconciler.chat_api.session_request import CONTENT_TYPE, SESSION_PATH, SessionRequest
from reconciler.core.outcome import Answer, Unanswered

_FIRST: Final = -1
"""The priority of these calls: before the others, as none can be made without them."""


class SessionEndpoint:
    """One service's sessions. Take `leave` right before each request. `throttled` counts answers 429."""

    def __init__(self, exchange: Exchange, limiter: Limiter) -> None:
        self._exchange = exchange
        self._limiter = limiter
        self.throttled = 0

    async def leave(self) -> None:
        """Wait for the limiter's leave to make one request."""
        await self._limiter.acquire(_FIRST)

    async def create(self, request: SessionRequest) -> Reply | Answer:
        """Log in; give the reply where it is of success, or what was answered instead."""
        reply = await self._exchange.make(
            "POST", SESSION_PATH, headers={"Content-Type": CONTENT_TYPE}, content=request.body()
        )
        return self._sorted(reply, request.secrets)

    async def get(self, token: str) -> Reply | Answer:
        """Ask for the session that a token opens; give the reply, or what was answered instead."""
        reply = await self._exchange.make("GET", SESSION_PATH, headers={"QB-Token": token}, content=b"")
        return self._sorted(reply, [token])

    def _sorted(self, reply: Reply | Unanswered, sent: Iterable[str]) -> Reply | Answer:
        """Tell success from the rest; one that is too fast slows everything down."""
        if isinstance(reply, Unanswered) or HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            return reply
        answer = read_answer(reply.status, reply.headers, reply.body, sent=sent)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            self.throttled += 1
            self._limiter.slow_down()
            self._limiter.pause(answer.retry_after or 0.0)
        return answer
