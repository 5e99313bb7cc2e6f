"""Where two manifests claim the same name or the same dialog, in one file or across files."""

from collections.abc import Hashable, Iterable
from typing import Final, NamedTuple

from reconciler.core.message import DialogId
from reconciler.core.problem import Origin, Problem
from reconciler.source.diagnostics import quote

_MOST_CITED: Final = 3


class Declaration(NamedTuple):
    """What one manifest claims, broken or not; a name is None where it could not be read."""

    name: str | None
    dialog: DialogId | None
    origin: Origin


def conflicts(declarations: Iterable[Declaration]) -> tuple[Problem, ...]:
    """Give one problem for each declaration that shares its name or its dialog, in order of place.

    Its origin is the declaration's own, and it cites the others. All declarations there are must
    be given; two with the same origin count as one.
    """
    by_origin = {declaration.origin: declaration for declaration in declarations}
    names: dict[Hashable, list[Origin]] = {}
    dialogs: dict[Hashable, list[Origin]] = {}
    for origin, declaration in sorted(by_origin.items()):
        ...
