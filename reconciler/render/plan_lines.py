"""A plan for people: lines of styled pieces, which a terminal, a pipe or Markdown shows alike."""

from collections.abc import Iterable, Iterator
from typing import Final

from reconciler.core.action import Action, MarkDialog, UpdateMessage
from reconciler.core.condition import HeldReason
from reconciler.core.diff import Change, DialogMarkChange, MarkChange, TextChange
from reconciler.core.plan import DialogPlan, Held
from reconciler.render.line import Line, Piece
from reconciler.render.words import listed, moment, visible

RETRY_ADVICE: Final = "held until its manifest changes, or reconciler retry"

_IN_DOUBT: Final = "(in doubt: the answer to a call was lost; it may say something else by now)"


def plan_lines(plans: Iterable[DialogPlan], *, texts: bool) -> Iterator[Line]:
    """Give the lines of all dialogs of which anything is to be told, an empty one behind each."""
    for plan in plans:
        if plan.actions or plan.held:
            yield from dialog_lines(plan, texts=texts)
            yield ()


def dialog_lines(plan: DialogPlan, *, texts: bool) -> Iterator[Line]:
    """Give what is to be sent and what is held for one dialog; with `texts` old and new texts too."""
    yield (
        Piece(plan.manifest.name, "bold"),
        Piece(f"  {plan.manifest.origin.path}  dialog {plan.manifest.dialog}", "place"),
    )
    for action in plan.actions:
        yield from _action(action, texts=texts)
    for held in plan.held:
        yield from _held(held, plan, texts=texts)


def _action(action: Action, *, texts: bool) -> Iterator[Line]:
    match action:
        case UpdateMessage(message=message):
            what = f"message {message}"
        case MarkDialog():
            what = "every message of the dialog"
    again = f", attempt {action.attempt}" if action.attempt > 1 else ""
    place = f":{action.origin.line}"
    yield (Piece(f"  {what}"), Piece(f"  as user {action.actor}, line {place[1:]}{again}", "place"))
    for change in action.changes:
        if isinstance(change, TextChange):
            yield from _text(change, texts=texts)
    made = action.asserted if isinstance(action, MarkDialog) else action.changes
    marks = sorted({c.mark.value for c in made if isinstance(c, MarkChange | DialogMarkChange)})
    if marks:
        yield (Piece(f"    {listed(marks)} by {action.actor}"),)
    if isinstance(action, MarkDialog):
        yield (Piece("    also reaches messages that no manifest names", "warn"),)


def _text(change: TextChange, *, texts: bool) -> Iterator[Line]:
    doubt = " (in doubt)" if change.old is not None and not change.old.certain else ""
    if not texts:
        old = str(change.old.digest) if change.old else "not known"
        yield (Piece(f"    text {old}{doubt} → {change.new.digest()}"),)
        return
    if doubt:
        yield (Piece(f"    {_IN_DOUBT}", "warn"),)
    if change.old is not None and change.old.text is None:
        yield (Piece(f"    - ({change.old.digest}; the text was not kept)", "place"),)
    elif change.old is not None and change.old.text is not None:
        for line in visible(change.old.text.reveal()).split("\n"):
            yield (Piece(f"    - {line}", "old"),)
    for line in visible(change.new.reveal()).split("\n"):
        yield (Piece(f"    + {line}", "new"),)


def _held(held: Held, plan: DialogPlan, *, texts: bool) -> Iterator[Line]:
    until = f" until {moment(held.until)}" if held.until else ""
    match held.reason:
        case HeldReason.GUARDED:  # the figures stand once, below the plan
            why = listed(refusal.guard for refusal in plan.refusals)
        case HeldReason.REJECTED:
            why = f"{visible(held.detail)}; {RETRY_ADVICE}"
        case HeldReason.SUSPENDED | HeldReason.BACKING_OFF:
            why = visible(held.detail)
    yield (Piece(f"  {_subject(held.change)}"), Piece(f"  held, {held.reason}{until}: {why}", "warn"))
    if isinstance(held.change, TextChange):
        yield from _text(held.change, texts=texts)


def _subject(change: Change) -> str:
    match change:
        case TextChange(message=message):
            return f"text of message {message}"
        case MarkChange(message=message, mark=mark, user=user):
            return f"message {message} {mark} by {user}"
        case DialogMarkChange(mark=mark, user=user):
            return f"every message {mark} by {user}"
