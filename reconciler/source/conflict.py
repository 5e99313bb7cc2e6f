"""Where manifests claim the same name or the same dialog, in one file or across files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from reconciler.core.message import DialogId
from reconciler.core.problem import Origin, Problem
from reconciler.source.diagnostics import quote
from reconciler.source.yaml_file import Loaded

_MOST_CITED: Final = 3


class Declaration(NamedTuple):
    """What one manifest claims, broken or not; a part is None where it could not be read."""

    name: str | None
    dialog: DialogId | None
    origin: Origin

    def at(self, path: str) -> "Declaration":
        """Give the same with this text as the path: of very many, one for a file is enough."""
        return self._replace(origin=self.origin._replace(path=path))


def declarations(loaded: Loaded) -> Iterator[Declaration]:
    """Give what the manifests of one file claim, broken ones too."""
    for manifest in loaded.manifests:
        yield Declaration(name=manifest.name, dialog=manifest.dialog, origin=manifest.origin)
    for broken in loaded.broken:
        yield Declaration(name=broken.name, dialog=broken.dialog, origin=broken.origin)


def conflicts(declarations: Sequence[Declaration]) -> tuple[Problem, ...]:
    """Give one problem for each declaration that shares its name or its dialog, by place.

    Its origin is the declaration's own; it cites the others. Nothing says which of them is right,
    so none is. `declarations` are all there are; those with the same origin count as one.
    """
    names = _shared((name, origin) for name, _, origin in declarations if name is not None)
    dialogs = _shared((dialog.value, origin) for _, dialog, origin in declarations if dialog is not None)
    shared: dict[Origin, list[str]] = {}
    for name, origins in names.items():
        _cite(shared, f"the name {quote(name)}", origins)
    for dialog_id, origins in dialogs.items():
        _cite(shared, f"dialog {dialog_id}", origins)
    todo = "keep one manifest for each name and each dialog"
    return tuple(Problem(origin, " and ".join(shared[origin]), todo) for origin in sorted(shared))


def _shared(claims: Iterable[tuple[str, Origin]]) -> Mapping[str, set[Origin]]:
    """Give what is claimed at several places. Of very many claims almost none is: those take no set each."""
    first: dict[str, Origin] = {}
    shared: dict[str, set[Origin]] = {}
    for claim, origin in claims:
        if (before := first.setdefault(claim, origin)) != origin:
            shared.setdefault(claim, {before}).add(origin)
    return shared


def _cite(shared: dict[Origin, list[str]], claim: str, origins: set[Origin]) -> None:
    in_order = sorted(origins)
    for origin in in_order:
        others = [other for other in in_order[: _MOST_CITED + 1] if other != origin][:_MOST_CITED]
        more = len(in_order) - 1 - len(others)
        cited = ", ".join(map(str, others)) + (f" and {more} more" if more else "")
        shared.setdefault(origin, []).append(f"{claim} is also declared at {cited}")
