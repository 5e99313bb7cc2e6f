"""What a pass found and did: one frozen value, of which every rendering is a function."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.core.message import DialogId
from reconciler.core.plan import HeldReason
from reconciler.core.problem import Origin, Problem


class Condition(StrEnum):
    """How one dialog stands; the worst that is true of it, in this order."""

    INVALID = "invalid"
    SUSPENDED = "suspended"
    STALLED = "stalled"
    BACKING_OFF = "backing off"
    PENDING = "pending"
    IN_SYNC = "in sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogReport:
    """How one dialog stands after a pass.

    `declared` counts texts and marks, one a user; of those `applied` are applied, `pending` are
    to be sent and the rest is held. `note` says in a few words what a person should know. The
    names are None only where a broken manifest does not give them.
    """

    name: str | None
    dialog: DialogId | None
    origin: Origin
    condition: Condition
    labels: Mapping[str, str] = field(default_factory=dict)
    declared: int = 0
    applied: int = 0
    pending: int = 0
    held: Mapping[HeldReason, int] = field(default_factory=dict)
    note: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """How one manifest file stands after a pass.

    `location` is the absolute path, links not followed; `content` the SHA-256 of the bytes that
    were read and `rules` that of the settings they were read under. A file is `settled` where
    nothing is left to do before `due_at` (None: before it changes): as long as both digests
    stay, it is not read again.
    """

    location: str
    content: bytes
    rules: bytes
    settled: bool
    due_at: datetime | None
    dialogs: tuple[DialogReport, ...]
    problems: tuple[Problem, ...] = ()
