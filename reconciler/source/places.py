"""Where something may have changed: at some places, or anywhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MOST_PLACES: Final = 64
"""What happens at more places than these is looked for everywhere: it is no edit by hand."""


@dataclass(frozen=True, slots=True)
class Places:
    """Absolute paths without symlinks at which to look again. `paths` is None where that is everywhere."""

    paths: frozenset[str] | None

    def __or__(self, others: "Places") -> "Places":
        """Give the places of both."""
        if self.paths is None or others.paths is None:
            return ANYWHERE
        return places(self.paths | others.paths)


ANYWHERE: Final = Places(None)
NOWHERE: Final = Places(frozenset())


def places(paths: Iterable[str]) -> Places:
    """Give these places, or anywhere where they are too many."""
    found = frozenset(paths)
    return Places(found) if len(found) <= MOST_PLACES else ANYWHERE
