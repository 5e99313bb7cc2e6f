"""A plan where nothing is new, beside octoDNS and Terraform."""

from typing import Final

from bench.bench import Bench, Row
from bench.peers.octodns import OctoDns
from bench.peers.terraform import Terraform
from bench.result import Figure, Result, against_bound, against_peer, memory_of, time_of
from bench.running import RECONCILER, Cost, run
from bench.words import seconds

_LARGE_SECONDS: Final = 3.0
_TIME_AT_MOST: Final = 1 / 8


def plan_nothing_new(bench: Bench, files: int, repeats: int) -> tuple[Cost, ...]:
    """Plan a tree of which all is applied, so many times; once in a run."""

    def measure() -> tuple[Cost, ...]:
        tree = bench.fixtures.tree(files, bench.sizes.messages)
        ledger = bench.fixtures.applied(tree)
        with bench.folder() as home:
            command = (RECONCILER, "plan", "--exit-code", tree.root, "--ledger", ledger)
            run(*command, home=home)  # once before it counts: files are in memory then
            return tuple(run(*command, home=home) for _ in range(repeats))

    return bench.once(("plan nothing new", files), measure)


def _small(bench: Bench) -> Result:
    tree = bench.fixtures.tree(bench.sizes.small, bench.sizes.messages)
    ledger = bench.fixtures.applied(tree)
    octodns = OctoDns.find(bench)
    ours, one_zone, as_many = list[Cost](), list[Cost](), list[Cost]()
    with bench.folder() as home:
        shapes = {1: one_zone, tree.files: as_many} if octodns else {}
        for zones in shapes:
            OctoDns.write(home / f"zones-{zones}", zones, tree.size)
        for _ in range(bench.sizes.repeats):
            ours.append(run(RECONCILER, "plan", "--exit-code", tree.root, "--ledger", ledger, home=home))
            for zones, costs in shapes.items():
                assert octodns is not None
                costs.append(octodns.plan(home / f"zones-{zones}"))
    time, peak = _figures("reconciler", ours)
    one = _figures("octoDNS, one zone", one_zone) if one_zone else None
    many = _figures(f"octoDNS, {tree.files} zones", as_many) if as_many else None
    quicker = min((one[0], many[0]), key=lambda figure: figure.middle) if one and many else None
    return Result(
        checks=(
            against_peer("time", time, quicker, at_most=_TIME_AT_MOST),
            against_peer("memory", peak, one[1] if one else None, at_most=1),
            against_peer("memory, with as many zones as files", peak, many[1] if many else None, at_most=1),
        ),
        figures=(time, peak, *(one or ()), *(many or ())),
    )


def _figures(name: str, costs: list[Cost]) -> tuple[Figure, Figure]:
    return (
        time_of(f"{name}: time", [cost.wall for cost in costs]),
        memory_of(f"{name}: memory at its peak", [cost.peak for cost in costs]),
    )


def _large(bench: Bench) -> Result:
    costs = plan_nothing_new(bench, bench.sizes.large, bench.sizes.few)
    time, peak = _figures("reconciler", list(costs))
    terraform = Terraform.find(bench)
    theirs: tuple[Figure, ...] = ()
    if terraform is not None:
        resources = bench.sizes.terraform[-1]
        theirs = _figures(f"Terraform, {resources:,} resources", [terraform.plan(bench, resources)])
    return Result(
        checks=(against_bound("time", time.middle, _LARGE_SECONDS, seconds),),
        figures=(time, peak, *theirs),
    )


SMALL: Final = Row(
    name="plan-nothing-new",
    title="Plan of 10,000 messages in 100 files, nothing new",
    how="`reconciler plan` in a new process, in turns with `octodns-sync` without `--doit`, from YAML "
    "to YAML, with as many TXT records of the same length: once in one zone and once in as many "
    "zones as there are files. Time is compared with the quicker of the two.",
    measure=_small,
)

LARGE: Final = Row(
    name="plan-nothing-new-large",
    title="The same with 1,000,000 messages in 10,000 files",
    how="`reconciler plan` in a new process; the files are in the kernel's cache. Beside it, where it "
    "is there, `terraform plan` of `terraform_data` resources that its state knows.",
    measure=_large,
)
