"""Which files a pass looks at: a table of cases."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from reconciler.core.condition import Condition
from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.message import DialogId
from reconciler.core.problem import Origin, Problem
from reconciler.reconcile.agenda import Agenda, agenda, hindrance
from reconciler.source.directory import ManifestFile, Scan
from tests.core.builders import MINUTE, NOW, SECOND

RULES: Final = b"rules"
PAST, FUTURE = NOW - MINUTE, NOW + MINUTE

scanned: Final = partial(Scan, here="/m")
"""Give a scan that was made in the folder `/m`."""


def file(name: str = "a", content: bytes = b"as known") -> ManifestFile:
    return ManifestFile(path=f"m/{name}.yaml", location=f"/m/{name}.yaml", content=content)


def known(
    name: str = "a",
    *,
    settled: bool = True,
    due_at: datetime | None = None,
    condition: Condition = Condition.IN_SYNC,
    pending: int = 0,
    rules: bytes = RULES,
    at: datetime | None = None,
) -> FileReport:
    origin = Origin(f"m/{name}.yaml", 1, 1)
    dialog = DialogReport(name=name, dialog=None, origin=origin, condition=condition, pending=pending)
    return FileReport(
        location=f"/m/{name}.yaml",
        content=b"as known",
        rules=rules,
        settled=settled,
        due_at=due_at,
        dialogs=(dialog,),
        at=at,
    )


def agenda_of(scan: Scan, *reports: FileReport) -> Agenda:
    by_location: Mapping[str, FileReport] = {report.location: report for report in reports}
    return agenda(scan, by_location, RULES, NOW)


def kinds(found: Agenda) -> set[str]:
    return {kind for kind in ("changed", "unsettled", "due", "waiting") if getattr(found, kind)}


@pytest.mark.parametrize(
    ("report", "kind"),
    [
        pytest.param(None, {"changed"}, id="new"),
        pytest.param(known(rules=b"others"), {"changed"}, id="read under other settings"),
        pytest.param(known(settled=False), {"unsettled"}, id="declares what another file does"),
        pytest.param(known(due_at=PAST), {"due"}, id="its time has come"),
        pytest.param(known(due_at=NOW), {"due"}, id="its time is now"),
        pytest.param(known(due_at=FUTURE), set(), id="in sync, due later"),
        pytest.param(known(due_at=NOW + 60 * MINUTE), set(), id="in sync, due much later"),
        pytest.param(
            known(due_at=NOW + 60 * MINUTE, pending=1),
            {"due"},
            id="a wait longer than any: the clock went back",
        ),
        pytest.param(known(due_at=FUTURE, at=PAST), set(), id="reported before, due later"),
        pytest.param(
            known(due_at=FUTURE, at=FUTURE), {"due"}, id="reported later than now: the clock went back"
        ),
        pytest.param(known(due_at=FUTURE, at=NOW + 2 * SECOND), set(), id="it went back by a step"),
        pytest.param(
            known(due_at=FUTURE, at=NOW + 3 * SECOND), {"due"}, id="it went back by more than a step"
        ),
        pytest.param(
            known(due_at=FUTURE, at=FUTURE, settled=False), {"due"}, id="the clock went back, and a conflict"
        ),
        pytest.param(known(at=FUTURE), set(), id="the clock went back, and no time matters"),
        pytest.param(known(due_at=FUTURE, condition=Condition.BACKING_OFF), {"waiting"}, id="backing off"),
        pytest.param(known(condition=Condition.STALLED), {"waiting"}, id="stalled"),
        pytest.param(known(condition=Condition.INVALID), {"waiting"}, id="invalid"),
        pytest.param(known(), set(), id="in sync"),
    ],
)
def test_a_file_is_looked_at_for_at_most_one_reason(report: FileReport | None, kind: set[str]) -> None:
    found = agenda_of(scanned(files=(file(),)), *([report] if report else []))
    assert kinds(found) == kind
    assert found.news == (kind == {"changed"})


def test_other_bytes_are_news() -> None:
    found = agenda_of(scanned(files=(file(content=b"other"),)), known())
    assert kinds(found) == {"changed"}


def test_changed_files_go_first() -> None:
    scan = scanned(files=(file("a"), file("b"), file("c"), file("d")))
    found = agenda_of(
        scan,
        known("a", condition=Condition.STALLED),
        known("b", due_at=PAST),
        known("c", settled=False),
    )
    assert [each.path for each in found.files] == ["m/d.yaml", "m/c.yaml", "m/b.yaml", "m/a.yaml"]


def test_the_next_time_is_the_earliest_of_those_to_come() -> None:
    scan = scanned(files=(file("a"), file("b"), file("c")))
    found = agenda_of(
        scan, known("a", due_at=FUTURE), known("b", due_at=FUTURE + MINUTE), known("c", due_at=PAST)
    )
    assert found.next_due == FUTURE


def test_a_conflict_in_a_file_does_not_keep_its_other_dialogs_from_becoming_due() -> None:
    assert agenda_of(scanned(files=(file(),)), known(settled=False, due_at=PAST)).due
    assert agenda_of(scanned(files=(file(),)), known(settled=False, due_at=FUTURE)).next_due == FUTURE


def test_a_file_that_is_being_recorded_is_news_where_it_changed_and_never_due() -> None:
    report = known(due_at=PAST, pending=1)
    known_of, recording = {report.location: report}, frozenset({report.location})
    assert not agenda(scanned(files=(file(),)), known_of, RULES, NOW, recording=recording).due
    assert agenda(scanned(files=(file(content=b"other"),)), known_of, RULES, NOW, recording=recording).news


def test_dialogs_under_way_make_no_file_due_when_the_clock_went_back_either() -> None:
    report = known(due_at=FUTURE, at=FUTURE)
    [dialog] = report.dialogs
    away, rests = DialogId("0" * 23 + "1"), DialogId("0" * 23 + "2")
    sent = replace(report, dialogs=(replace(dialog, dialog=away, due_at=FUTURE),))
    both = replace(report, dialogs=(*sent.dialogs, replace(dialog, dialog=rests, due_at=FUTURE)))
    for stands, due in ((sent, False), (both, True)):
        known_of, under_way = {report.location: stands}, frozenset({away})
        found = agenda(scanned(files=(file(),)), known_of, RULES, NOW, under_way=under_way)
        assert bool(found.due) == due


UNREADABLE: Final = Problem(Origin("/m/b.yaml", 1, 1), "can't be read", "make it readable")


@pytest.mark.parametrize(
    ("scan", "gone"),
    [
        pytest.param(scanned(files=(file(),)), ("/m/b.yaml",), id="removed"),
        pytest.param(scanned(files=(file(),), complete=False, seen=False), (), id="not all was seen"),
        pytest.param(scanned(files=(), empty=("/m",)), (), id="the folder is empty"),
        pytest.param(scanned(files=(file(),), empty=("/n",)), ("/m/b.yaml",), id="another folder is empty"),
        pytest.param(
            scanned(files=(file(),), missing=("/n",), complete=False), ("/m/b.yaml",), id="another is missing"
        ),
        pytest.param(scanned(files=(file(),), problems=(UNREADABLE,)), (), id="there, and unreadable"),
        pytest.param(scanned(files=(), empty=(".",)), (), id="the folder where it was made is empty"),
    ],
)
def test_a_file_is_gone_only_where_everything_was_seen(scan: Scan, gone: tuple[str, ...]) -> None:
    found = agenda_of(scan, known("a"), known("b"))
    assert found.gone == gone
    assert found.news == bool(gone)


def test_where_files_are_is_known_when_the_working_directory_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = Scan(here=str(tmp_path), files=(file(),), missing=("n",), complete=False)
    away = replace(known("c"), location=f"{tmp_path}/n/c.yaml")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()
    assert agenda_of(scan, known("b"), away).gone == ("/m/b.yaml",)


@pytest.mark.parametrize(
    ("scan", "words"),
    [
        (scanned(files=()), None),
        (scanned(files=(), busy="a checkout is under way"), "a checkout is under way"),
        (scanned(files=(), missing=("m",), complete=False), "m: not there; its dialogs stay as they are"),
        (scanned(files=(), empty=("m",)), "m: no manifests there; its dialogs stay as they are"),
        (scanned(files=(), complete=False), "not all manifests could be seen"),
    ],
)
def test_what_stands_in_the_way_is_said(scan: Scan, words: str | None) -> None:
    said = hindrance(scan)
    assert (said is None) if words is None else (said is not None and said.startswith(words))
