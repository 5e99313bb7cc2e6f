"""Somebody who edits the manifests: careful or not, one file after the other, with Git or without."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from random import Random

from tests.program.chat import ANN, STRANGER, dialog_id, message_id
from tests.simulation.declared import DeclaredMessage, Version
from tests.simulation.flavour import OCCUPANTS, Flavour
from tests.simulation.folder import Folder
from tests.simulation.wall_clock import WallClock


@dataclass(kw_only=True)
class Editor:
    """Makes one random edit at a time. `pause` waits, and tells whether to go on.

    After each change on disk `declared` is called, or `touched` where that is not yet what is meant.
    """

    dice: Random
    flavour: Flavour
    folder: Folder
    clock: WallClock
    pause: Callable[[float], Awaitable[bool]]
    declared: Callable[[], None]
    touched: Callable[[], None]
    _numbers: "count[int]" = field(default_factory=count)
    _said: dict[str, list[str]] = field(default_factory=dict)

    def begin(self) -> None:
        """Write the first files: most dialogs, one to three in a file."""
        dialogs = list(range(self.flavour.dialogs))
        while dialogs:
            many = self.dice.randint(1, 3)
            these, dialogs = dialogs[:many], dialogs[many:]
            self.folder.put(self._new_name(), tuple(self._version(dialog) for dialog in these))
        self.declared()

    async def edit(self) -> None:
        """Make one edit, or several under Git's lock."""
        edits: list[tuple[Callable[[], Awaitable[None]], int]] = [
            (self._edit_message, 10),
            (self._edit_dialog, 4),
            (self._half_write, 4),
            (self._move, 2),
            (self._remove_document, 1),
            (self._add_document, 2),
            (self._repeat, 1),
            (self._break, 1),
            (self._checkout, 1),
            (self._vanish, 1),
        ]
        choice, weights = zip(*edits, strict=True)
        await self.dice.choices(choice, weights)[0]()

    def restore(self) -> None:
        """Leave everything whole, but for some files that are broken for good."""
        if self.folder.away:
            self.folder.come_back()
        if self.folder.locked:
            self.folder.unlock()
        for name in tuple(self.folder.broken):
            self.folder.mend(name)
        if self.dice.random() < 0.1 and len(self.folder.files) > 1:
            self.folder.break_(next(iter(self.folder.files)), readable=True)
        self.declared()

    async def _edit_message(self) -> None:
        name, at, one = self._document()
        messages = list(one.messages)
        place = self.dice.randrange(len(messages) + 1)
        if place == len(messages):
            fresh = self._message(one.dialog, self.dice.randrange(self.flavour.messages), one.actor)
            if all(message.id != fresh.id for message in messages):
                messages.append(fresh)
        elif self.dice.random() < 0.15 and len(messages) > 1:
            del messages[place]
        else:
            messages[place] = self._changed(messages[place], one.actor)
        self._write(name, at, replace(one, messages=tuple(messages)))

    def _changed(self, message: DeclaredMessage, actor: int) -> DeclaredMessage:
        if self.dice.random() < 0.6:
            return replace(message, text=self._text(message.id))
        if self.dice.random() < 0.5:
            return replace(message, read=self._users(actor))
        return replace(message, delivered=self._users(actor))

    async def _edit_dialog(self) -> None:
        name, at, one = self._document()
        what = self.dice.random()
        marked = bool(one.read or one.delivered)
        if what < 0.35 or (what < 0.8 and not marked):
            one = replace(one, read=self._users(one.actor))
        elif what < 0.55:
            one = replace(one, requested_at=f"request-{next(self._numbers)}")
        elif what < 0.65:
            one = replace(one, interval=self.dice.choice((None, 1, 2)))
        elif what < 0.8:
            one = replace(one, delivered=self._users(one.actor))
        else:
            seconds = self.dice.choice((5, 20, 7200, None))
            until = None if seconds is None else self.clock() + timedelta(seconds=seconds)
            one = replace(one, suspended_until=until)
        self._write(name, at, one)

    async def _half_write(self) -> None:
        """Write in place, in two steps that are closer than two looks at a changed file."""
        name, at, one = self._document()
        messages = [*one.messages[:-1], self._changed(one.messages[-1], one.actor)]
        documents = list(self.folder.files[name])
        documents[at] = replace(one, messages=tuple(messages))
        self.folder.half_write(name, tuple(documents), lines=self.dice.random() < 0.7)
        self.touched()
        await self.pause(self.dice.uniform(0.01, 0.029))
        self.folder.put(name, tuple(documents))
        self.declared()

    async def _move(self) -> None:
        """Move a document to another file, in either order, with a moment in between."""
        name, at, one = self._document()
        others = [other for other in self.folder.files if other != name and other not in self.folder.broken]
        target = self.dice.choice([*others, self._new_name()])
        there = (*self.folder.files.get(target, ()), one)
        here = tuple(each for place, each in enumerate(self.folder.files[name]) if place != at)
        steps = [(target, there), (name, here)]
        if self.dice.random() < 0.5 and here:
            steps.reverse()
        for name, documents in steps:
            if documents:
                self.folder.put(name, documents)
            else:
                self.folder.remove(name)
            self.declared()
            await self.pause(self.dice.choice((0.0, 0.01, 0.5, 3.0)))

    async def _remove_document(self) -> None:
        name, at, _ = self._document()
        left = tuple(each for place, each in enumerate(self.folder.files[name]) if place != at)
        if left:
            self.folder.put(name, left)
        elif len(self.folder.files) > 1:
            self.folder.remove(name)
        self.declared()

    async def _add_document(self) -> None:
        """Declare a dialog that is declared nowhere, or one that is: then neither counts."""
        dialog = self.dice.randrange(self.flavour.dialogs)
        declared = any(one.dialog == dialog_id(dialog) for them in self.folder.files.values() for one in them)
        if declared and self.dice.random() < 0.8:
            return
        name = self._new_name()
        self.folder.put(name, (self._version(dialog),))
        self.declared()
        if declared:
            await self.pause(self.dice.choice((0.5, 5.0)))
            self.folder.remove(name)
            self.declared()

    async def _repeat(self) -> None:
        """Write a file again as it is."""
        name, at, one = self._document()
        self._write(name, at, one)

    async def _break(self) -> None:
        name, _, _ = self._document()
        self.folder.break_(name, readable=self.dice.random() < 0.6)
        self.declared()
        await self.pause(self.dice.choice((0.5, 4.0, 10.0)))
        self.folder.mend(name)
        self.declared()

    async def _checkout(self) -> None:
        """Change several files under Git's lock; in between there is no file at all."""
        self.folder.lock()
        self.touched()
        for _ in range(self.dice.randint(1, 3)):
            await self.pause(self.dice.choice((0.01, 0.5)))
            await self.dice.choice((self._edit_message, self._edit_dialog, self._remove_document))()
        self.folder.unlock()
        self.declared()

    async def _vanish(self) -> None:
        self.folder.vanish()
        self.touched()
        await self.pause(self.dice.choice((0.1, 3.0)))
        self.folder.come_back()
        self.declared()

    def _document(self) -> tuple[str, int, Version]:
        """Choose a document of a file that is whole."""
        name = self.dice.choice([name for name in self.folder.files if name not in self.folder.broken])
        at = self.dice.randrange(len(self.folder.files[name]))
        return name, at, self.folder.files[name][at]

    def _write(self, name: str, at: int, one: Version) -> None:
        documents = list(self.folder.files[name])
        documents[at] = one
        self.folder.put(name, tuple(documents))
        self.declared()

    def _version(self, dialog: int) -> Version:
        many = self.dice.randint(1, self.flavour.messages)
        numbers = self.dice.sample(range(self.flavour.messages), many)
        whole = self.dice.random() < 0.25
        return Version(
            name=f"dialog-{dialog}",
            dialog=dialog_id(dialog),
            actor=ANN,
            read=self._users(ANN) if whole else (),
            messages=tuple(self._message(dialog_id(dialog), number, ANN) for number in numbers),
        )

    def _message(self, dialog: str, number: int, actor: int) -> DeclaredMessage:
        numbered = int(dialog, 16) - int(dialog_id(0), 16)
        unknown = self.dice.random() < 0.02
        id_ = message_id(numbered, number + (100 if unknown else 0))
        what = self.dice.random()
        author = None
        if not self.flavour.kind.of_one_user and self.dice.random() < 0.2:
            author = self.dice.choice(OCCUPANTS)
        return DeclaredMessage(
            id=id_,
            text=self._text(id_) if what < 0.8 else None,
            author=author,
            read=self._users(actor) if what > 0.6 else (),
            delivered=self._users(actor) if what > 0.9 else (),
        )

    def _text(self, message: str) -> str:
        """Give a new text, or one that this message was to say before."""
        said = self._said.setdefault(message, [])
        if said and self.dice.random() < 0.2:
            return self.dice.choice(said)
        said.append(f"version {next(self._numbers)}\nof these words")
        return said[-1]

    def _users(self, actor: int) -> tuple[int, ...]:
        if self.flavour.kind.of_one_user:
            return (actor,)
        users = self.dice.sample(OCCUPANTS, self.dice.randint(1, 3))
        return tuple(users) if self.dice.random() > 0.03 else (*users, STRANGER)

    def _new_name(self) -> str:
        return f"file-{next(self._numbers)}.yaml"
