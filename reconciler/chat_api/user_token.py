"""A user's session token: used once the service told whose it is.

It is asked before the first call of all, and again before the first call with another token that
the file holds then: a new one must not act as somebody else than the manifests were read for. An
application's token only reads, so it is not used either.
"""

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from reconciler.chat_api.authenticator import Logins, Presented
from reconciler.chat_api.credentials import UserToken
from reconciler.chat_api.errors import CredentialError, NoSession, WrongActor
from reconciler.chat_api.exchange import Reply
from reconciler.chat_api.misfit import misfit, of_nobody_knows_whom
from reconciler.chat_api.response import read_answer
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.secret_file import Notice, SecretFiles
from reconciler.chat_api.session_answer import read_user
from reconciler.chat_api.session_endpoint import SessionEndpoint
from reconciler.chat_api.single_flight import SingleFlight
from reconciler.core.message import UserId
from reconciler.core.outcome import Answer, Answered, Unanswered, said

_ASK_AGAIN: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
)
"""Refusals that say nothing of whether the service tells; any other one says that it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """A token that may be used, and the editions of the file that it is of."""

    secret: Secret
    editions: tuple[int, ...]


class TokenAuthenticator:
    """Asks whose the token is, and shows it where it is of the right user."""

    def __init__(self, credential: UserToken, *, endpoint: SessionEndpoint, notice: Notice) -> None:
        self._credential = credential
        self._endpoint = endpoint
        self._notice = notice
        self._files = SecretFiles([credential.secret], notice)
        self._asking = SingleFlight(self._ask)
        self._token: _Token | None = None
        self._user = credential.user
        self._misfit: CredentialError | None = None

    async def prepare(self) -> Answer | None:
        """Ask whose the token is, where that is not known of the one that the file holds now."""
        self._files.look()
        if self._token is not None and self._token.editions == self._files.editions:
            return None
        return await self._asking.join()

    async def identify(self) -> UserId | Answer | None:
        """Give the token's user, asking where that was not asked yet.

        Raises CredentialError where the token cannot be used.
        """
        answer = await self.prepare()
        if self._misfit is not None:
            raise self._misfit
        return self._user if answer is None else answer

    def present(self, actor: UserId) -> Presented:
        """Give what a call of `actor` shows. Raises WrongActor, or NoSession before it was asked.

        That is the token that was asked about, also where its file holds another one by now.
        """
        if self._token is None:
            raise NoSession
        if actor != self._user:
            raise WrongActor
        token = self._token.secret.reveal()
        return Presented(headers={"QB-Token": token}, secret=token, edition=self._token.editions)

    def heard(self, presented: Presented, reply: Reply) -> None:
        """Learn nothing: when a token ends cannot be helped."""

    def refused(self, presented: Presented | None) -> bool:
        """Read the file again; tell whether it holds something else than what was refused."""
        return self._files.refused(None if presented is None else presented.edition)

    def rotated(self) -> bool:
        """Tell, once, that the file holds something else than what was last asked about."""
        return self._files.rotated()

    def logins(self) -> Logins:
        """Give how often the question was answered 429; when a token ends is not known."""
        return Logins(throttled=self._endpoint.throttled)

    async def aclose(self) -> None:
        """Give up a question that is under way."""
        await self._asking.aclose()

    async def _ask(self) -> Answer | None:
        """Ask whose the token is; give None where it may be used."""
        answer = await self._asked()
        if answer is not None:
            self._notice(logging.WARNING, str(self._misfit or f"the token is of no use now: {said(answer)}"))
        return answer

    async def _asked(self) -> Answer | None:
        self._misfit = None
        await self._endpoint.leave()
        editions, token = self._files.use(), self._credential.secret.reveal()
        answer = self._judged(await self._endpoint.get(token), token)
        if answer is None:
            self._token = _Token(secret=Secret(token), editions=editions)
        elif isinstance(answer, Answered) and answer.status == HTTPStatus.UNAUTHORIZED:
            self._files.look(refused=self._files.editions == editions)
        return answer

    def _judged(self, reply: Reply | Answer, token: str) -> Answer | None:
        """Give None where the token may be used, or else what keeps it from that."""
        match reply:
            case Unanswered():
                return reply
            case Answered(status=status):
                return self._untold(reply) if _knows_no_such_question(status) else reply
            case Reply(status=status, headers=headers, body=body):
                told = read_user(body)
                if told is None:
                    page = read_answer(status, headers, body, sent=[token]).page
                    words = "an answer without a session in it"
                    return self._untold(Answered(status=status, words=words, page=page))
                return self._told(status, told.user)

    def _told(self, status: int, user: UserId | None) -> Answer | None:
        self._misfit = misfit(self._credential, user, self._user)
        if self._misfit is not None:
            return Answered(status=status, words=str(self._misfit))
        self._user = user
        return None

    def _untold(self, answer: Answered) -> Answer | None:
        """Go by the settings where the service does not tell; a page is of somebody in its place."""
        if answer.page:
            return answer
        if self._credential.user is not None:
            self._notice(
                logging.WARNING,
                f"the chat service does not tell whose the token is: it answered {answer.status}; "
                f"it is taken for that of user {self._credential.user}",
            )
            return None
        self._misfit = of_nobody_knows_whom(answer.status)
        return Answered(status=HTTPStatus.OK, words=str(self._misfit))


def _knows_no_such_question(status: int) -> bool:
    """Tell whether a refusal says that this service does not tell whose a token is."""
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return status == HTTPStatus.NOT_IMPLEMENTED or (refused and status not in _ASK_AGAIN)
