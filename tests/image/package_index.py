"""The package index that this machine's pip is set to use, carried into a build and not into the image."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

_SETTINGS: Final = frozenset(
    {"cert", "extra-index-url", "find-links", "index-url", "no-index", "proxy", "timeout", "trusted-host"}
)

_CERTIFICATES: Final = "/run/index-certificates.pem"


def build_options(folder: Path) -> tuple[str, ...]:
    """Give the options with which a build reaches the index; the pip.conf they name lies in `folder`."""
    settings = _settings()
    volumes = [f"--volume={place}:{place}:ro" for place in sorted(_folders(settings))]
    if "cert" in settings:
        volumes.append(f"--volume={settings['cert']}:{_CERTIFICATES}:ro")
        settings["cert"] = _CERTIFICATES
    configuration = ConfigParser(interpolation=None)
    configuration["global"] = settings
    file = folder / "pip.conf"
    with file.open("w", encoding="utf-8") as stream:
        configuration.write(stream)
    return (f"--secret=id=pip,src={file}", *volumes)


def _settings() -> dict[str, str]:
    """Ask pip, which knows all its files and variables; variables weigh more than files."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    pairs = (line.split("=", 1) for line in sorted(listed, key=lambda line: line.startswith(":env:")))
    settings = {name.rpartition(".")[2]: str(ast.literal_eval(value)) for name, value in pairs}
    return {name: value for name, value in settings.items() if name in _SETTINGS}


def _folders(settings: Mapping[str, str]) -> Iterator[Path]:
    """Give the folders of this machine that hold packages; an index links to files beside itself."""
    for place in settings.get("find-links", "").split():
        if place.startswith(("/", "file:")):
            yield Path(url2pathname(urlsplit(place).path))
    for name in ("index-url", "extra-index-url"):
        for place in settings.get(name, "").split():
            if place.startswith("file:"):
                yield Path(url2pathname(urlsplit(place).path)).parent
