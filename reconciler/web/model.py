"""What the pages and the API tell, as plain values: `reading.py` makes them, both show them.

Times are aware datetimes, durations seconds, rates calls a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.core.condition import Condition
from reconciler.core.file_report import DialogReport
from reconciler.core.problem import Problem
from reconciler.core.standing import MessageStanding
from reconciler.ledger.history import Result, Told


class TooMany(Exception):  # noqa: N818  # it is a state of ours, and no mistake of anybody's
    """As many of the kind that is named are under way as may be: one more has to ask again later."""


class DialogSort(StrEnum):
    """What dialogs are sorted by; `condition` is the worst first."""

    CONDITION = "condition"
    NAME = "name"
    PENDING = "pending"
    ORIGIN = "origin"


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogQuery:
    """Which dialogs to list. `search` is looked for in names, ids, labels, notes and origins, in any case.

    `labels` are `key=value` or `key`; all must be there. `page` counts from 1.
    """

    search: str = ""
    conditions: frozenset[Condition] = frozenset()
    labels: tuple[str, ...] = ()
    sort: DialogSort = DialogSort.CONDITION
    descending: bool = False
    page: int = 1
    size: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogPage:
    """One page of dialogs. `conditions` counts what is found, whatever conditions were asked for.

    `labels` are the most common `key=value` of all dialogs, to choose from.
    """

    query: DialogQuery
    total: int
    pages: int
    dialogs: tuple[DialogReport, ...]
    conditions: Mapping[Condition, int]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogDetail:
    """One dialog. `standings` are empty where its manifest can't be used or read; `problems` say why.

    `unseen` says in words why they are empty where that is nobody's mistake: the manifest is just
    changing, or who we are is not known yet.
    """

    report: DialogReport
    standings: tuple[MessageStanding, ...]
    problems: tuple[Problem, ...]
    unseen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """Which entries to list, newest first. `dialog` is a name or id.

    Times are those of sending, `until` is exclusive. `before` is the `next` of the page before.
    Requests (approvals, retries) are left out where `results` are asked for. `size` counts calls:
    the requests made between them stand among them.
    """

    dialog: str | None = None
    results: frozenset[Result] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    size: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """One page of entries; `next` asks for the page after it, None where that is all."""

    query: HistoryQuery
    entries: tuple[Told, ...]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemList:
    """Every problem in manifests, by place; `dialogs` are those held by an invalid manifest."""

    problems: tuple[Problem, ...]
    dialogs: tuple[DialogReport, ...] = field(default=())
