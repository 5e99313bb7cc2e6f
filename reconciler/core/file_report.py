"""How a manifest file and its dialogs stand after a pass: what the ledger keeps of a report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.core.condition import Condition, HeldReason
from reconciler.core.message import DialogId
from reconciler.core.problem import Origin, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogReport:
    """How one dialog stands after a pass.

    `declared` counts texts and marks, one a user; of those `applied` are applied, `pending` are
    to be sent and the rest is held. `note` says in a few words what a person should know; of what
    is guarded, a line for each guard. The names are None only where a broken manifest does not give
    them.
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
    stay, it is not read again. `at` is when this was made; where the clock was set back meanwhile,
    the latest time that it goes by.
    """

    location: str
    content: bytes
    rules: bytes
    settled: bool
    due_at: datetime | None
    dialogs: tuple[DialogReport, ...]
    problems: tuple[Problem, ...] = ()
    at: datetime | None = None


def all_problems(files: Iterable[FileReport], unreadable: Iterable[Problem] = ()) -> tuple[Problem, ...]:
    """Give every problem in manifests by place, each once though it be of two files.

    `unreadable` are those of files that can't be read.
    """
    return tuple(sorted({*unreadable, *(problem for file in files for problem in file.problems)}))


def as_declared(files: Iterable[FileReport]) -> bool:
    """Tell whether all dialogs are as declared or suspended: none is pending, failing, held or invalid."""
    return not any(
        file.problems or any(not _is_settled(dialog.condition) for dialog in file.dialogs) for file in files
    )


def _is_settled(condition: Condition) -> bool:
    return condition is Condition.IN_SYNC or condition is Condition.SUSPENDED
