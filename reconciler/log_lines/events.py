"""What the log can say: one class an event, whose fields are those of its line. docs/logs.md lists them.

The fields are named as the ledger's columns and the labels of the metrics are. Times are aware,
durations in seconds. A field that is None is left out of the line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

Value = str | int | float | bool | datetime | tuple[str, ...] | None

_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened."""

    @classmethod
    def event(cls) -> str:
        """Give the event's name: that of its class in words."""
        return _WORDS.sub(" ", cls.__name__).lower()

    def pairs(self) -> Iterator[tuple[str, Value]]:
        """Give the fields that have a value, in order."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ((name, value) for name, value in values if value is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """The daemon is about to look at the manifests."""

    version: str
    manifests: tuple[str, ...]
    ledger: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Event):
    """The daemon was told to stop, and has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp(Event):
    """Calls under way took longer than the grace after SIGTERM; they are in doubt."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Event):
    """The daemon can't go on: where, what, and what to do."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownSetting(Event):
    """A variable in the environment names no setting but nearly does."""

    variable: str
    todo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Event):
    """A pass is about to make so many calls for so many dialogs."""

    files: int
    dialogs: int
    calls: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid(Event):
    """A manifest can't be used."""

    origin: str
    what: str
    todo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidAgain(Event):
    """A manifest that could not be used can be."""

    name: str | None
    dialog: str | None
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable(Event):
    """A manifest file can't be read; its dialogs stay as they are."""

    origin: str
    what: str
    todo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadableAgain(Event):
    """A manifest file that could not be read can be."""

    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged(Event):
    """No manifest declares the dialog any more; it is left as it is."""

    name: str | None
    dialog: str | None
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded(Event):
    """A guard holds a plan until a person approves it."""

    guard: str
    plan: str
    dialogs: int
    changes: int
    what: str
    todo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Called(Event):
    """One call, and what came of it."""

    number: int
    action: str
    dialog: str
    name: str
    message: str | None
    actor: int
    fields: tuple[str, ...]
    attempt: int
    result: str
    cause: str | None
    status: int | None
    words: str | None
    request_id: str | None
    origin: str
    sent_at: datetime
    answered_at: datetime
    seconds: float
    retry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported(Event):
    """A pass came to its end."""

    result: str
    applied: int
    deferred: int
    rejected: int
    problems: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling(Event):
    """Files are polled, though that was not asked for."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching(Event):
    """Files are no longer polled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindered(Event):
    """Something stands in the way of acting on all that is declared."""

    by: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhindered(Event):
    """It stands in the way no more."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential(Event):
    """Something happened to the credential: a file changed, a login failed."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug(Event):
    """A mistake in this program: its kind and place; `name` is of the dialog that it holds, if of one."""

    name: str | None = None
    what: str
    todo: str = "please report it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log(Event):
    """What a library says, or a part of this program that has no event of its own."""

    logger: str
    what: str


_ALL: Final[tuple[type[Event], ...]] = (
    *(Started, Stopped, GaveUp, Failed, UnknownSetting, Planned, Invalid, ValidAgain, Unreadable),
    *(ReadableAgain, Unmanaged, Guarded, Called, Reported, Polling, Watching, Hindered, Unhindered),
    *(Credential, Bug, Log),
)

EVENTS: Final[Mapping[str, type[Event]]] = {event.event(): event for event in _ALL}
"""Every event by its name."""
