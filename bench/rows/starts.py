"""How long commands take where there is nothing to do."""

import sys
from typing import Final

from bench.bench import Bench, Row
from bench.result import Result, against_peer, time_of
from bench.running import RECONCILER, run

_HELP_AT_MOST: Final = 4
_PLAN_AT_MOST: Final = 8


def _measure(bench: Bench) -> Result:
    tree = bench.fixtures.tree(bench.sizes.ten, bench.sizes.messages)
    known = ("--ledger", str(bench.fixtures.applied(tree)))
    commands = {
        "python -c pass": (sys.executable, "-c", "pass"),
        "reconciler --help": (RECONCILER, "--help"),
        "reconciler status": (RECONCILER, "status", *known),
        "reconciler plan": (RECONCILER, "plan", str(tree.root), *known),
    }
    took: dict[str, list[float]] = {name: [] for name in commands}
    with bench.folder() as home:
        for command in commands.values():
            run(*command, home=home, silent=True)  # once before it counts: files are in memory then
        for _ in range(bench.sizes.starts):
            for name, command in commands.items():
                took[name].append(run(*command, home=home, silent=True).wall)
    bare, shown_help, status, plan = (time_of(name, values) for name, values in took.items())
    return Result(
        checks=(
            against_peer("`reconciler --help`", shown_help, bare, at_most=_HELP_AT_MOST),
            against_peer("`reconciler status`, 10 manifests", status, bare, at_most=_PLAN_AT_MOST),
            against_peer("`reconciler plan`, 10 manifests, nothing new", plan, bare, at_most=_PLAN_AT_MOST),
        ),
        figures=(bare, shown_help, status, plan),
    )


ROW: Final = Row(
    name="starts",
    title="Commands with nothing to do",
    how="A new process each time, in turns with a bare Python of the same environment. The ledger "
    "knows the manifests as applied.",
    measure=_measure,
)
