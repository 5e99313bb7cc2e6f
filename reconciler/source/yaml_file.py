"""A file of YAML documents -> manifests, broken manifests, and every problem of the file at once."""

from dataclasses import dataclass

from reconciler.core.manifest import BrokenManifest, Manifest
from reconciler.core.problem import Problem
from reconciler.source.rules import Rules


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
