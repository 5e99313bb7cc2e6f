"""What a ledger must know after any calls, told with plain dictionaries.

`doubted` holds, for a message whose text was applied, the number of the first later call that
may have changed it since; `manifests`, for each part of the applied state, which manifest it was
applied for.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from reconciler.core.action import MarkDialog
from reconciler.core.applied import (
    AppliedDialogMark,
    AppliedMark,
    AppliedState,
    AppliedText,
    DialogMark,
    FailedAttempt,
    Setback,
)
from reconciler.core.call import Call, Intent
from reconciler.core.change_key import ChangeKey
from reconciler.core.diff import Change, DialogMarkChange, MarkChange, TextChange
from reconciler.core.message import MessageId
from reconciler.core.outcome import Answer, Answered, Applied, Cause, Deferred, Rejected
from tests.ledger.calls import DOWN, GONE, LOST, REFUSED


@dataclass
class StateModel:
    texts: dict[MessageId, AppliedText] = field(default_factory=dict)
    doubted: dict[MessageId, int] = field(default_factory=dict)
    marks: set[AppliedMark] = field(default_factory=set)
    dialog_marks: dict[DialogMark, AppliedDialogMark] = field(default_factory=dict)
    failed: dict[ChangeKey, FailedAttempt] = field(default_factory=dict)
    manifests: dict[ChangeKey, bytes] = field(default_factory=dict)

    def intend(self, intent: Intent) -> None:
        for message in _rewritten(intent.action.changes):
            if message in self.texts:
                self.doubted.setdefault(message, intent.number)

    def answer(self, call: Call) -> None:
        match call.outcome:
            case Applied():
                for change in call.intent.action.changes:
                    self._apply(change, call)
            case Deferred():
                self._fail(call, Setback.DEFERRED)
            case Rejected():
                self._fail(call, Setback.REJECTED)

    def state(self) -> AppliedState:
        return AppliedState(
            texts={
                message: replace(text, certain=message not in self.doubted)
                for message, text in self.texts.items()
            },
            marks=frozenset(self.marks),
            dialog_marks=self.dialog_marks,
            failed=self.failed,
            manifests=frozenset(self.manifests.values()),
        )

    def _apply(self, change: Change, call: Call) -> None:
        self.failed.pop(change.key, None)
        self.manifests[change.key] = call.intent.manifest
        match change:
            case TextChange(message=message, new=new):
                self.texts[message] = AppliedText(digest=new.digest(), text=new, at=call.answered_at)
                self.doubted.pop(message, None)
            case MarkChange(message=message, mark=mark, user=user):
                self.marks.add(AppliedMark(message, mark, user))
            case DialogMarkChange(mark=mark, user=user, requested_at=requested_at):
                self.dialog_marks[DialogMark(mark, user)] = AppliedDialogMark(
                    at=call.answered_at, requested_at=requested_at
                )

    def _fail(self, call: Call, setback: Setback) -> None:
        action = call.intent.action
        for change in action.asserted if isinstance(action, MarkDialog) else action.changes:
            self.failed[change.key] = FailedAttempt(
                setback=setback,
                manifest=call.intent.manifest,
                wanted=change.new.digest() if isinstance(change, TextChange) else None,
                attempts=action.attempt,
                retry_at=call.retry_at,
                status=call.answer.status if isinstance(call.answer, Answered) else None,
                words=call.answer.words,
                alone=call.outcome == Deferred(Cause.MIXED),
            )
        if not _leaves_doubt(call.answer, alone=not action.marks):
            for message in _rewritten(action.changes):
                if self.doubted.get(message) == call.intent.number:
                    del self.doubted[message]


def _leaves_doubt(answer: Answer, *, alone: bool) -> bool:
    return answer in {LOST, DOWN} or (answer in {REFUSED, GONE} and not alone)


def _rewritten(changes: Iterable[Change]) -> list[MessageId]:
    return [change.message for change in changes if isinstance(change, TextChange)]
