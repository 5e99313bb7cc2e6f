"""A file of YAML documents -> manifests, broken manifests, and every problem of the file at once."""

import hashlib
from dataclasses import dataclass
from typing import Final

from reconciler.core.manifest import Acting, BrokenManifest, Manifest
from reconciler.core.problem import Problem

_LOADER_VERSION: Final = 2
"""To be raised with each change after which the same bytes mean another manifest or problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the meaning of a manifest depends on beside its bytes. `max_text` is in characters."""

    acting: Acting
    max_text: int = 10_000

    def fingerprint(self) -> bytes:
        """Give a SHA-256 that differs where the same bytes may load to something else."""
        parts = (_LOADER_VERSION, self.acting.default, self.acting.only, self.max_text)
        return hashlib.sha256("\n".join(str(part) for part in parts).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a file declares. There is a broken manifest where there is a problem, and only there."""

    manifests: tuple[Manifest, ...]
    broken: tuple[BrokenManifest, ...]
    problems: tuple[Problem, ...]
    """In the order of their places; after `MOST_PROBLEMS` one more says that there are others."""


def load(data: bytes, path: str, rules: Rules) -> Loaded:
    """Read a file; whatever is in it, this returns (see `yaml_loading`)."""
    # Only now: a look at files that are as known opens none, and takes less time than this import.
    from reconciler.source.syntax import FastestParser  # noqa: PLC0415  # see above
    from reconciler.source.yaml_loading import load_with  # noqa: PLC0415  # see above

    return load_with(data, path, rules, FastestParser)
