"""Writes the dashboard, for Grafana 11: `make dashboard`, or `python -m deploy.grafana.dashboard`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
    TextBoxVariable,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    Panel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from deploy.grafana import overview, rows

FILE: Final = Path(__file__).with_name("reconciler.json")

_SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")


def dashboard() -> Dashboard:
    """Give the dashboard."""
    board = (
        Dashboard("Reconciler")
        .uid("reconciler")
        .description("Whether chat messages are as declared, what is not and why, and who has to act.")
        .tags(["reconciler", "gitops"])
        .readonly()
        .timezone("browser")
        .time("now-3h", "now")
        .refresh("30s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(_label("job", "Job", "label_values(reconciler_build_info, job)"))
        .with_variable(
            _label("instance", "Daemon", 'label_values(reconciler_build_info{job=~"$job"}, instance)')
        )
        .with_variable(
            TextBoxVariable("docs")
            .label("Repository at")
            .description("Where your copy of the repository can be read, with a slash at the end.")
            .default_value("")
        )
        .link(
            DashboardLink("Runbook")
            .type(DashboardLinkType.LINK)
            .icon("doc")
            .tooltip("docs/runbook.md: what each alert means, and what to do")
            .url("${docs}docs/runbook.md")
            .target_blank(True)  # noqa: FBT003  # the SDK takes it by position, as all its builders do
        )
        .annotation(
            AnnotationQuery()
            .name("Pages")
            .datasource(_SOURCE)
            .enable(True)  # noqa: FBT003  # as above
            .icon_color("red")
            .expr('ALERTS{alertstate="firing", severity="page", alertname=~"Reconciler.+", job=~"$job"}')
        )
    )
    for title, panels in _rows().items():
        board = board.with_row(Row(title))
        for panel in panels:
            board = board.with_panel(panel)
    return board


def _rows() -> Mapping[str, Sequence[Builder[Panel]]]:
    return {
        "Now": (*overview.figures(), *overview.trouble()),
        "What is not as declared, and why": rows.dialogs(),
        "What was sent": rows.calls(),
        "How far behind": rows.backlog(),
        "From edit to chat": rows.changes(),
        "The daemon": rows.daemon(),
        "What to do": (overview.runbook(),),
    }


def document() -> str:
    """Give the dashboard as Grafana reads it: JSON, the same for the same code."""
    built = dashboard().build()
    for number, panel in enumerate(built.panels or [], start=1):
        panel.id_val = number
    return json.dumps(built, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _label(name: str, label: str, query: str) -> QueryVariable:
    """Give a choice among the values of a label; all of them unless somebody chooses."""
    everything = VariableOption(selected=True, text="All", value="$__all")
    return (
        QueryVariable(name)
        .label(label)
        .datasource(_SOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)  # noqa: FBT003  # as above
        .include_all(True)  # noqa: FBT003  # as above
        .current(everything)
    )


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
