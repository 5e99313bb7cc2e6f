"""Building the image: on the base that the Dockerfile pins, or on a stand-in where no registry answers."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

from tests.image.package_index import build_options
from tests.image.podman import SYSTEM_PACKAGES, Podman

ROOT: Final = Path(__file__).parents[2]
IMAGE: Final = "localhost/reconciler:proof"

_STAND_IN: Final = "localhost/reconciler-stand-in:trixie"
_RELEASE: Final = "trixie"
"""Debian 13, which the pinned base is made of too; its Python is 3.13."""

_PACKAGES: Final = "ca-certificates,python3,python3-venv,python3-pip"


def build_image(podman: Podman, base: str, folder: Path) -> None:
    """Build the image on `base`; `folder` takes what the build needs to reach a package index."""
    options = ("--network=host", "--format=docker", f"--build-arg=BASE={base}")
    # What is mounted into a build leaves empty folders behind. Only the first stage needs the index:
    # it is built alone, and the second build finds its layers.
    podman("build", *options, *build_options(folder), "--target=build", ROOT, timeout=1200)
    podman("build", *options, f"--tag={IMAGE}", ROOT, timeout=300)


def find_base(podman: Podman) -> str:
    """Give the pinned base where it can be had, else a stand-in that has been made from Debian's packages."""
    pinned = _pinned_base()
    for have in (("image", "exists", pinned), ("pull", "--quiet", pinned)):
        if podman.attempt(*have, timeout=600).returncode == 0:
            return pinned
    if podman.attempt("image", "exists", _STAND_IN).returncode != 0:
        _make_stand_in(podman, pinned)
    return _STAND_IN


def _pinned_base() -> str:
    found = re.search(r"^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def _make_stand_in(podman: Podman, pinned: str) -> None:
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        pytest.exit(
            f"{pinned} can't be pulled, and a stand-in for it is made by root with debootstrap; "
            f"on Debian: apt-get install {SYSTEM_PACKAGES}",
            returncode=2,
        )
    with tempfile.TemporaryDirectory(prefix="reconciler-stand-in-") as scratch:
        root, archive = Path(scratch, "root"), Path(scratch, "root.tar")
        debootstrap = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _RELEASE, str(root)]
        subprocess.run(debootstrap, check=True, stdout=subprocess.DEVNULL, timeout=1200)
        subprocess.run(["tar", "-C", str(root), "-cf", str(archive), "."], check=True, timeout=300)  # noqa: S607  # wherever it lies
        podman("import", archive, _STAND_IN, timeout=300)
