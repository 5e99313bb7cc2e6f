"""A file's report as rows, and rows as the report they were."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.core.condition import Condition, HeldReason
from reconciler.core.file_report import DialogReport
from reconciler.core.message import DialogId
from reconciler.core.problem import Origin, Problem
from reconciler.ledger.encoding import escape, milliseconds, time_of, unescape, well_formed


def dialog_row(report: DialogReport) -> Mapping[str, Any]:
    """Give the parameters of `add_file_dialog` that say how a dialog stands."""
    return {
        "name": None if report.name is None else well_formed(report.name),
        "dialog": None if report.dialog is None else report.dialog.value,
        **_origin_row(report.origin),
        "condition": report.condition.value,
        "labels": json.dumps(dict(report.labels)),
        "declared": report.declared,
        "applied": report.applied,
        "pending": report.pending,
        "held": json.dumps({reason.value: count for reason, count in report.held.items()}),
        "note": well_formed(report.note),
        "due_at": milliseconds(report.due_at),
    }


def dialog_report(columns: Iterable[Any]) -> DialogReport:
    """Read one row of `file_dialogs`, less its file."""
    (
        name,
        dialog,
        path,
        line,
        column,
        condition,
        labels,
        declared,
        applied,
        pending,
        held,
        note,
        due_at,
    ) = columns
    return DialogReport(
        name=name,
        dialog=None if dialog is None else DialogId(dialog),
        origin=Origin(unescape(path), line, column),
        condition=Condition(condition),
        labels=json.loads(labels),
        declared=declared,
        applied=applied,
        pending=pending,
        held={HeldReason(reason): count for reason, count in json.loads(held).items()},
        note=note,
        due_at=time_of(due_at),
    )


def problem_row(problem: Problem) -> Mapping[str, Any]:
    """Give the parameters of `add_file_problem` that say what is wrong."""
    return {
        **_origin_row(problem.origin),
        "what": well_formed(problem.what),
        "todo": well_formed(problem.todo),
    }


def problem_of(columns: Iterable[Any]) -> Problem:
    """Read one row of `file_problems`, less its file."""
    path, line, column, what, todo = columns
    return Problem(Origin(unescape(path), line, column), what, todo)


def _origin_row(origin: Origin) -> Mapping[str, Any]:
    return {"path": escape(origin.path), "line": origin.line, "column": origin.column}
