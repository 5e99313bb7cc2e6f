"""A tree of manifests of any size, the same each time, and the calls that it asks for."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

ACTOR: Final = 96_753_878
"""Who wrote every message, and acts."""

READER: Final = 222
KEY: Final = "bench-key"

_WORDS: Final = ("opening", "hours", "weekday", "saturday", "adviser", "delivery", "price", "refund", "order")
_WORDS_A_TEXT: Final = 12
_FILES_A_FOLDER: Final = 100
_MARK_EVERY: Final = 10
_INDENT: Final = " " * 6


class Declared(NamedTuple):
    """One message: its text, and whether it must be marked as delivered to its author."""

    id: str
    text: str
    delivered: bool


class Put(NamedTuple):
    """One call that the tree asks for, as it goes to the wire."""

    path: str
    body: str

    @property
    def fields(self) -> dict[str, Any]:
        """Give what the body says."""
        said: dict[str, Any] = json.loads(self.body)
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """So many files, each one dialog of so many messages; about 150 bytes a message, one call each."""

    root: Path
    files: int
    messages: int

    @property
    def size(self) -> int:
        """Give the number of messages in all."""
        return self.files * self.messages

    def path(self, file: int) -> Path:
        """Give where a file is."""
        return self.root / f"team-{file // _FILES_A_FOLDER:03}" / f"dialog-{file:05}.yaml"

    def text_of(self, file: int) -> str:
        """Give what a file says."""
        head = [
            "apiVersion: reconciler/v1",
            "kind: Dialog",
            "metadata:",
            f"  name: dialog-{file:05}",
            "  labels: {team: support}",
            "spec:",
            f"  dialogId: {_id('dialog', file)}",
            f"  actAs: {ACTOR}",
            "  messages:",
        ]
        for message in self.declared(file):
            head += [f"    - id: {message.id}", f'{_INDENT}text: "{message.text}"']
            if message.delivered:
                head.append(f"{_INDENT}delivered: true")
        return "\n".join(head) + "\n"

    def write(self) -> None:
        """Write all files."""
        for file in range(self.files):
            path = self.path(file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text_of(file))

    def declared(self, file: int) -> Iterator[Declared]:
        """Give the messages of a file."""
        random = Random(file)  # noqa: S311  # made-up texts, the same in each run
        for number in range(self.messages):
            text = a_text(random)
            yield Declared(_id(f"message {file}", number), text, number % _MARK_EVERY == 0)

    def puts(self) -> Iterator[Put]:
        """Give the calls that apply all of it."""
        for file in range(self.files):
            for message in self.declared(file):
                fields: dict[str, str | int] = {
                    "chat_dialog_id": _id("dialog", file),
                    "message": message.text,
                }
                if message.delivered:
                    fields["delivered"] = 1
                body = json.dumps(fields, separators=(",", ":"))
                yield Put(f"/chat/Message/{message.id}.json", body)

    def seed(self, files: Iterable[int] | None = None) -> str:
        """Give a chat with the dialogs of some files, or of all, for the sandbox."""
        files = range(self.files) if files is None else tuple(files)
        return json.dumps(
            {
                "dialogs": [{"_id": _id("dialog", file), "occupants_ids": [ACTOR, READER]} for file in files],
                "messages": [
                    {"_id": message.id, "chat_dialog_id": _id("dialog", file), "sender_id": ACTOR}
                    for file in files
                    for message in self.declared(file)
                ],
                "credentials": {"api_keys": [KEY]},
            }
        )


def a_text(random: Random) -> str:
    """Give a text of about 80 characters."""
    return " ".join(random.choices(_WORDS, k=_WORDS_A_TEXT))


def _id(kind: str, number: int) -> str:
    return hashlib.blake2b(f"{kind} {number}".encode(), digest_size=12).hexdigest()
