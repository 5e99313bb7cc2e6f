"""The chat's state: dialogs and their messages, plain objects that tests may read and change."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from reconciler.sandbox.json_object import SandboxInputError
from reconciler.sandbox.seed import DialogType, Seed, SeedDialog, SeedMessage

_PAIR: Final = 2


class Mark(StrEnum):
    """A mark that a user leaves on a message. There is no way back."""

    READ = "read"
    DELIVERED = "delivered"


@dataclass(slots=True, kw_only=True)
class Message:
    """One message. Times are unix seconds."""

    id: str
    dialog: "Dialog" = field(repr=False)
    sender: int
    recipient: int
    text: str | None = field(repr=False)
    date_sent: int
    created_at: float
    updated_at: float
    read_ids: set[int]
    delivered_ids: set[int]
    attachments: tuple[Mapping[str, object], ...] = ()
    custom: Mapping[str, object] = field(default_factory=dict)

    def marked_by(self, mark: Mark) -> set[int]:
        """Give the users who left a mark."""
        return self.read_ids if mark is Mark.READ else self.delivered_ids

    def model(self) -> dict[str, object]:
        """Give the message as the service shows it."""
        private = self.dialog.type is DialogType.PRIVATE
        return {
            **self.custom,
            "_id": self.id,
            "attachments": [dict(each) for each in self.attachments],
            "chat_dialog_id": self.dialog.id,
            "created_at": _iso(self.created_at),
            "date_sent": self.date_sent,
            "delivered_ids": sorted(self.delivered_ids),
            "message": self.text,
            "read_ids": sorted(self.read_ids),
            "recipient_id": self.recipient,
            "sender_id": self.sender,
            "updated_at": _iso(self.updated_at),
            "read": int(private and bool(self.read_ids - {self.sender})),
        }


@dataclass(slots=True, kw_only=True)
class Dialog:
    """One dialog and its messages in the order of their making."""

    id: str
    type: DialogType
    name: str
    owner: int | None
    occupants: set[int]
    messages: dict[str, Message] = field(default_factory=dict, repr=False)

    def admits(self, user: int) -> bool:
        """Tell whether a user may see and mark this dialog."""
        return self.type is DialogType.PUBLIC or user in self.occupants

    def model(self) -> dict[str, object]:
        """Give the dialog in the service's field names, as far as a seed decides it."""
        return {
            "_id": self.id,
            "type": int(self.type),
            "name": self.name,
            "user_id": self.owner,
            "occupants_ids": sorted(self.occupants),
        }


class Chat:
    """Every dialog and message by id. Raises SandboxInputError where the seed contradicts itself."""

    def __init__(self, seed: Seed, clock: Callable[[], float]) -> None:
        self.dialogs: dict[str, Dialog] = {}
        self.messages: dict[str, Message] = {}
        self._clock = clock
        self.add(seed)

    def add(self, seed: Seed) -> None:
        """Add a seed's dialogs and messages, all or none. Raises SandboxInputError with all problems."""
        problems: list[str] = []
        dialogs = {each.id: _dialog(each) for each in seed.dialogs}
        problems += [f"dialog {each}: exists already" for each in dialogs if each in self.dialogs]
        problems += [f"dialog {each}: stands here twice" for each in _repeated(d.id for d in seed.dialogs)]
        for dialog in dialogs.values():
            problems += _dialog_problems(dialog)
        problems += [f"message {each}: stands here twice" for each in _repeated(m.id for m in seed.messages)]
        for each in seed.messages:
            problems += _message_problems(each, dialogs.get(each.dialog) or self.dialogs.get(each.dialog))
            if each.id in self.messages:
                problems.append(f"message {each.id}: exists already")
        if problems:
            raise SandboxInputError(problems)
        self.dialogs |= dialogs
        for each in seed.messages:
            self._add_message(each)

    def mark(self, messages: Iterable[Message], marks: Iterable[Mark], user: int) -> None:
        """Leave marks for a user. In a public dialog the service keeps none."""
        now = self._clock()
        for mark in marks:
            for message in messages:
                marked_by = message.marked_by(mark)
                if user not in marked_by and message.dialog.type is not DialogType.PUBLIC:
                    marked_by.add(user)
                    message.updated_at = now

    def edit(self, message: Message, text: str) -> None:
        """Change what a message says."""
        message.text = text
        message.updated_at = self._clock()

    def unread(self, dialog: Dialog, user: int) -> int:
        """Count the messages of a dialog that a user has not read; none in public dialogs."""
        if dialog.type is DialogType.PUBLIC or user not in dialog.occupants:
            return 0
        return sum(user not in message.read_ids for message in dialog.messages.values())

    def model(self) -> dict[str, object]:
        """Give the whole state: a document that is a seed again, but for the credentials."""
        return {
            "dialogs": [dialog.model() for dialog in self.dialogs.values()],
            "messages": [message.model() for message in self.messages.values()],
        }

    def _add_message(self, each: SeedMessage) -> None:
        dialog = self.dialogs[each.dialog]
        date_sent = int(self._clock()) if each.date_sent is None else each.date_sent
        marked = set() if dialog.type is DialogType.PUBLIC else {each.sender}
        self.messages[each.id] = dialog.messages[each.id] = Message(
            id=each.id,
            dialog=dialog,
            sender=each.sender,
            recipient=each.recipient,
            text=each.text,
            date_sent=date_sent,
            created_at=float(date_sent),
            updated_at=float(date_sent),
            read_ids=marked | set(each.read),
            delivered_ids=marked | set(each.delivered),
            attachments=each.attachments,
            custom=each.custom,
        )


def _dialog(each: SeedDialog) -> Dialog:
    owner = each.owner or next(iter(each.occupants), None)
    return Dialog(id=each.id, type=each.type, name=each.name, owner=owner, occupants=set(each.occupants))


def _dialog_problems(dialog: Dialog) -> list[str]:
    match dialog.type:
        case DialogType.PUBLIC:
            return []
        case DialogType.GROUP if dialog.occupants:
            return []
        case DialogType.GROUP:
            return [f"dialog {dialog.id}: a group dialog has occupants; name at least one"]
        case DialogType.PRIVATE if len(dialog.occupants) == _PAIR:
            return []
        case DialogType.PRIVATE:
            return [f"dialog {dialog.id}: a private dialog has two occupants; it has {len(dialog.occupants)}"]


def _message_problems(each: SeedMessage, dialog: Dialog | None) -> list[str]:
    if dialog is None:
        return [f"message {each.id}: dialog {each.dialog} is unknown; add it to the dialogs"]
    if dialog.type is DialogType.PUBLIC:
        kept = each.read or each.delivered
        return [f"message {each.id}: a public dialog keeps no marks; leave them out"] if kept else []
    strangers = sorted({each.sender, *each.read, *each.delivered} - dialog.occupants)
    return [
        f"message {each.id}: user {user} is no occupant of dialog {dialog.id}; add the user to it"
        for user in strangers
    ]


def _repeated(ids: Iterable[str]) -> list[str]:
    return [each for each, times in Counter(ids).items() if times > 1]


def _iso(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
