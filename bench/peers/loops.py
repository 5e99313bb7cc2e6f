"""Loops that send PUTs and do nothing else: over aiohttp, httpx, `curl` and Ansible."""

import json
import shutil
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from bench.bench import Bench
from bench.living import Sandbox, sandbox
from bench.manifests import ACTOR, KEY, Tree
from bench.running import ProgramError, run

CONNECTIONS: Final = 16
_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What sending took: seconds, of its processor time, and of the sandbox's."""

    calls: int
    wall: float
    cpu: float
    service_cpu: float


@dataclass(frozen=True, slots=True)
class Loop:
    """One way to send, a script of its own."""

    name: str
    arguments: tuple[str, ...]


AIOHTTP: Final = Loop("bare aiohttp loop", (str(_HERE / "aiohttp_loop.py"),))
RECORDING: Final = Loop("the same with a durable record", (str(_HERE / "recording_loop.py"),))
HTTPX: Final = Loop("bare httpx loop", (str(_HERE / "httpx_loop.py"),))


def loop(bench: Bench, tree: Tree, how: Loop, calls: int) -> Sent:
    """Send some of a tree's PUTs, side by side, to a new sandbox; only the sending counts."""
    with bench.folder() as home, sandbox(home, tree.seed()) as service:
        puts = home / "puts.json"
        puts.write_text(json.dumps(list(islice(tree.puts(), calls))))
        before = service.cpu()
        command: tuple[str | Path, ...] = (
            sys.executable,
            *how.arguments,
            service.url,
            puts,
            str(CONNECTIONS),
            KEY,
            str(ACTOR),
        )
        took = json.loads(run(*command, home=home).said)
        service_cpu = service.cpu() - before
        _expect(service, calls)
        return Sent(calls=calls, wall=took["wall"], cpu=took["cpu"], service_cpu=service_cpu)


def curl(bench: Bench, tree: Tree, calls: int) -> Sent | None:
    """Send some of a tree's PUTs one by one, each by a `curl`; None where it is not there."""
    if bench.peers is None or shutil.which("curl") is None:
        return None
    with bench.folder() as home, sandbox(home, tree.seed()) as service:
        puts = home / "puts.tsv"
        puts.write_text("".join(f"{put.path}\t{put.body}\n" for put in islice(tree.puts(), calls)))
        before = service.cpu()
        cost = run("/bin/sh", _HERE / "curl_loop.sh", service.url, puts, KEY, str(ACTOR), home=home)
        service_cpu = service.cpu() - before
        _expect(service, calls)
        return Sent(calls=calls, wall=cost.wall, cpu=cost.cpu, service_cpu=service_cpu)


def ansible(bench: Bench, tree: Tree, calls: int) -> Sent | None:
    """Send some of a tree's PUTs one by one by `uri`, less the start; None where Ansible is not there."""
    program = bench.peer("ansible-playbook")
    if program is None:
        return None
    with bench.folder() as home, sandbox(home, tree.seed()) as service:
        puts = [{"path": put.path, "body": put.fields} for put in islice(tree.puts(), calls)]
        values = {"url": service.url, "key": KEY, "actor": str(ACTOR)}
        costs = []
        before = service.cpu()
        for part in ([], puts):
            (home / "values.json").write_text(json.dumps({**values, "puts": part}))
            command = (program, "-i", "localhost,", "-e", f"@{home / 'values.json'}", _HERE / "playbook.yml")
            costs.append(run(*command, home=home, environ={"ANSIBLE_NOCOLOR": "1"}, silent=True))
        service_cpu = service.cpu() - before
        _expect(service, calls)
        start, whole = costs
        return Sent(
            calls=calls,
            wall=whole.wall - start.wall,
            cpu=whole.cpu - start.cpu,
            service_cpu=service_cpu,
        )


def _expect(service: Sandbox, calls: int) -> None:
    applied = sum(bool(put["applied"]) for put in service.puts())
    if applied != calls:
        msg = f"{applied} of {calls} PUTs were carried out"
        raise ProgramError(msg)
