"""The reading half of a pass: manifests and the ledger in, plans out; nothing is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from reconciler.core.applied import AppliedState
from reconciler.core.guard import Approval, GuardedChange, Guards, Refusal, guarded_changes, refuse
from reconciler.core.manifest import BrokenManifest, Manifest
from reconciler.core.message import DialogId
from reconciler.core.plan import DialogPlan, hold_guarded, plan_dialog
from reconciler.core.problem import Origin, Problem
from reconciler.core.report import FileReport
from reconciler.ledger.errors import LedgerError
from reconciler.reconcile.bug import bug_words
from reconciler.source.conflict import Declaration, conflicts
from reconciler.source.directory import Directory, ManifestFile
from reconciler.source.yaml_file import Loaded, Rules, load

_PLEASE: Final = "please report it; what it holds stays as it is and is tried again"


class AppliedStates(Protocol):
    """The ledger, as far as plans are made from it."""

    def applied(self, dialog: DialogId) -> AppliedState:
        """Give what the ledger knows of one dialog."""
        ...

    def texts_known(self) -> int:
        """Count the texts that it knows, of all dialogs."""
        ...

    def approvals(self) -> tuple[Approval, ...]:
        """Give what people let pass."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlan:
    """What to do about the dialogs of one manifest file."""

    file: ManifestFile
    rules: bytes
    dialogs: tuple[DialogPlan, ...]
    broken: tuple[BrokenManifest, ...]
    problems: tuple[Problem, ...]
    bugs: int = 0
    """Mistakes in this program that it brought out; each holds its own manifest."""
    postponed: tuple[DialogPlan, ...] = ()
    """What is not sent yet: calls for these dialogs are still under way."""
    conflicting: bool = False
    """Whether one of its dialogs is declared elsewhere too: then what happens there matters here."""
    guarded: tuple[GuardedChange, ...] = ()
    """What counts for the guards."""
    changed_at: datetime | None = None
    """When the file got its content, where nothing was planned by that before."""

    @property
    def settled(self) -> bool:
        """Tell whether how it stands is a matter of this file alone."""
        return not self.conflicting and not any(
            dialog.refusals for dialog in (*self.dialogs, *self.postponed)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PassPlan:
    """What to do about all files that this pass looks at."""

    started_at: datetime
    files: tuple[FilePlan, ...]
    other_problems: tuple[Problem, ...] = ()
    """Problems of files that were not read this time: as known, or because they can't be read."""
    refusals: tuple[Refusal, ...] = ()
    """Of the guards that tripped over all of it."""

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
    edited: AbstractSet[str] = frozenset(),
    under_way: AbstractSet[DialogId] = frozenset(),
    unusable: Iterable[Problem],
    guards: Guards,
    now: datetime,
    on_file: Callable[[], None] = lambda: None,
) -> PassPlan:
    """Read and plan `files`. A file that changes meanwhile is left to the next pass.

    The files at the locations `edited` have content that nothing was planned by before.

    `others` are the files that are as known, by location. Their dialogs only count where two
    manifests declare the same one; then those files are read again too. The dialogs `under_way`
    are postponed: an earlier pass still sends them. `unusable` are the problems of files that can't be read.
    Once everything is planned, the `guards` hold what is over their limits.
    """
    read = _read(files, source, rules, on_file)
    found = _conflicts(read, others)
    cited = [
        ManifestFile(path=report.dialogs[0].origin.path, location=at, content=report.content)
        for at, report in others.items()
        if not {d.origin for d in report.dialogs}.isdisjoint(found)
    ]
    if again := _read(cited, source, rules, on_file):
        read += again
        others = {at: report for at, report in others.items() if at not in {f.location for f, _ in again}}
        found = _conflicts(read, others)
    fingerprint = rules.fingerprint()
    plan = PassPlan(
        started_at=now,
        files=tuple(
            _plan_file(
                file,
                loaded,
                conflicting=found.values(),
                rules=fingerprint,
                ledger=ledger,
                edited=edited,
                under_way=under_way,
                now=now,
            )
            for file, loaded in read
        ),
        other_problems=(*unusable, *(p for report in others.values() for p in report.problems)),
    )
    return _guard(plan, ledger, guards)


def _guard(plan: PassPlan, ledger: AppliedStates, guards: Guards) -> PassPlan:
    changes = [change for file in plan.files for change in file.guarded]
    if not changes:
        return plan
    known = ledger.texts_known()
    if not refuse(changes, guards=guards, known=known, approvals=()):
        return plan  # most often: then it is of no matter what was ever approved
    refusals = refuse(changes, guards=guards, known=known, approvals=ledger.approvals())
    files = (
        replace(
            file,
            dialogs=tuple(hold_guarded(dialog, refusals) for dialog in file.dialogs),
            postponed=tuple(hold_guarded(dialog, refusals) for dialog in file.postponed),
        )
        for file in plan.files
    )
    return replace(plan, files=tuple(files), refusals=refusals)


def _read(
    files: Iterable[ManifestFile], source: Directory, rules: Rules, on_file: Callable[[], None]
) -> list[tuple[ManifestFile, Loaded]]:
    read = []
    for file in files:
        data = source.read(file)
        if data is not None:
            read.append((file, _load(data, file.path, rules)))
        on_file()
    return read


def _load(data: bytes, path: str, rules: Rules) -> Loaded:
    try:
        return load(data, path, rules)
    except Exception as error:  # noqa: BLE001  # a bug that one file brings out holds that file, and no other
        origin = Origin(path, 1, 1)
        broken = BrokenManifest(name=None, dialog=None, origin=origin)
        return Loaded(manifests=(), broken=(broken,), problems=(_bug(error, origin),))


def _bug(error: Exception, origin: Origin) -> Problem:
    return Problem(origin, f"a bug of this program: {bug_words(error)}", _PLEASE)


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
    edited: AbstractSet[str],
    under_way: AbstractSet[DialogId],
    now: datetime,
) -> FilePlan:
    clashes = {problem.origin: problem for problem in conflicting if problem.origin.path == file.path}
    bugs = [problem for problem in loaded.problems if problem.todo == _PLEASE]
    plans: list[DialogPlan] = []
    guarded: list[GuardedChange] = []
    aside = [manifest for manifest in loaded.manifests if manifest.origin in clashes]
    for manifest in loaded.manifests:
        if manifest.origin in clashes:
            continue
        try:
            applied = ledger.applied(manifest.dialog)
            plan = plan_dialog(manifest, applied, now)
            counted = tuple(guarded_changes(plan.actions, manifest, applied))
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001  # a bug in one dialog's pass holds that dialog, and no other
            aside.append(manifest)
            bugs.append(_bug(error, manifest.origin))
            continue
        plans.append(plan)
        guarded += counted
    return FilePlan(
        file=file,
        rules=rules,
        dialogs=tuple(plan for plan in plans if plan.manifest.dialog not in under_way),
        postponed=tuple(plan for plan in plans if plan.manifest.dialog in under_way),
        broken=(*loaded.broken, *(_set_aside(manifest) for manifest in aside)),
        problems=tuple(dict.fromkeys((*loaded.problems, *clashes.values(), *bugs))),
        bugs=len(bugs),
        conflicting=bool(clashes),
        guarded=tuple(guarded),
        changed_at=file.changed_at if file.location in edited else None,
    )


def _set_aside(manifest: Manifest) -> BrokenManifest:
    return BrokenManifest(name=manifest.name, dialog=manifest.dialog, origin=manifest.origin)
