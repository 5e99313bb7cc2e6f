"""How calls show who makes them, and what becomes of that when the service answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.chat_api.credentials import ApiKey, UserToken
from reconciler.chat_api.exchange import Reply
from reconciler.chat_api.secret_file import Notice, SecretFiles
from reconciler.core.message import UserId
from reconciler.core.outcome import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What one call shows of us: its headers, and the secret in them.

    `edition` tells which key, token or session that was; only the authenticator reads it.
    """

    headers: Mapping[str, str] = field(repr=False)
    secret: str = field(repr=False)
    edition: object = field(repr=False)


class Authenticator(Protocol):
    """What a client asks about its credential. See `ChatApi` for what each means to a caller."""

    async def prepare(self) -> Answer | None:
        """Get ready to call; give what a login was answered where it failed."""
        ...

    async def identify(self) -> UserId | Answer | None:
        """Give the one user that calls act as; None for any."""
        ...

    def present(self, actor: UserId) -> Presented:
        """Give what a call of `actor` shows now. Raises a CallRefused where it must not be made."""
        ...

    def heard(self, presented: Presented, reply: Reply) -> None:
        """Take note of a reply."""
        ...

    def refused(self, presented: Presented | None) -> bool:
        """Take note that what was presented is refused; tell whether there is another to try."""
        ...

    def rotated(self) -> bool:
        """Tell, once, that secret files hold something else than what was last used of them."""
        ...

    async def aclose(self) -> None:
        """End what is under way."""
        ...


class KeyAuthenticator:
    """An API key, or a user's session token: it is there, and all that can change is its file."""

    def __init__(self, credential: ApiKey | UserToken, notice: Notice) -> None:
        self._credential = credential
        self._files = SecretFiles([credential.secret], notice)
        self._presented = self._files.editions

    async def prepare(self) -> None:
        """Read the file again where it changed."""
        self._files.look()

    async def identify(self) -> UserId | None:
        """Give the token's user; None for an API key."""
        match self._credential:
            case ApiKey():
                return None
            case UserToken(user=user):
                return user

    def present(self, actor: UserId) -> Presented:
        """Give what a call of `actor` shows. Raises WrongActor for another than the token's user."""
        headers = self._credential.headers(actor)
        self._presented = self._files.editions
        return Presented(headers=headers, secret=self._credential.secret.reveal(), edition=self._presented)

    def heard(self, presented: Presented, reply: Reply) -> None:
        """Learn nothing: a key does not end, and when a token does cannot be helped."""

    def refused(self, presented: Presented | None) -> bool:
        """Read the file again; tell whether it holds something else than what was refused."""
        refused = self._presented if presented is None else presented.edition
        self._files.look(refused=self._files.editions == refused)
        self._presented = self._files.editions
        return self._files.editions != refused

    def rotated(self) -> bool:
        """Tell, once, that the file holds something else than what was last presented."""
        self._files.look()
        rotated = self._files.editions != self._presented
        self._presented = self._files.editions
        return rotated

    async def aclose(self) -> None:
        """End nothing: nothing is ever under way."""
