"""The seed: the dialogs, messages and credentials that a sandbox starts with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class DialogType(IntEnum):
    """The service's own numbers for the kinds of dialog."""

    PUBLIC = 1
    GROUP = 2
    PRIVATE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedDialog:
    """One dialog. `owner` is the user who made it; the first occupant where it is None."""

    id: str
    occupants: tuple[int, ...] = ()
    type: DialogType = DialogType.GROUP
    name: str = ""
    owner: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedMessage:
    """One message.

    The sender's own id is put into `read` and `delivered` as the service does it. `date_sent` is in
    unix seconds; None is the time at which the message is added. `custom` are the message's own keys,
    shown at its top level.
    """

    id: str
    dialog: str
    sender: int
    text: str | None = field(default=None, repr=False)
    date_sent: int | None = None
    recipient: int = 0
    read: tuple[int, ...] = ()
    delivered: tuple[int, ...] = ()
    attachments: tuple[Mapping[str, object], ...] = ()
    custom: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What an account's application signs new sessions with."""

    id: int
    auth_key: str
    auth_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One user who may create a session, by `login` or by `email`."""

    user: int
    password: str = field(repr=False)
    login: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who the sandbox lets in. `tokens` are user session tokens, each with its user."""

    api_keys: tuple[str, ...] = field(default=(), repr=False)
    tokens: Mapping[str, int] = field(default_factory=dict, repr=False)
    application_tokens: tuple[str, ...] = field(default=(), repr=False)
    applications: tuple[Application, ...] = ()
    logins: tuple[Login, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """All that a sandbox starts with."""

    dialogs: tuple[SeedDialog, ...] = ()
    messages: tuple[SeedMessage, ...] = ()
    credentials: Credentials = field(default_factory=Credentials)
