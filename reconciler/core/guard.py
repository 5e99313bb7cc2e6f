"""Guards: what would change too much at once goes out only once a person approved it.

Guarded are accidents: a search and replace over all manifests, a generated tree with a wrong
template. So only what is new in a pass counts:

| the change | counts for | but not where |
|---|---|---|
| a text | rewrites | no text of that message is known; it goes back to the one last known |
| a mark of a dialog | dialog marks | the dialog is new; the same assertion was made before |
| either | | it was tried before; a person approved it |

A dialog is new where nothing of it was applied, or only things for the manifest as it is now: then
it is still being brought to its first state.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.core.action import Action
from reconciler.core.applied import AppliedState, AppliedText, DialogMark
from reconciler.core.diff import DialogMarkChange, MarkChange, TextChange, tried
from reconciler.core.manifest import Manifest
from reconciler.core.message import DialogId
from reconciler.core.message_text import TextDigest
from reconciler.core.refusal import Approval, Guard, Guards, Known, Refusal

_FEWEST_KNOWN: Final = 10
"""Where the ledger knows fewer texts, a share of them says nothing."""

_DIGEST: Final = 16
"""Bytes of a change's digest."""

_ID: Final = 12
"""Hex characters of a plan's id: short enough to type, and nobody can choose what it is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedChange:
    """A change that counts for a guard. `replaces` is when what it replaces was applied, if anything was."""

    guard: Guard
    dialog: DialogId
    digest: bytes
    replaces: datetime | None


def guarded_changes(
    actions: Iterable[Action], manifest: Manifest, applied: AppliedState
) -> Iterator[GuardedChange]:
    """Give the changes among a dialog's planned actions that count, by the table above."""
    new = _is_new(manifest, applied)
    for change in (change for action in actions for change in action.changes):
        if tried(change, applied):
            continue
        match change:
            case TextChange(old=AppliedText() as old) if old.digest != change.new.digest():
                yield GuardedChange(
                    guard=Guard.REWRITES,
                    dialog=manifest.dialog,
                    digest=_digest(
                        manifest.dialog, change.message, _hex(old.digest), _hex(change.new.digest())
                    ),
                    replaces=old.at,
                )
            case DialogMarkChange(mark=mark, user=user, requested_at=asked) if not new:
                last = applied.dialog_marks.get(DialogMark(mark, user))
                if last is None or asked not in {None, last.requested_at}:
                    yield GuardedChange(
                        guard=Guard.DIALOG_MARKS,
                        dialog=manifest.dialog,
                        digest=_digest(manifest.dialog, mark, user, asked or ""),
                        replaces=None if last is None else last.at,
                    )
            case TextChange() | MarkChange() | DialogMarkChange():
                pass


def refuse(
    changes: Iterable[GuardedChange], *, guards: Guards, known: int, approvals: Iterable[Approval]
) -> tuple[Refusal, ...]:
    """Give the guards that trip over the changes of a pass, those that were approved left out.

    `known` is how many texts the ledger knows.
    """
    approved = {
        (approval.guard, digest): approval.at
        for approval in sorted(approvals, key=lambda approval: approval.at)
        for digest in approval.changes
    }
    unapproved = [
        change for change in changes if not _passes(change, approved.get((change.guard, change.digest)))
    ]
    found = (_refusal(guard, unapproved, guards, known) for guard in Guard)
    return tuple(refusal for refusal in found if refusal is not None)


def may_refuse(of: Known, *, guards: Guards, known: int) -> bool:
    """Tell whether a guard could trip over changes of dialogs of which no more than this is known.

    `known` is how many texts the ledger knows of all dialogs.
    """
    rewrites = known >= _FEWEST_KNOWN and of.texts / known > guards.limits.rewrites
    return rewrites or of.dialogs > guards.limits.dialog_marks


def _passes(change: GuardedChange, approved_at: datetime | None) -> bool:
    """Tell whether a change was approved, and not done and undone since: an approval serves once."""
    return approved_at is not None and (change.replaces is None or change.replaces < approved_at)


def _refusal(guard: Guard, changes: Iterable[GuardedChange], guards: Guards, known: int) -> Refusal | None:
    ours = [change for change in changes if change.guard is guard]
    dialogs = frozenset(change.dialog for change in ours)
    match guard:
        case Guard.REWRITES:
            figure, limit = len(ours), guards.limits.rewrites
            over = known >= _FEWEST_KNOWN and figure / known > limit
        case Guard.DIALOG_MARKS:
            figure, limit = len(dialogs), guards.limits.dialog_marks
            over = figure > limit
    if not over:
        return None
    digests = frozenset(change.digest for change in ours)
    plan = hashlib.sha256(b"\0".join((guard.encode(), *sorted(digests)))).hexdigest()[:_ID]
    return Refusal(
        guard=guard,
        plan=plan,
        command=guards.command(plan),
        figure=figure,
        known=known,
        limit=limit,
        changes=digests,
        dialogs=dialogs,
        replaces=max((change.replaces for change in ours if change.replaces is not None), default=None),
    )


def _is_new(manifest: Manifest, applied: AppliedState) -> bool:
    known = applied.texts or applied.marks or applied.dialog_marks
    return not known or applied.manifests == {manifest.digest}


def _hex(text: TextDigest) -> str:
    return text.value.hex()


def _digest(dialog: DialogId, *parts: object) -> bytes:
    """Digest what a change is about; of the parts only the last may hold any character."""
    whole = "\0".join(map(str, (dialog, *parts)))
    return hashlib.sha256(whole.encode(errors="surrogatepass")).digest()[:_DIGEST]
