"""The dashboard: what its code writes, and easy to read for whoever never saw it."""

from itertools import combinations
from typing import Any

from deploy.grafana.dashboard import document
from tests.deploy.rules import DASHBOARD, asked, metrics, panels, selectors


def test_the_file_is_what_the_code_writes() -> None:
    assert DASHBOARD.read_text() == document(), "run `make dashboard` and commit what it wrote"


def test_every_panel_says_what_it_shows() -> None:
    for panel in panels():
        assert panel["title"]
        if panel["type"] == "text":
            continue
        assert panel["description"].endswith("."), panel["title"]
        assert panel["targets"], panel["title"]
        if panel["type"] in {"stat", "timeseries"}:
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        if panel["type"] == "heatmap":
            assert panel["options"]["yAxis"]["unit"], panel["title"]


def test_every_figure_is_of_the_daemons_that_were_chosen() -> None:
    for where, expression in asked().items():
        if where.startswith("variable"):
            continue
        for selector in selectors(expression):
            assert 'job=~"$job"' in selector, where
            assert "instance" in selector or where.startswith("annotation"), where


def test_no_panel_covers_another() -> None:
    for one, other in combinations(panels(), 2):
        assert not _overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels())


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


def test_the_top_of_it_answers_the_questions_that_people_have() -> None:
    top = [panel for panel in panels() if panel["gridPos"]["y"] < 16]
    shown = set().union(*(metrics(target["expr"]) for panel in top for target in panel["targets"]))
    assert shown >= {
        "up",
        "ALERTS",
        "reconciler_dialogs",
        "reconciler_hindered",
        "reconciler_changes_pending",
        "reconciler_api_calls_total",
        "reconciler_calls_drain_seconds",
        "reconciler_last_success_timestamp_seconds",
    }
