"""An action: exactly one PUT, complete, so that the sender has nothing left to choose."""

from dataclasses import dataclass, replace

from reconciler.core.diff import DialogMarkChange, MarkChange, TextChange
from reconciler.core.message import DialogId, Mark, MessageId, UserId
from reconciler.core.message_text import MessageText
from reconciler.core.problem import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateMessage:
    """`PUT /chat/Message/{id}.json`: all changes of one message for one acting user."""

    dialog: DialogId
    message: MessageId
    actor: UserId
    changes: tuple[TextChange | MarkChange, ...]
    attempt: int = 1

    def __post_init__(self) -> None:
        """Refuse a call that would do nothing, or act for somebody else."""
        actors = {c.actor if isinstance(c, TextChange) else c.user for c in self.changes}
        if actors != {self.actor} or {c.message for c in self.changes} != {self.message}:
            msg = "an update is of one message by one user"
            raise ValueError(msg)

    @property
    def text(self) -> MessageText | None:
        """Give the text to send, if this action changes it."""
        return next((c.new for c in self.changes if isinstance(c, TextChange)), None)

    @property
    def marks(self) -> frozenset[Mark]:
        """Give the marks to send."""
        return frozenset(c.mark for c in self.changes if isinstance(c, MarkChange))

    @property
    def mixed(self) -> bool:
        """Tell whether it changes the text and marks too: then a refusal may be of either."""
        return self.text is not None and bool(self.marks)

    @property
    def origin(self) -> Origin:
        """Give the line that asked for this call first."""
        return self.changes[0].origin

    def parts(self) -> tuple["UpdateMessage", ...]:
        """Give the text and the marks as calls of their own, the next attempt of each."""
        texts = tuple(change for change in self.changes if isinstance(change, TextChange))
        marks = tuple(change for change in self.changes if isinstance(change, MarkChange))
        return tuple(replace(self, changes=part, attempt=self.attempt + 1) for part in (texts, marks) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkDialog:
    """`PUT /chat/Message.json`: marks every message of the dialog for one acting user.

    `covered` are marks of single messages that the same plan wanted and this call makes too.
    """

    dialog: DialogId
    actor: UserId
    asserted: tuple[DialogMarkChange, ...]
    covered: tuple[MarkChange, ...] = ()
    attempt: int = 1

    def __post_init__(self) -> None:
        """Refuse a whole-dialog call that no manifest asked for by name."""
        if {c.user for c in self.asserted} != {self.actor}:
            msg = "a dialog is marked only for a user whom the manifest names"
            raise ValueError(msg)
        if any(c.user != self.actor or c.mark not in self.marks for c in self.covered):
            msg = "a covered mark is one that this call makes"
            raise ValueError(msg)

    @property
    def mixed(self) -> bool:
        """A call for the dialog carries no text."""
        return False

    @property
    def changes(self) -> tuple[DialogMarkChange | MarkChange, ...]:
        """Give every change that this call brings about."""
        return (*self.asserted, *self.covered)

    @property
    def marks(self) -> frozenset[Mark]:
        """Give the marks to send."""
        return frozenset(c.mark for c in self.asserted)

    @property
    def origin(self) -> Origin:
        """Give the line that asked for this call first."""
        return self.asserted[0].origin


Action = UpdateMessage | MarkDialog
