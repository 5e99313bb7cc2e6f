"""What the pages load: a style sheet, a script and an icon, from this program and nowhere else."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One static file. `version` tells its content from any other, so it may be kept for ever under it."""

    content: bytes
    media_type: str
    version: str


def _read() -> Mapping[str, Asset]:
    assets = {}
    for file in resources.files("reconciler.web").joinpath("static").iterdir():
        if media_type := _TYPES.get(file.name.rpartition(".")[2]):
            content = file.read_bytes()
            version = hashlib.sha256(content).hexdigest()[:12]
            assets[file.name] = Asset(content=content, media_type=media_type, version=version)
    return assets


ASSETS: Final[Mapping[str, Asset]] = _read()
"""The static files, by name."""


PATHS: Final = frozenset(f"/static/{name}" for name in ASSETS)
"""Where they are served. They hold nothing to hide."""


def asset(name: str) -> str:
    """Give the address of a static file as it is now."""
    return f"/static/{name}?v={ASSETS[name].version}"
