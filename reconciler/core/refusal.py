"""What guards go by and what they say: the limits, a refusal, and the approval of one. See `guard`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.core.guard_note import guard_note
from reconciler.core.limits import Limits
from reconciler.core.message import DialogId


class Guard(StrEnum):
    """What is guarded against."""

    REWRITES = "rewrites"
    DIALOG_MARKS = "dialog marks"


def bare_command(plan: str) -> str:
    """Give what to type where all settings come from the environment or a file."""
    return f'reconciler approve {plan} --reason "…"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What a pass is guarded by, and the `command` that a person has to type to let a plan id pass."""

    limits: Limits = field(default_factory=Limits)
    command: Callable[[str], str] = bare_command


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person let the changes of one refusal pass. `plan` is its id, `changes` their digests."""

    plan: str
    guard: Guard
    reason: str
    by: str
    at: datetime
    changes: frozenset[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A guard that tripped: what it holds, and the figure that is over the limit.

    `figure` counts texts, of those `known` to the ledger, or dialogs. `replaces` is the latest time
    at which anything was applied that is to be replaced. `plan` is the id of exactly these changes,
    the same whenever and wherever they are planned; `command` is what lets them pass.
    """

    guard: Guard
    plan: str
    command: str
    figure: int
    known: int
    limit: float
    changes: frozenset[bytes]
    dialogs: frozenset[DialogId]
    replaces: datetime | None

    @property
    def words(self) -> str:
        """Say what would happen and what the limit is."""
        match self.guard:
            case Guard.REWRITES:
                share = -(-1000 * self.figure // self.known) / 10  # rounded up, or it may equal the limit
                texts = f"{self.figure:,} of {self.known:,} known texts ({share:g} %)"
                return f"would rewrite {texts}, more than {100 * self.limit:.10g} %"
            case Guard.DIALOG_MARKS:
                dialogs = "dialog" if self.figure == 1 else "dialogs"
                return f"would mark {self.figure:,} whole {dialogs}, more than {self.limit:,.0f}"

    @property
    def note(self) -> str:
        """Say what would happen, and what lets it happen all the same."""
        return guard_note(self.words, self.command)

    def approved(self, *, reason: str, by: str, now: datetime) -> Approval:
        """Give the approval of these changes: later than what they replace, whatever the clock says."""
        at = now if self.replaces is None else max(now, self.replaces + timedelta(milliseconds=1))
        return Approval(plan=self.plan, guard=self.guard, reason=reason, by=by, at=at, changes=self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How much the ledger knows of some dialogs: their texts, and in how many anything was applied."""

    texts: int
    dialogs: int
