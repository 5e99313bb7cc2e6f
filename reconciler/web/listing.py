"""Dialogs and problems, found and sorted: functions of how each file stands."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from reconciler.core.condition import Condition
from reconciler.core.file_report import DialogReport, FileReport, all_problems
from reconciler.core.problem import Problem
from reconciler.web.model import DialogPage, DialogQuery, DialogSort, ProblemList

_LABELS: Final = 50
"""Labels to choose from, at most."""

_SEVERITY: Final = {condition: place for place, condition in enumerate(Condition)}

_KEYS: Final[dict[DialogSort, Callable[[DialogReport], Any]]] = {
    DialogSort.CONDITION: lambda dialog: _SEVERITY[dialog.condition],
    DialogSort.NAME: lambda dialog: dialog.name or "",
    DialogSort.PENDING: lambda dialog: dialog.pending,
    DialogSort.ORIGIN: lambda dialog: dialog.origin,
}


def list_dialogs(files: Iterable[FileReport], query: DialogQuery) -> DialogPage:
    """Give the page of dialogs that a query asks for; equals are in the order of their names."""
    dialogs = [dialog for file in files for dialog in file.dialogs]
    found, sought = dialogs, query.search.casefold()
    if query.labels or sought:
        found = [dialog for dialog in dialogs if _is_found(dialog, query.labels, sought)]
    asked = [dialog for dialog in found if dialog.condition in (query.conditions or _SEVERITY)]
    asked.sort(key=lambda dialog: (dialog.name or "", dialog.origin))
    asked.sort(key=_KEYS[query.sort], reverse=query.descending)
    conditions = Counter(dialog.condition for dialog in found)
    start = (query.page - 1) * query.size
    return DialogPage(
        query=query,
        total=len(asked),
        pages=max(1, -(-len(asked) // query.size)),
        dialogs=tuple(asked[start : start + query.size]),
        conditions={condition: conditions[condition] for condition in Condition},
        labels=_common_labels(dialogs),
    )


def list_problems(files: Sequence[FileReport], unreadable: Iterable[Problem]) -> ProblemList:
    """Give every problem in manifests, each once, and the dialogs that they hold."""
    dialogs = (dialog for file in files for dialog in file.dialogs)
    invalid = [dialog for dialog in dialogs if dialog.condition is Condition.INVALID]
    return ProblemList(
        problems=all_problems(files, unreadable),
        dialogs=tuple(sorted(invalid, key=lambda dialog: dialog.origin)),
    )


def find(files: Iterable[FileReport], key: str) -> tuple[FileReport, DialogReport] | None:
    """Give the dialog of this id, else the first of this name, and the file that declares it."""
    named: tuple[FileReport, DialogReport] | None = None
    for file in files:
        for dialog in file.dialogs:
            if dialog.dialog is not None and dialog.dialog.value == key:
                return file, dialog
            if named is None and dialog.name == key:
                named = file, dialog
    return named


def _is_found(dialog: DialogReport, labels: Iterable[str], sought: str) -> bool:
    if not all(_has_label(dialog, label) for label in labels):
        return False
    return not sought or any(sought in text.casefold() for text in _texts(dialog))


def _has_label(dialog: DialogReport, label: str) -> bool:
    return label in dialog.labels or any(label == f"{key}={value}" for key, value in dialog.labels.items())


def _texts(dialog: DialogReport) -> Iterator[str]:
    yield dialog.name or ""
    yield "" if dialog.dialog is None else dialog.dialog.value
    yield dialog.note
    yield str(dialog.origin)
    yield from (f"{key}={value}" for key, value in dialog.labels.items())


def _common_labels(dialogs: Iterable[DialogReport]) -> tuple[str, ...]:
    counts = Counter(itertools.chain.from_iterable(dialog.labels.items() for dialog in dialogs))
    return tuple(f"{key}={value}" for (key, value), _ in counts.most_common(_LABELS))
