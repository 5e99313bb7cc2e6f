"""Who we are to the chat service: an API key that acts for anyone, or a user's session token.

Source: the vendor's *Update Message* page, "Headers": either `QB-Token`, or `Authorization:
ApiKey ...` with `On-Behalf-Of`. The API key's calls always name the user: without one there is
nobody whose mark could be set.
"""

import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from reconciler.chat_api.errors import CredentialError, WrongActor
from reconciler.core.message import UserId

_LONGEST: Final = 4096
"""Characters. Session tokens in JWT form have a few hundred; servers refuse headers over 8 KiB."""

_SENDABLE: Final = re.compile(r"[!-~]+")
_LINE_BREAK: Final = re.compile(r"\r?\n\Z")


class Secret:
    """A value that is never shown, copied or stored by accident. `reveal()` is for the wire."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        """Show that there is a secret, and nothing of it: not even its length."""
        return "Secret(<hidden>)"

    __str__ = __repr__

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled or copied into something that shows more."""
        msg = "a secret is not pickled or copied"
        raise TypeError(msg)

    def reveal(self) -> str:
        """Give the value itself."""
        return self._value


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The account's key from the vendor's dashboard: never expires, acts for any user."""

    secret: Secret

    def headers(self, actor: UserId) -> dict[str, str]:
        """Give the headers of a call that `actor` makes."""
        return {"Authorization": f"ApiKey {self.secret.reveal()}", "On-Behalf-Of": str(actor)}


@dataclass(frozen=True, slots=True)
class UserToken:
    """A user's session token: acts as `user` only, and dies two hours after its last call."""

    secret: Secret
    user: UserId

    def headers(self, actor: UserId) -> dict[str, str]:
        """Give the headers of a call that `actor` makes. Raises WrongActor for anyone but `user`."""
        if actor != self.user:
            raise WrongActor
        return {"QB-Token": self.secret.reveal()}


Credential = ApiKey | UserToken


def secret_from_value(value: str, *, setting: str) -> Secret:
    """Check a secret that a setting holds. One line break at its end is dropped.

    Raises CredentialError, which names `setting` and shows nothing of the value.
    """
    secret = _LINE_BREAK.sub("", value)
    if not secret:
        raise CredentialError(
            setting=setting, what="is empty", todo="put the key or token there, or unset it"
        )
    if len(secret) > _LONGEST:
        raise CredentialError(
            setting=setting,
            what=f"is longer than {_LONGEST} characters",
            todo="put the key or token there and nothing else",
        )
    if _SENDABLE.fullmatch(secret) is None:
        raise CredentialError(
            setting=setting,
            what="holds a space, a line break, a control character or one outside ASCII",
            todo="put the key or token alone on one line, without quotes or `ApiKey` before it",
        )
    return Secret(secret)


def secret_from_file(path: Path, *, setting: str) -> Secret:
    """Read a secret from the regular file that a setting names.

    Raises CredentialError, which names `setting` but not the path: a person may have put the
    secret itself there.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise CredentialError(
                setting=setting,
                what="does not name a regular file",
                todo="name a file that holds the key or token",
            )
        with path.open("rb") as file:
            content = file.read(_LONGEST + 3)
    except FileNotFoundError:
        raise CredentialError(
            setting=setting,
            what="names a file that does not exist",
            todo="name the file that holds the secret",
        ) from None
    except PermissionError:
        raise CredentialError(
            setting=setting, what="names a file that may not be read", todo="let this process's user read it"
        ) from None
    except (OSError, ValueError):
        raise CredentialError(
            setting=setting, what="names a file that cannot be read", todo="name a readable file"
        ) from None
    return secret_from_value(content.decode("ascii", errors="replace"), setting=setting)
