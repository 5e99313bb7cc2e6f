"""How calls show who makes them, and what becomes of that when the service answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.chat_api.credentials import ApiKey
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """What came of asking for sessions so far: how often that was answered 429, and what we have.

    `session_ends_at` is in unix seconds; None where there is no session that the program logged in for.
    """

    throttled: int = 0
    session_ends_at: float | None = None


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

    def logins(self) -> Logins:
        """Give what came of asking for sessions."""
        ...

    async def aclose(self) -> None:
        """End what is under way."""
        ...


class KeyAuthenticator:
    """An API key: it is there, it never ends, and all that can change is its file."""

    def __init__(self, credential: ApiKey, notice: Notice) -> None:
        self._credential = credential
        self._files = SecretFiles([credential.secret], notice)

    async def prepare(self) -> None:
        """Read the file again where it changed."""
        self._files.look()

    async def identify(self) -> None:
        """Give nobody: a key acts for anyone."""

    def present(self, actor: UserId) -> Presented:
        """Give what a call of `actor` shows."""
        headers = self._credential.headers(actor)
        return Presented(headers=headers, secret=self._credential.secret.reveal(), edition=self._files.use())

    def heard(self, presented: Presented, reply: Reply) -> None:
        """Learn nothing: a key does not end."""

    def refused(self, presented: Presented | None) -> bool:
        """Read the file again; tell whether it holds something else than what was refused."""
        return self._files.refused(None if presented is None else presented.edition)

    def rotated(self) -> bool:
        """Tell, once, that the file holds something else than what was last presented."""
        return self._files.rotated()

    def logins(self) -> Logins:
        """Give nothing: a key needs no session."""
        return Logins()

    async def aclose(self) -> None:
        """End nothing: nothing is ever under way."""
