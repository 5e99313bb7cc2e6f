"""The plan of one dialog: which calls to make, and what is held and why.

Every change stands in exactly one action or exactly one held item:

| the change | and | goes to |
|---|---|---|
| any | the manifest is suspended | held, suspended |
| any | it was rejected, the manifest is the same | held, rejected |
| any | it was deferred, the same value, and its time has not come | held, backing off |
| a text; a mark of a message | the same message, the same user | one update of that message |
| a text | its call carried marks too and was refused as a whole | an update of its own, without those |
| marks of the dialog | the same user | one call for the dialog |
| a mark of a message, be it backing off | a mark of the dialog in the same plan makes it too | that call |
| a mark of a message | a mark of the dialog that would make it is backing off | held with it |
| any of these | a guard trips over one of the dialog | held, guarded |

Updates that carry a text go first, the dialog's own marks last; so a guard holds a dialog whole, or
people would have read what is not there yet. A whole-dialog call is made only where the manifest
asks for it by name: it also reaches messages that nobody declared, so it never stands in for marks
of single messages.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.core.action import Action, MarkDialog, UpdateMessage
from reconciler.core.applied import AppliedState, DialogMark, FailedAttempt, Setback
from reconciler.core.condition import HeldReason
from reconciler.core.diff import (
    Change,
    DialogMarkChange,
    MarkChange,
    TextChange,
    diff,
    next_assertion,
    tried,
)
from reconciler.core.manifest import Manifest
from reconciler.core.message import MessageId, UserId
from reconciler.core.refusal import Refusal
from reconciler.core.waits import LONGEST_WAIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A change that is not acted on now; `until` is None where only a person can free it."""

    change: Change
    reason: HeldReason
    detail: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogPlan:
    """What to do about one dialog, complete: the sender makes no choices."""

    manifest: Manifest
    actions: tuple[Action, ...]
    held: tuple[Held, ...]
    next_assertion: datetime | None = None
    """When a mark of the dialog that is not due now becomes due."""
    suspended: bool = False
    refusals: tuple[Refusal, ...] = ()
    """Of the guards that hold this dialog."""


def hold_guarded(plan: DialogPlan, refusals: Iterable[Refusal]) -> DialogPlan:
    """Give the plan of a dialog with all its calls held, where one of `refusals` is about it."""
    ours = tuple(refusal for refusal in refusals if plan.manifest.dialog in refusal.dialogs)
    if not ours:
        return plan
    detail = "; ".join(refusal.words for refusal in ours)
    guarded = (
        Held(change=change, reason=HeldReason.GUARDED, detail=detail, until=None)
        for action in plan.actions
        for change in action.changes
    )
    return replace(plan, actions=(), held=(*guarded, *plan.held), refusals=ours)


def plan_dialog(manifest: Manifest, applied: AppliedState, now: datetime) -> DialogPlan:
    """Give the fewest calls that bring the dialog to its manifest, by the table above."""
    changes = diff(manifest, applied, now)
    if manifest.suspend is not None and now < manifest.suspend.until:
        suspend = manifest.suspend
        held = tuple(
            Held(change=change, reason=HeldReason.SUSPENDED, detail=suspend.reason, until=suspend.until)
            for change in changes
        )
        return DialogPlan(manifest=manifest, actions=(), held=held, suspended=True)
    ready, held = _hold_failed(changes, manifest, applied, now)
    covered, held_with_dialog, single = _cover(ready, held)
    actions: tuple[Action, ...] = (
        *_updates(manifest, applied, single),
        *_dialog_calls(manifest, applied, ready, covered),
    )
    return DialogPlan(
        manifest=manifest,
        actions=actions,
        held=(*held, *held_with_dialog),
        next_assertion=next_assertion(manifest, applied, now),
    )


def _hold_failed(
    changes: Sequence[Change], manifest: Manifest, applied: AppliedState, now: datetime
) -> tuple[list[Change], tuple[Held, ...]]:
    if not applied.failed:
        return list(changes), ()
    reasons = {
        change.key: reason
        for change in changes
        if change.key in applied.failed and (reason := _why_held(change, manifest, applied, now))
    }
    asserted = _asserted(change for change in changes if change.key not in reasons)
    ready: list[Change] = []
    held: list[Held] = []
    for change in changes:
        reason = reasons.get(change.key)
        made_anyway = isinstance(change, MarkChange) and (change.mark, change.user) in asserted
        if reason is None or (reason is HeldReason.BACKING_OFF and made_anyway):
            ready.append(change)
        else:
            failed = applied.failed[change.key]
            until = failed.retry_at if reason is HeldReason.BACKING_OFF else None
            held.append(Held(change=change, reason=reason, detail=_detail(failed), until=until))
    return ready, tuple(held)


