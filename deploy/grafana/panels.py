"""What the dashboard's panels have in common: where they ask, their colours, sizes and units.

Widths are columns of 24, heights rows of 30 pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders.common import (
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.builders.heatmap import HeatmapColorOptions, YAxisConfig
from grafana_foundation_sdk.builders.heatmap import Panel as Heatmap
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.statetimeline import Panel as Timeline
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as Graph
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardRangeMapOptions,
    DashboardSpecialValueMapOptions,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    RangeMap,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

GOOD, WARN, BAD, QUIET, BUSY = "green", "orange", "red", "text", "blue"

_SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")

_NEVER: Final = 1e9
"""Seconds since a time that is not known: a gauge that was never set is of 1970."""

_NOTHING: Final = SpecialValueMap(
    options=DashboardSpecialValueMapOptions(
        match=SpecialValueMatch.NULL_AND_NAN, result=ValueMappingResult(text="none", color=QUIET)
    )
)
"""A share or a quantile of nothing is no number."""


@dataclass(frozen=True, slots=True)
class Query:
    """What to ask, in PromQL, and what to call each series of the answer."""

    expr: str
    legend: str = ""


def chosen(metric: str, *matchers: str, window: str = "") -> str:
    """Give a selector of a metric at the daemons that the dashboard's variables choose."""
    inside = ", ".join((*matchers, 'job=~"$job"', 'instance=~"$instance"'))
    return f"{metric}{{{inside}}}{f'[{window}]' if window else ''}"


def rate(metric: str, *matchers: str) -> str:
    """Give how fast a counter grows, a second."""
    return f"rate({chosen(metric, *matchers, window='$__rate_interval')})"


def quantiles(metric: str) -> tuple[Query, ...]:
    """Give the median and the slow end of a histogram."""
    buckets = f"sum by (le) ({rate(f'{metric}_bucket')})"
    return tuple(
        Query(f"histogram_quantile({share}, {buckets})", name)
        for share, name in ((0.5, "half are faster"), (0.95, "95 %"), (0.99, "99 %"))
    )


def steps(first: str, *others: tuple[float, str]) -> ThresholdsConfig:
    """Give the colours of a figure: `first`, and others from a value on."""
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(None, first), *(Threshold(value, colour) for value, colour in others)])
    )


def words(of: Mapping[str, tuple[str, str]]) -> list[ValueMapping]:
    """Show words, each in a colour, in place of values."""
    results = {value: ValueMappingResult(text=text, color=colour) for value, (text, colour) in of.items()}
    return [ValueMap(options=results)]


def or_never() -> list[ValueMapping]:
    """Show a time since what never happened as such."""
    never = ValueMappingResult(text="never", color=BAD)
    return [RangeMap(options=DashboardRangeMapOptions(from_val=_NEVER, to=None, result=never))]


def stat(
    title: str,
    description: str,
    query: Query,
    *,
    unit: str = "short",
    thresholds: ThresholdsConfig | None = None,
    mappings: list[ValueMapping] | None = None,
    names: bool = False,
    span: int = 4,
) -> Stat:
    """Give one figure; `names` shows the series' name in its place."""
    return (
        Stat()
        .title(title)
        .description(description)
        .datasource(_SOURCE)
        .with_target(_target(query, "A").instant())
        .unit(unit)
        .decimals(0 if unit == "short" else 1)
        .thresholds(thresholds or steps(QUIET))
        .mappings([*(mappings or []), _NOTHING])
        .no_value("none")
        .color_mode(BigValueColorMode.NONE if thresholds is None else BigValueColorMode.BACKGROUND_SOLID)
        .graph_mode(BigValueGraphMode.NONE)
        .text_mode(BigValueTextMode.NAME if names else BigValueTextMode.VALUE)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
        .height(3)
        .span(span)
    )


def graph(
    title: str,
    description: str,
    *queries: Query,
    unit: str = "short",
    stacked: bool = False,
    colours: Mapping[str, str] | None = None,
    span: int = 8,
) -> Graph:
    """Give figures over time; `colours` are of series by name."""
    panel = (
        Graph()
        .title(title)
        .description(description)
        .datasource(_SOURCE)
        .unit(unit)
        .min(0)
        .line_width(1)
        .fill_opacity(25 if stacked else 5)
        .show_points(VisibilityMode.NEVER)
        .stacking(StackingConfig().mode(StackingMode.NORMAL if stacked else StackingMode.NONE))
        .legend(_legend(["lastNotNull", "max"]))
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .height(8)
        .span(span)
    )
    for target in _targets(queries):
        panel = panel.with_target(target)
    for name, colour in (colours or {}).items():
        fixed = {"mode": FieldColorModeId.FIXED, "fixedColor": colour}
        panel = panel.override_by_name(name, [DynamicConfigValue("color", fixed)])
    return panel


def heatmap(title: str, description: str, metric: str, *, span: int = 8) -> Heatmap:
    """Give how many fell into each bucket of a histogram of seconds, over time."""
    query = Query(
        f"sum by (le) (increase({chosen(f'{metric}_bucket', window='$__rate_interval')}))", "{{le}}"
    )
    return (
        Heatmap()
        .title(title)
        .description(description)
        .datasource(_SOURCE)
        .with_target(_target(query, "A").format(PromQueryFormat.HEATMAP))
        .calculate(False)  # noqa: FBT003  # the SDK takes it by position, as all its builders do
        .color(HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64))
        .y_axis(YAxisConfig().unit("s"))
        .show_legend()
        .height(8)
        .span(span)
    )


def timeline(
    title: str,
    description: str,
    *queries: Query,
    states: list[ValueMapping],
    span: int = 24,
) -> Timeline:
    """Give when what was so: one line a series."""
    panel = (
        Timeline()
        .title(title)
        .description(description)
        .datasource(_SOURCE)
        .mappings(states)
        .thresholds(steps(QUIET))
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .show_value(VisibilityMode.NEVER)
        .fill_opacity(80)
        .line_width(0)
        .legend(_legend([]))
        .height(8)
        .span(span)
    )
    for target in _targets(queries):
        panel = panel.with_target(target)
    return panel


def table(
    title: str,
    description: str,
    query: Query,
    *,
    columns: Sequence[tuple[str, str]],
    none: str,
    span: int,
) -> Table:
    """Give the labels of series as a table: which, and what to call them; `none` where there is no series."""
    order = {label: place for place, (label, _) in enumerate(columns)}
    chosen_columns = DataTransformerConfig(
        id_val="filterFieldsByName", options={"include": {"names": list(order)}}
    )
    named = DataTransformerConfig(
        id_val="organize", options={"indexByName": order, "renameByName": dict(columns)}
    )
    return (
        Table()
        .title(title)
        .description(description)
        .datasource(_SOURCE)
        .with_target(_target(query, "A").instant().format(PromQueryFormat.TABLE))
        .with_transformation(chosen_columns)
        .with_transformation(named)
        .no_value(none)
        .height(8)
        .span(span)
    )


def _targets(queries: Sequence[Query]) -> list[Dataquery]:
    return [_target(query, chr(ord("A") + place)) for place, query in enumerate(queries)]


def _target(query: Query, ref: str) -> Dataquery:
    return Dataquery().expr(query.expr).legend_format(query.legend).ref_id(ref).datasource(_SOURCE)


def _legend(calcs: list[str]) -> VizLegendOptions:
    return (
        VizLegendOptions()
        .display_mode(LegendDisplayMode.TABLE if calcs else LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)  # noqa: FBT003  # as above
        .calcs(calcs)
    )
