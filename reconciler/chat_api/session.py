"""A session of our own: made by a login, renewed before it ends, made anew where it is refused.

One login is under way at a time, and whoever needs its session waits for it.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from reconciler.chat_api.authenticator import Logins, Presented
from reconciler.chat_api.credentials import OwnSession
from reconciler.chat_api.errors import CredentialError, NoSession, WrongActor
from reconciler.chat_api.exchange import Reply
from reconciler.chat_api.misfit import misfit
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.secret_file import Notice, SecretFiles
from reconciler.chat_api.session_answer import read_end, read_session
from reconciler.chat_api.session_endpoint import SessionEndpoint
from reconciler.chat_api.session_request import session_request
from reconciler.chat_api.single_flight import SingleFlight
from reconciler.core.message import UserId
from reconciler.core.outcome import Answer, Answered, said

_LIFETIME: Final = 7200.0
"""Seconds that a session lives after its last request, where no reply says when it ends."""

_MARGIN: Final = 300.0
"""Seconds before its end in which a session is renewed; a quarter of its life where that is less."""

_SAID_TO_ANYONE: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS})
"""What is answered, like 5xx, without a look at who asks: it proves no session."""

_NONCES: Final = 2**31


@dataclass(slots=True, kw_only=True)
class _Session:
    """A session, and how long it may be used. Times are in unix seconds."""

    token: Secret
    user: UserId
    ends_at: float
    renew_at: float
    longest_told: float = 0.0
    refused: bool = False
    worth_another: bool = False
    """Where it was refused: whether that was a reason to make another."""

    def lives_on(self, now: float, told: float | None) -> None:
        """Take note that it was alive just now, and until when it is said to live."""
        if told is not None and told > now:
            self.longest_told = max(self.longest_told, told - now)
            self.ends_at = told
        else:
            self.ends_at = now + _LIFETIME
        self.renew_at = self.ends_at - min(_MARGIN, (self.longest_told or _LIFETIME) / 4)


class SessionAuthenticator:
    """Makes sessions and shows the present one. `clock` gives unix time in seconds."""

    def __init__(
        self,
        credential: OwnSession,
        *,
        endpoint: SessionEndpoint,
        clock: Callable[[], float],
        notice: Notice,
    ) -> None:
        self._credential = credential
        self._endpoint = endpoint
        self._clock = clock
        self._notice = notice
        self._files = SecretFiles([credential.auth_secret, credential.password], notice)
        self._tried = self._files.editions
        self._session: _Session | None = None
        self._login = SingleFlight(self._renew)
        self._hope = True
        self._user = credential.user
        self._misfit: CredentialError | None = None

    async def prepare(self) -> Answer | None:
        """Log in where there is no session, it is about to end, or a secret file changed."""
        self._files.look()
        if self._session is not None and not self._is_due(self._session):
            return None
        return await self._login.join()

    async def identify(self) -> UserId | Answer | None:
        """Give the session's user, logging in where nobody knows it yet.

        Raises CredentialError where the login gave a session that cannot be used.
        """
        if self._user is not None:
            return self._user
        answer = await self.prepare()
        if self._misfit is not None:
            raise self._misfit
        return self._user if answer is None else answer

    def present(self, actor: UserId) -> Presented:
        """Give what a call of `actor` shows. Raises WrongActor, or NoSession before the first login.

        A session that was refused is shown until there is another: what the service says to that
        is true, and nothing else would be.
        """
        session = self._session
        if session is None:
            raise NoSession
        if actor != session.user:
            raise WrongActor
        token = session.token.reveal()
        return Presented(headers={"QB-Token": token}, secret=token, edition=session)

    def heard(self, presented: Presented, reply: Reply) -> None:
        """Take note of how long the session lives now, where the reply shows that it does."""
        session, told = presented.edition, read_end(reply.headers)
        assert isinstance(session, _Session)
        known = reply.status < HTTPStatus.INTERNAL_SERVER_ERROR and reply.status not in _SAID_TO_ANYONE
        if known or (told is not None and reply.status != HTTPStatus.UNAUTHORIZED):
            self._hope = True
            session.lives_on(self._clock(), told)

    def refused(self, presented: Presented | None) -> bool:
        """Give the session up; tell whether there is another one, or a reason to make one.

        There is none where a session was refused before, and no other was any good since.
        """
        session = self._session if presented is None else presented.edition
        if session is not self._session:
            return True
        if session is None or (presented is None and session.refused):
            return False
        assert isinstance(session, _Session)
        if not session.refused:
            self._files.look(refused=True)
            session.refused = True
            session.worth_another = self._hope or self._files.editions != self._tried
            self._hope = False
        return session.worth_another

    def rotated(self) -> bool:
        """Tell, once, that a file holds something else than at the last login."""
        return self._files.rotated()

    def logins(self) -> Logins:
        """Give when the session ends; one that was refused is at its end."""
        session = self._session
        ends_at = None if session is None or session.refused else session.ends_at
        return Logins(throttled=self._endpoint.throttled, session_ends_at=ends_at)

    async def aclose(self) -> None:
        """Give up a login that is under way."""
        await self._login.aclose()

    def _is_due(self, session: _Session) -> bool:
        """Tell whether a new session is to be made; another secret is proven at once."""
        return session.refused or self._clock() >= session.renew_at or self._files.editions != self._tried

    async def _renew(self) -> Answer | None:
        """Log in; where that fails, live with the present session as long as it lives."""
        answer = await self._log_in()
        if answer is None:
            return None
        self._notice(logging.WARNING, str(self._misfit or f"the login failed: {said(answer)}"))
        session = self._session
        if session is None or session.refused or self._clock() >= session.ends_at:
            return answer
        session.renew_at = session.ends_at
        return None

    async def _log_in(self) -> Answer | None:
        self._misfit = None
        await self._endpoint.leave()
        self._tried = self._files.use()
        request = session_request(
            self._credential, timestamp=int(self._clock()), nonce=secrets.randbelow(_NONCES)
        )
        reply = await self._endpoint.create(request)
        return self._logged_in(reply) if isinstance(reply, Reply) else reply

    def _logged_in(self, reply: Reply) -> Answer | None:
        """Take the session that a reply holds; give what is to be said where it holds none."""
        made = read_session(reply.body)
        if made is None:
            return Answered(status=reply.status, words="an answer without a session in it", page=True)
        self._misfit = misfit(self._credential, made.user, self._user)
        if self._misfit is not None or made.user is None:
            return Answered(status=reply.status, words=str(self._misfit))
        now = self._clock()
        self._session = _Session(token=made.token, user=made.user, ends_at=now, renew_at=now)
        self._session.lives_on(now, read_end(reply.headers))
        self._user = made.user
        return None
