"""One dialog, part by part: its manifest read now, and planned with what the ledger knows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.core.condition import Condition, HeldReason
from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.guard_note import words_and_command
from reconciler.core.manifest import Manifest
from reconciler.core.message import DialogId
from reconciler.core.plan import DialogPlan, Held, plan_dialog
from reconciler.core.problem import Problem
from reconciler.core.standing import standings
from reconciler.ledger.errors import LedgerDamaged
from reconciler.ledger.reader import LedgerReader
from reconciler.source.directory import Directory, ManifestFile
from reconciler.source.rules import Rules
from reconciler.source.yaml_file import load
from reconciler.web.model import DialogDetail

_CHANGING: Final = "the manifest is being changed, or was just now; it is looked at again in a moment"
_UNKNOWN: Final = "who we are to the chat service is not known yet, and so not who acts here"


def read_detail(
    file: FileReport,
    dialog: DialogReport,
    *,
    source: Directory,
    rules: Rules | None,
    ledger: LedgerReader,
    now: datetime,
) -> DialogDetail:
    """Read the manifest and the ledger, and give how each part stands. Raises LedgerError."""
    if dialog.condition is Condition.INVALID or dialog.dialog is None:
        return DialogDetail(report=dialog, standings=(), problems=problems_of(file, dialog))
    if rules is None:
        return DialogDetail(report=dialog, standings=(), problems=(), unseen=_UNKNOWN)
    manifest = _manifest(file, dialog, source, rules)
    if manifest is None:
        return DialogDetail(report=dialog, standings=(), problems=(), unseen=_CHANGING)
    plan = _plan(manifest, dialog.dialog, ledger, now)
    if HeldReason.GUARDED in dialog.held:
        plan = _hold_guarded(plan, dialog.note)
    return DialogDetail(report=dialog, standings=standings(plan), problems=())


def problems_of(file: FileReport, dialog: DialogReport) -> tuple[Problem, ...]:
    """Give the problems that lie in a dialog's document; all of its file where none does.

    A file that is not clean to its end breaks all its documents.
    """
    here = dialog.origin
    begins = sorted(other.origin for other in file.dialogs)
    after = next((origin for origin in begins if origin > here), None)
    before = tuple(p for p in file.problems if after is None or p.origin < after)
    ours = before if here == begins[0] else tuple(p for p in before if p.origin >= here)
    return ours or file.problems


def _manifest(file: FileReport, dialog: DialogReport, source: Directory, rules: Rules) -> Manifest | None:
    """Give the manifest as the last pass read it; None where the file holds something else by now."""
    data = source.read(ManifestFile(path=dialog.origin.path, location=file.location, content=file.content))
    manifests: Sequence[Manifest] = () if data is None else load(data, dialog.origin.path, rules).manifests
    return next((manifest for manifest in manifests if manifest.origin == dialog.origin), None)


def _plan(manifest: Manifest, dialog: DialogId, ledger: LedgerReader, now: datetime) -> DialogPlan:
    try:
        applied = ledger.applied(dialog)
    except (TypeError, ValueError):
        raise LedgerDamaged(ledger.path) from None
    return plan_dialog(manifest, applied, now)


def _hold_guarded(plan: DialogPlan, note: str) -> DialogPlan:
    """Hold all calls of a dialog, as the last pass did; `note` is what its guards said then."""
    detail = "; ".join(words_and_command(line)[0] for line in note.splitlines())
    guarded = (
        Held(change=change, reason=HeldReason.GUARDED, detail=detail, until=None)
        for action in plan.actions
        for change in action.changes
    )
    return replace(plan, actions=(), held=(*guarded, *plan.held))
