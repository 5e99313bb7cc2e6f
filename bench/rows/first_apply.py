"""The first apply: ours with its durable ledger, beside bare loops that only send."""

from pathlib import Path
from typing import Final

from bench.bench import Bench, Row
from bench.living import Sandbox, sandbox
from bench.manifests import Tree
from bench.peers.loops import AIOHTTP, CONNECTIONS, HTTPX, RECORDING, Loop, Sent, ansible, curl, loop
from bench.result import Figure, Result, against_bound, against_peer, time_of
from bench.running import RECONCILER, ProgramError, run
from bench.words import a_second, share

_OF_AIOHTTP: Final = 0.3
_OF_HTTPX: Final = 3
_OF_ANSIBLE: Final = 200
_PACE: Final = 80
_OVER_IDEAL: Final = 1.02
_PACED_CPU: Final = 0.1
_UNLIMITED: Final = "10000"
"""The greatest rate that can be set: far above what two cores send."""


def _apply(home: Path, tree: Tree, service: Sandbox, rate: str) -> Sent:
    """Apply a tree of which nothing is applied; that every call was the expected one is checked."""
    before = service.cpu()
    cost = run(
        *(RECONCILER, "apply", tree.root, "--ledger", home / "ledger.db", "--api-url", service.url),
        *("--rate", rate, "--concurrency", str(CONNECTIONS)),
        home=home,
    )
    service_cpu = service.cpu() - before
    sent = {(put["path"], tuple(sorted(put["fields"].items()))) for put in service.puts()}
    if sent != {(put.path, tuple(sorted(put.fields.items()))) for put in tree.puts()}:
        msg = "what was sent is not what the manifests declare"
        raise ProgramError(msg)
    counters = service.counters()
    if counters["arrived"] != tree.size:
        msg = f"{counters['arrived']} calls for {tree.size} changes"
        raise ProgramError(msg)
    return Sent(calls=tree.size, wall=cost.wall, cpu=cost.cpu, service_cpu=service_cpu)


def _ours(bench: Bench, tree: Tree) -> Sent:
    with bench.folder() as home, sandbox(home, tree.seed()) as service:
        return _apply(home, tree, service, _UNLIMITED)


def _measure(bench: Bench) -> Result:
    sizes = bench.sizes
    tree = bench.fixtures.tree(sizes.small, sizes.messages)
    ours: list[Sent] = []
    theirs: dict[Loop, list[Sent]] = {AIOHTTP: [], RECORDING: [], HTTPX: []}
    for _ in range(sizes.few):
        ours.append(_ours(bench, tree))
        for each, sent in theirs.items():
            sent.append(loop(bench, tree, each, sizes.httpx_puts if each is HTTPX else tree.size))
    by_curl = curl(bench, tree, sizes.curl_puts)
    by_ansible = ansible(bench, tree, sizes.ansible_puts)
    rate = _rates("reconciler", ours)
    rates = {each: _rates(each.name, sent) for each, sent in theirs.items()}
    slow = [_rates(name, [sent]) for name, sent in (("curl", by_curl), ("Ansible", by_ansible)) if sent]
    ansible_rate = _rates("Ansible", [by_ansible]) if by_ansible else None
    return Result(
        checks=(
            against_peer("calls a second", rate, rates[AIOHTTP], at_least=_OF_AIOHTTP),
            against_peer("calls a second", rate, rates[HTTPX], at_least=_OF_HTTPX),
            against_peer("calls a second", rate, ansible_rate, at_least=_OF_ANSIBLE),
        ),
        figures=(
            rate,
            *rates.values(),
            *slow,
            *_costs("reconciler", ours),
            *(figure for each, sent in theirs.items() for figure in _costs(each.name, sent)),
        ),
        notes=(*_busy_note(theirs[AIOHTTP]), _record_note(rates[AIOHTTP], rates[RECORDING])),
    )


def _rates(name: str, sent: list[Sent]) -> Figure:
    return Figure(what=name, values=tuple(each.calls / each.wall for each in sent), shown=a_second)


def _costs(name: str, sent: list[Sent]) -> tuple[Figure, Figure]:
    return (
        time_of(f"{name}: processor time a call", [each.cpu / each.calls for each in sent]),
        time_of(f"{name}: the sandbox's a call", [each.service_cpu / each.calls for each in sent]),
    )


_BUSY: Final = 0.9


def _busy_note(fastest: list[Sent]) -> tuple[str, ...]:
    busy = max(each.service_cpu / each.wall for each in fastest)
    if busy < _BUSY:
        return ()
    words = (
        f"Beside the bare aiohttp loop the sandbox takes {share(busy)}: that loop waits for it, and could do "
        "more. What a call costs its sender is told by the processor time."
    )
    return (words,)


def _record_note(bare: Figure, recording: Figure) -> str:
    left = recording.middle / bare.middle
    return (
        f"A durable record alone leaves that loop {left:.0%} of its calls a second: two plain rows a call, "
        "before it and after it, in commits that calls share, and nothing else of what is done here."
    )


def _measure_paced(bench: Bench) -> Result:
    files = max(1, bench.sizes.paced // bench.sizes.messages)
    tree = bench.fixtures.tree(files, bench.sizes.messages)
    with bench.folder() as home, sandbox(home, tree.seed()) as service:
        sent = _apply(home, tree, service, str(_PACE))
        times = [put["monotonic"] for put in service.puts()]
    ideal = sent.calls / _PACE
    used = sent.cpu / sent.wall
    took = time_of(f"{sent.calls:,} calls", [sent.wall])
    best = time_of(f"ideal, at {_PACE} a second", [ideal])
    return Result(
        checks=(
            against_peer("time", took, best, at_most=_OVER_IDEAL),
            against_bound("processor time", used, _PACED_CPU, share),
        ),
        figures=(
            took,
            best,
            time_of("from the first call to the last", [max(times) - min(times)]),
            Figure(what="processor time", values=(used,), shown=share),
        ),
    )


FIRST: Final = Row(
    name="first-apply",
    title="First apply of 10,000 changes, no rate limit",
    how=f"`reconciler apply` with a new, durable ledger and {CONNECTIONS} connections, from the start "
    "of its process to its end: reading, planning, sending and recording. Beside it, in turns, "
    "loops that send the same PUTs to the same sandbox over as many connections and do nothing "
    "else; of them only the sending counts, not their start. httpx sends a part of the PUTs. "
    "`curl` and Ansible's `uri` send one after the other, a few; a figure a PUT, Ansible without "
    "its start. The sandbox is one Python process on the same machine, started anew each time.",
    measure=_measure,
)

PACED: Final = Row(
    name="paced-apply",
    title=f"The same at {_PACE} calls a second",
    how=f"`reconciler apply --rate {_PACE}`, from the start of its process to its end, against the "
    "number of calls divided by the rate.",
    measure=_measure_paced,
)
