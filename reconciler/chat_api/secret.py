"""Secrets: values that are never shown, and what one may consist of."""

import re
from dataclasses import dataclass
from typing import Final, NoReturn

from reconciler.chat_api.errors import CredentialError

LONGEST: Final = 4096
"""Characters. Session tokens in JWT form have a few hundred; servers refuse headers over 8 KiB."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a secret may consist of; and what to say of one that holds anything else."""

    allowed: re.Pattern[str]
    what: str
    todo: str


TOKEN: Final = Form(
    allowed=re.compile(r"[!-~]+"),
    what="holds a space, a line break, a control character or one outside ASCII",
    todo="put the key or token alone on one line, without quotes or `ApiKey` before it",
)
"""Keys and tokens: what stands in a header, or signs."""

PHRASE: Final = Form(
    allowed=re.compile("[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]+"),
    what="holds a line break, a control character, a byte order mark or what is not UTF-8",
    todo="put it alone on one line, in UTF-8",
)
"""What a person chose: logins and passwords. They go into a body, so spaces and accents may."""


def secret_from_value(value: str, *, setting: str, form: Form = TOKEN) -> Secret:
    """Check a secret that a setting holds. One line break at its end is dropped.

    Raises CredentialError, which names `setting` and shows nothing of the value.
    """
    secret = _LINE_BREAK.sub("", value)
    if not secret:
        raise CredentialError(setting=setting, what="is empty", todo="put the secret there, or unset it")
    if len(secret) > LONGEST:
        raise CredentialError(
            setting=setting,
            what=f"is longer than {LONGEST} characters",
            todo="put the secret there and nothing else",
        )
    if form.allowed.fullmatch(secret) is None:
        raise CredentialError(setting=setting, what=form.what, todo=form.todo)
    return Secret(secret)
