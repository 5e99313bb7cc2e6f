"""One manifest file: read it, compare it with the ledger, plan its dialogs; nothing is written."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from reconciler.core.applied import AppliedState
from reconciler.core.guard import GuardedChange, guarded_changes
from reconciler.core.manifest import BrokenManifest, Manifest
from reconciler.core.message import DialogId
from reconciler.core.plan import DialogPlan, plan_dialog
from reconciler.core.problem import Origin, Problem
from reconciler.core.refusal import Approval, Known
from reconciler.ledger.errors import LedgerError
from reconciler.reconcile.bug import bug_words
from reconciler.source.directory import ManifestFile
from reconciler.source.rules import Rules
from reconciler.source.yaml_file import Loaded, load

_PLEASE: Final = "please report it; what it holds stays as it is and is tried again"


class AppliedStates(Protocol):
    """The ledger, as far as plans are made from it."""

    def applied(self, dialog: DialogId) -> AppliedState:
        """Give what the ledger knows of one dialog."""
        ...

    def texts_known(self) -> int:
        """Count the texts that it knows, of all dialogs."""
        ...

    def known_of(self, dialogs: AbstractSet[DialogId]) -> Known:
        """Count what it knows of these dialogs."""
        ...

    def approvals(self) -> tuple[Approval, ...]:
        """Give what people let pass."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the plan of a file depends on beside its own content.

    `rules` is the digest of the settings that it is read under.

    `clashes` are the manifests that claim what others do, by where they stand. The files at the
    locations `edited` have content that nothing was planned by before. The dialogs `under_way` are
    postponed: an earlier pass still sends them.
    """

    ledger: AppliedStates
    rules: bytes
    now: datetime
    clashes: Mapping[Origin, Problem]
    edited: AbstractSet[str] = frozenset()
    under_way: AbstractSet[DialogId] = frozenset()


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


def load_file(data: bytes, path: str, rules: Rules) -> Loaded:
    """Read a file; a bug that it brings out is one of its problems."""
    try:
        return load(data, path, rules)
    except Exception as error:  # noqa: BLE001  # a bug that one file brings out holds that file, and no other
        origin = Origin(path, 1, 1)
        broken = BrokenManifest(name=None, dialog=None, origin=origin)
        return Loaded(manifests=(), broken=(broken,), problems=(_bug(error, origin),))


def _bug(error: Exception, origin: Origin) -> Problem:
    return Problem(origin, f"a bug of this program: {bug_words(error)}", _PLEASE)


def plan_file(file: ManifestFile, loaded: Loaded, context: Context) -> FilePlan:
    """Plan the dialogs of a file that was read; those that clash are broken."""
    origins = (
        *(manifest.origin for manifest in loaded.manifests),
        *(broken.origin for broken in loaded.broken),
    )
    clashes = {origin: context.clashes[origin] for origin in origins if origin in context.clashes}
    bugs = [problem for problem in loaded.problems if problem.todo == _PLEASE]
    plans: list[DialogPlan] = []
    guarded: list[GuardedChange] = []
    aside = [manifest for manifest in loaded.manifests if manifest.origin in clashes]
    for manifest in loaded.manifests:
        if manifest.origin in clashes:
            continue
        try:
            applied = context.ledger.applied(manifest.dialog)
            plan = plan_dialog(manifest, applied, context.now)
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
        rules=context.rules,
        dialogs=tuple(plan for plan in plans if plan.manifest.dialog not in context.under_way),
        postponed=tuple(plan for plan in plans if plan.manifest.dialog in context.under_way),
        broken=(*loaded.broken, *(_set_aside(manifest) for manifest in aside)),
        problems=tuple(dict.fromkeys((*loaded.problems, *clashes.values(), *bugs))),
        bugs=len(bugs),
        conflicting=bool(clashes),
        guarded=tuple(guarded),
        changed_at=file.changed_at if file.location in context.edited else None,
    )


def _set_aside(manifest: Manifest) -> BrokenManifest:
    return BrokenManifest(name=manifest.name, dialog=manifest.dialog, origin=manifest.origin)
