"""What was measured with: the kind of machine and the versions of programs; no name, no path."""

import os
import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from bench.bench import Bench


def machine(bench: Bench) -> Mapping[str, str]:
    """Give what was measured with."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cores = len(os.sched_getaffinity(0))
    told = {
        "machine": f"{cores} cores, {pages / 2**30:.0f} GB of memory, {platform.machine()}",
        "system": f"{_system()}, Linux {'.'.join(platform.release().split('.')[:2])}",
        "Python": platform.python_version(),
        "reconciler": f"{version('reconciler')}, SQLite {sqlite3.sqlite_version}",
        "aiohttp, httpx": ", ".join(map(version, ("aiohttp", "httpx"))),
    }
    return {**told, **dict(_others(bench))}


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _others(bench: Bench) -> Iterator[tuple[str, str]]:
    commands: dict[str, tuple[Path | str | None, str]] = {
        "octoDNS": (bench.peer("octodns-sync"), "--version"),
        "Ansible": (bench.peer("ansible-playbook"), "--version"),
        "curl": (shutil.which("curl") if bench.peers else None, "--version"),
        "Terraform": (shutil.which("terraform") if bench.peers else None, "version"),
    }
    for name, (program, flag) in commands.items():
        yield name, "not here" if program is None else _first_number(program, flag)


def _first_number(program: Path | str, flag: str) -> str:
    """Give the first word that is a version of what a program says of itself."""
    said = subprocess.run([str(program), flag], capture_output=True, text=True, check=False).stdout
    words = (word.strip("v[]()") for word in said.split())
    return next((word for word in words if word[:1].isdigit() and "." in word), "unknown")
