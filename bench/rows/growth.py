"""How time and memory grow, from 10,000 messages to 1,000,000, and those of others."""

from itertools import pairwise
from statistics import median
from typing import Final

from bench.bench import Bench, Row
from bench.peers.octodns import OctoDns
from bench.peers.terraform import Terraform
from bench.result import Check, Curve, Picture, Result
from bench.rows.daemon_rows import restart
from bench.rows.first_plan import first_plan
from bench.rows.nothing_new import plan_nothing_new
from bench.running import Cost

_LINEAR: Final = 1.1
"""How much more than as many times the size a step may take, where growth is linear."""


def _measure(bench: Bench) -> Result:
    sizes = bench.sizes
    times: dict[str, list[tuple[int, float]]] = {}
    memories: dict[str, list[tuple[int, float]]] = {}

    def add(name: str, size: int, time: float, peak: float) -> None:
        times.setdefault(name, []).append((size, time))
        memories.setdefault(name, []).append((size, peak))

    for files in (sizes.small, sizes.medium, sizes.large):
        size = files * sizes.messages
        costs = plan_nothing_new(bench, files, sizes.few)
        add("plan, nothing new", size, _time(costs), median(cost.peak for cost in costs))
        starts = restart(bench, files, sizes.few)
        peak = median(start.peak for start in starts)
        add("restart of the daemon", size, median(start.ready for start in starts), peak)
        cost = first_plan(bench, files)
        add("first plan", size, cost.wall, cost.peak)
    ours = tuple(times)
    if (octodns := OctoDns.find(bench)) is not None:
        for records in sizes.octodns:
            cost = octodns.plan_new(bench, records)
            add("octoDNS: plan, nothing new", records, cost.wall, cost.peak)
    if (terraform := Terraform.find(bench)) is not None:
        for resources in sizes.terraform:
            cost = terraform.plan(bench, resources)
            add("Terraform: plan, nothing new", resources, cost.wall, cost.peak)
        for resources in sizes.terraform_first:
            cost = terraform.first_apply(bench, resources)
            add("Terraform: first apply", resources, cost.wall, cost.peak)
    checks = [
        _check(f"{name}: {what}", dict(grown[name]))
        for what, grown in (("time", times), ("memory", memories))
        for name in ours
    ]
    return Result(
        checks=tuple(checks),
        pictures=(
            Picture(file="bench-time.svg", title="Time", vertical="seconds", curves=_curves(times, ours, 1)),
            Picture(
                file="bench-memory.svg",
                title="Memory at its peak",
                vertical="MB",
                curves=_curves(memories, ours, 1024 * 1024),
            ),
        ),
    )


def _time(costs: tuple[Cost, ...]) -> float:
    return median(cost.wall for cost in costs)


def _check(what: str, grown: dict[int, float]) -> Check:
    """Compare the steepest step with a linear one."""
    steps = [(after / before, to / since) for (since, before), (to, after) in pairwise(sorted(grown.items()))]
    step, size = max(steps, key=lambda each: each[0] / each[1])
    return Check(
        what=what,
        ours=f"{step:.1f} x",
        against=f"{size:g} x the messages",
        ratio=step / size,
        at_most=_LINEAR,
    )


def _curves(
    grown: dict[str, list[tuple[int, float]]], ours: tuple[str, ...], unit: float
) -> tuple[Curve, ...]:
    return tuple(
        Curve(name=name, points=tuple((size, value / unit) for size, value in points), ours=name in ours)
        for name, points in grown.items()
    )


ROW: Final = Row(
    name="growth",
    title="Time and memory from 10,000 messages to 1,000,000",
    how="What the rows above measure, at 10,000, 100,000 and 1,000,000 messages, 100 in a file. Of "
    "each step to ten times the messages the steepest is told; it is linear or better where the "
    f"ratio is at most {_LINEAR}. A message beside a record of octoDNS and a resource of Terraform "
    "(`terraform_data`, which calls nobody).",
    measure=_measure,
)
