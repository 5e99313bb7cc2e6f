"""Podman, told to work as root or not, with systemd or without, and to leave nothing running."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

SYSTEM_PACKAGES: Final = "podman buildah runc conmon netavark slirp4netns debootstrap"

_CONTAINERS_CONF: Final = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
"""Limits that a container can keep in a virtual machine, and neither systemd nor its journal."""


@dataclass(frozen=True, slots=True)
class Podman:
    """Runs podman's commands."""

    environ: Mapping[str, str]

    def __call__(self, *arguments: object, timeout: float = 90) -> str:
        """Run a command that must succeed; give its stdout."""
        done = self.attempt(*arguments, timeout=timeout)
        assert done.returncode == 0, f"{' '.join(done.args)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def attempt(self, *arguments: object, timeout: float = 90) -> "subprocess.CompletedProcess[str]":
        """Run a command that may fail."""
        command = ["podman", *(str(argument) for argument in arguments)]
        return subprocess.run(
            command, env=dict(self.environ), capture_output=True, text=True, timeout=timeout, check=False
        )

    @contextmanager
    def running(self, *arguments: object) -> Iterator[str]:
        """Run a container in the background for as long as the block lasts; give its id."""
        container = self("run", "--detach", *arguments).strip()
        try:
            yield container
        finally:
            self("rm", "--force", "--time=0", "--volumes", container)


def find_podman(folder: Path) -> Podman:
    """Give the podman of this machine, with a configuration of its own in `folder`."""
    if shutil.which("podman") is None:
        pytest.exit(f"podman is missing; on Debian: apt-get install {SYSTEM_PACKAGES}", returncode=2)
    runtime = 'runtime = "runc"\n' if shutil.which("runc") else ""
    configuration = folder / "containers.conf"
    configuration.write_text(_CONTAINERS_CONF + runtime, encoding="utf-8")
    # Health checks run when a test asks: the timers that podman sets otherwise are systemd's.
    ours = {"CONTAINERS_CONF": str(configuration), "DISABLE_HC_SYSTEMD": "true"}
    return Podman({**os.environ, **ours})
