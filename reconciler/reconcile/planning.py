"""The reading half of a pass: manifests and the ledger in, plans out; nothing is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.core.applied import AppliedState
from reconciler.core.manifest import BrokenManifest, Manifest
from reconciler.core.message import DialogId
from reconciler.core.plan import DialogPlan, plan_dialog
from reconciler.core.problem import Origin, Problem
from reconciler.core.report import FileReport
from reconciler.source.conflict import Declaration, conflicts
from reconciler.source.directory import Directory, ManifestFile
from reconciler.source.yaml_file import Loaded, Rules, load


class AppliedStates(Protocol):
    """Where the applied state of a dialog is looked up."""

    def applied(self, dialog: DialogId) -> AppliedState:
        """Give what the ledger knows of one dialog."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlan:
    """What to do about the dialogs of one manifest file."""

    file: ManifestFile
    rules: bytes
    dialogs: tuple[DialogPlan, ...]
    broken: tuple[BrokenManifest, ...]
    problems: tuple[Problem, ...]
    conflicting: bool = False
    """Whether one of its dialogs is declared elsewhere too: then what happens there matters here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassPlan:
    """What to do about all files that this pass looks at."""

    started_at: datetime
    files: tuple[FilePlan, ...]
    other_problems: tuple[Problem, ...] = ()
    """Problems of files that were not read this time: as known, or because they can't be read."""

    @property
    def dialogs(self) -> tuple[DialogPlan, ...]:
        """Give the plans of all dialogs, in the order of their files."""
        return tuple(dialog for file in self.files for dialog in file.dialogs)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Give all problems that there are, by place."""
        return tuple(sorted({*self.other_problems, *(p for file in self.files for p in file.problems)}))


def plan_files(
    files: Iterable[ManifestFile],
    *,
    source: Directory,
    ledger: AppliedStates,
    rules: Rules,
    others: Mapping[str, FileReport],
    under_way: AbstractSet[str] = frozenset(),
    unusable: Iterable[Problem],
    now: datetime,
    on_file: Callable[[], None] = lambda: None,
) -> PassPlan:
    """Read and plan `files`. A file that changes meanwhile is left to the next pass.

    `others` are the files that are as known, by location. Their dialogs only count where two
    manifests declare the same one; then those files are read again too, but for those at the
    locations `under_way`. `unusable` are the problems of files that can't be read.
    """
    read = _read(files, source, rules, on_file)
    found = _conflicts(read, others)
    cited = [
        ManifestFile(path=report.dialogs[0].origin.path, location=at, content=report.content)
        for at, report in others.items()
        if at not in under_way and not {d.origin for d in report.dialogs}.isdisjoint(found)
    ]
    if again := _read(cited, source, rules, on_file):
        read += again
        others = {at: report for at, report in others.items() if at not in {f.location for f, _ in again}}
        found = _conflicts(read, others)
    fingerprint = rules.fingerprint()
    return PassPlan(
        started_at=now,
        files=tuple(
            _plan_file(file, loaded, conflicting=found.values(), rules=fingerprint, ledger=ledger, now=now)
            for file, loaded in read
        ),
        other_problems=(*unusable, *(p for report in others.values() for p in report.problems)),
    )


def _read(
    files: Iterable[ManifestFile], source: Directory, rules: Rules, on_file: Callable[[], None]
) -> list[tuple[ManifestFile, Loaded]]:
    read = []
    for file in files:
        data = source.read(file)
        if data is not None:
            read.append((file, load(data, file.path, rules)))
        on_file()
    return read


def _conflicts(
    read: Iterable[tuple[ManifestFile, Loaded]], others: Mapping[str, FileReport]
) -> Mapping[Origin, Problem]:
    claims = (claim for _, loaded in read for claim in declarations(loaded))
    return {problem.origin: problem for problem in conflicts([*claims, *_declared_in(others.values())])}


def declarations(loaded: Loaded) -> Iterator[Declaration]:
    """Give what the manifests of one file claim, broken ones too."""
    for manifest in loaded.manifests:
        yield Declaration(name=manifest.name, dialog=manifest.dialog, origin=manifest.origin)
    for broken in loaded.broken:
        yield Declaration(name=broken.name, dialog=broken.dialog, origin=broken.origin)


def _declared_in(files: Iterable[FileReport]) -> Iterator[Declaration]:
    for file in files:
        for dialog in file.dialogs:
            yield Declaration(name=dialog.name, dialog=dialog.dialog, origin=dialog.origin)


def _plan_file(
    file: ManifestFile,
    loaded: Loaded,
    *,
    conflicting: Iterable[Problem],
    rules: bytes,
    ledger: AppliedStates,
    now: datetime,
) -> FilePlan:
    clashes = {problem.origin: problem for problem in conflicting if problem.origin.path == file.path}
    return FilePlan(
        file=file,
        rules=rules,
        dialogs=tuple(
            plan_dialog(manifest, ledger.applied(manifest.dialog), now)
            for manifest in loaded.manifests
            if manifest.origin not in clashes
        ),
        broken=(*loaded.broken, *(_set_aside(m) for m in loaded.manifests if m.origin in clashes)),
        problems=(*loaded.problems, *clashes.values()),
        conflicting=bool(clashes),
    )


def _set_aside(manifest: Manifest) -> BrokenManifest:
    return BrokenManifest(name=manifest.name, dialog=manifest.dialog, origin=manifest.origin)
