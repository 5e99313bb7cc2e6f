"""Where a path leads once its symlinks are followed, and every name that decides so."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_MOST_LINKS = 40
"""As in Linux, see path_resolution(7)."""


class Destination(NamedTuple):
    """The end of a path.

    `real` is absolute and without symlinks; None where it can't be reached, and `reason` says why.
    `names` are the names that were looked up, each as its real folder and its entry there. All the
    folders exist: whatever would make the path lead elsewhere happens to one of these names.
    """

    real: str | None
    names: tuple[str, ...]
    reason: str = ""


class Links:
    """One reading of a file system's symlinks.

    Each name is looked up once. A link that is swapped meanwhile, such as a ConfigMap's `..data`,
    leads all paths to its old target or all to its new one, never some to each.
    """

    def __init__(self) -> None:
        self._targets: dict[str, str | None] = {}

    def follow(self, path: str, start: str = "/") -> Destination:
        """Follow `path`, which is absolute or relative to the real folder `start`."""
        here = start
        names: list[str] = []
        waiting = _steps(path)
        if path.startswith("/"):
            here = "/"
        links = 0
        while waiting:
            step = waiting.pop()
            if step == "..":
                here = str(Path(here).parent)
                continue
            name = f"{here.rstrip('/')}/{step}"
            names.append(name)
            try:
                target = self._read(name)
            except (OSError, ValueError) as error:
                return Destination(real=None, names=tuple(names), reason=_reason(error))
            if target is None:
                here = name
                continue
            links += 1
            if links > _MOST_LINKS:
                return Destination(real=None, names=tuple(names), reason=os.strerror(errno.ELOOP))
            if target.startswith("/"):
                here = "/"
            waiting.extend(_steps(target))
        return Destination(real=here, names=tuple(names))

    def seen(self) -> dict[str, str]:
        """Give the symlinks that were read and their targets."""
        return {name: target for name, target in self._targets.items() if target is not None}

    def _read(self, name: str) -> str | None:
        """Give the target of a symlink, None for anything else that exists."""
        if name not in self._targets:
            try:
                self._targets[name] = str(Path(name).readlink())
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self._targets[name] = None
        return self._targets[name]


def still_lead(links: Mapping[str, str]) -> bool:
    """Tell whether symlinks still have the targets that were read."""
    try:
        return all(str(Path(name).readlink()) == target for name, target in links.items())
    except OSError:
        return False


def is_folder(path: str) -> bool:
    """Tell whether a path leads to a folder; False also where that can't be found out."""
    return os.path.isdir(path)  # noqa: PTH112  # Path.is_dir raises where it may not look


def may_read(path: str) -> bool:
    """Tell whether the process, with the rights it has now, may read a file or list a folder."""
    return os.access(path, os.R_OK, effective_ids=True)


def _steps(path: str) -> list[str]:
    """Give the names of a path, the first one last."""
    return [step for step in reversed(path.split("/")) if step not in {"", "."}]


def _reason(error: OSError | ValueError) -> str:
    """Give the system's words; a ValueError is a NUL in the path."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