def _why_held(change: Change, manifest: Manifest, applied: AppliedState, now: datetime) -> HeldReason | None:
    failed = applied.failed[change.key]
    match failed.setback:
        case Setback.REJECTED:
            return HeldReason.REJECTED if failed.manifest == manifest.digest else None
        case Setback.DEFERRED:
            early = failed.retry_at is not None and now < failed.retry_at <= now + LONGEST_WAIT
            return HeldReason.BACKING_OFF if early and tried(change, applied) else None


def _detail(failed: FailedAttempt) -> str:
    status = "" if failed.status is None else f"{failed.status} "
    return f"{status}{failed.words}".strip()


def _asserted(ready: Iterable[Change]) -> frozenset[DialogMark]:
    return frozenset(DialogMark(c.mark, c.user) for c in ready if isinstance(c, DialogMarkChange))


def _cover(
    ready: Iterable[Change], held: Iterable[Held]
) -> tuple[dict[UserId, list[MarkChange]], tuple[Held, ...], list[TextChange | MarkChange]]:
    """Split what is ready: made by a call for the dialog, waiting with one, or on its own."""
    ready = tuple(ready)
    asserted = _asserted(ready)
    waiting = {
        DialogMark(h.change.mark, h.change.user): h
        for h in held
        if isinstance(h.change, DialogMarkChange) and h.reason is HeldReason.BACKING_OFF
    }
    covered: dict[UserId, list[MarkChange]] = {}
    held_with_dialog: list[Held] = []
    single: list[TextChange | MarkChange] = []
    for change in ready:
        match change:
            case MarkChange(mark=mark, user=user) if (mark, user) in asserted:
                covered.setdefault(user, []).append(change)
            case MarkChange(mark=mark, user=user) if waits_with := waiting.get(DialogMark(mark, user)):
                held_with_dialog.append(
                    Held(
                        change=change,
                        reason=waits_with.reason,
                        detail=waits_with.detail,
                        until=waits_with.until,
                    )
                )
            case TextChange() | MarkChange():
                single.append(change)
            case DialogMarkChange():
                pass
    return covered, tuple(held_with_dialog), single


def _updates(
    manifest: Manifest, applied: AppliedState, changes: Iterable[TextChange | MarkChange]
) -> list[UpdateMessage]:
    """Group by message and user; `changes` has texts first, so groups with a text come first."""
    groups: dict[tuple[MessageId, UserId, bool], list[TextChange | MarkChange]] = {}
    for change in changes:
        actor = change.actor if isinstance(change, TextChange) else change.user
        groups.setdefault((change.message, actor, _goes_alone(change, applied)), []).append(change)
    return [
        UpdateMessage(
            dialog=manifest.dialog,
            message=message,
            actor=actor,
            changes=tuple(group),
            attempt=_attempt(applied, group),
        )
        for (message, actor, _), group in groups.items()
    ]


def _goes_alone(change: Change, applied: AppliedState) -> bool:
    failed = tried(change, applied)
    return isinstance(change, TextChange) and failed is not None and failed.alone


def _dialog_calls(
    manifest: Manifest,
    applied: AppliedState,
    ready: Iterable[Change],
    covered: dict[UserId, list[MarkChange]],
) -> list[MarkDialog]:
    groups: dict[UserId, list[DialogMarkChange]] = {}
    for change in ready:
        if isinstance(change, DialogMarkChange):
            groups.setdefault(change.user, []).append(change)
    return [
        MarkDialog(
            dialog=manifest.dialog,
            actor=user,
            asserted=tuple(group),
            covered=tuple(covered.get(user, ())),
            attempt=_attempt(applied, group),
        )
        for user, group in groups.items()
    ]


def _attempt(applied: AppliedState, changes: Iterable[Change]) -> int:
    """Give the number of the next attempt: one more than the most that a change has behind it.

    Attempts at another text don't count, nor do those before a rejection.
    """
    behind = (
        failed.attempts
        for change in changes
        if (failed := tried(change, applied)) and failed.setback is Setback.DEFERRED
    )
    return 1 + max(behind, default=0)
