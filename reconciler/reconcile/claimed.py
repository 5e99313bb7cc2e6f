"""Which manifests of the files of a pass claim what others do, of those files or of all that are known."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.file_report import FileReport
from reconciler.core.message import DialogId
from reconciler.core.problem import Origin, Problem
from reconciler.source.conflict import Declaration, conflicts
from reconciler.source.directory import ManifestFile

Claimed = Sequence[tuple[ManifestFile, Sequence[Declaration]]]
"""Files, and what their manifests claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is to be known of all files before any of them is planned.

    `files` are to be planned: with those that were as known, and that a clash concerns. `cited` are the
    locations of the latter, also where one could not be read. `dialogs` are those that the files claim,
    `others` the rest of the files. `clashes` are the problems, by where the manifest stands that has it.
    """

    files: tuple[ManifestFile, ...]
    cited: frozenset[str]
    dialogs: frozenset[DialogId]
    clashes: Mapping[Origin, Problem]
    others: Mapping[str, FileReport]


def look_out(
    claimed: Claimed,
    others: Mapping[str, FileReport],
    read: Callable[[Sequence[ManifestFile]], Claimed],
) -> Outlook:
    """Find the clashes of files whose claims were read, with each other and with the `others`.

    `read` reads what more files claim: those of the others that a clash is with.
    """
    clashes = _clashes(claimed, others)
    cited = [
        ManifestFile(path=report.dialogs[0].origin.path, location=at, content=report.content)
        for at, report in (others.items() if clashes else ())
        if any(dialog.origin in clashes for dialog in report.dialogs)
    ]
    if cited and (again := read(cited)):
        claimed = [*claimed, *again]
        found = {file.location for file, _ in again}
        others = {at: report for at, report in others.items() if at not in found}
        clashes = _clashes(claimed, others)
    return Outlook(
        files=tuple(file for file, _ in claimed),
        cited=frozenset(file.location for file in cited),
        dialogs=frozenset(
            claim.dialog for _, claims in claimed for claim in claims if claim.dialog is not None
        ),
        clashes=clashes,
        others=others,
    )


def _clashes(claimed: Claimed, others: Mapping[str, FileReport]) -> Mapping[Origin, Problem]:
    """Give the clashes in which one of the claims has a part; what clashes without is known already."""
    claims = [claim for _, declared in claimed for claim in declared]
    return {problem.origin: problem for problem in conflicts([*claims, *_known(claims, others)])}


def _known(claims: Sequence[Declaration], others: Mapping[str, FileReport]) -> Iterator[Declaration]:
    """Give what the `others` claim of what is claimed."""
    if not others:
        return
    names = {claim.name for claim in claims if claim.name is not None}
    dialogs = {claim.dialog.value for claim in claims if claim.dialog is not None}
    for report in others.values():  # may be many
        for dialog in report.dialogs:
            if dialog.name in names or (dialog.dialog is not None and dialog.dialog.value in dialogs):
                yield Declaration(name=dialog.name, dialog=dialog.dialog, origin=dialog.origin)
