"""The manifest files of a simulated world: on a real disk, and the watch that tells of them."""

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.source.places import ANYWHERE, NOWHERE, Places, places
from tests.simulation.declared import Version

SEPARATOR = "---\n"


class HandWatch:
    """A watch that tells of changes when it is told to."""

    reason = None

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._where = NOWHERE

    def tell(self, where: Places) -> None:
        self._where |= where
        self._changed.set()

    async def changed(self, timeout: float) -> Places | None:  # noqa: ASYNC109  # the daemon's Watch has it so
        try:
            async with asyncio.timeout(timeout):
                await self._changed.wait()
        except TimeoutError:
            return None
        self._changed.clear()
        where, self._where = self._where, NOWHERE
        return where


@dataclass(slots=True, kw_only=True)
class Folder:
    """Files by name, each with its documents.

    `broken` are those that cannot be used now; True where still each document can be told to be so.
    `touched` is where something happened that the watch may tell of.
    """

    root: Path
    files: dict[str, tuple[Version, ...]] = field(default_factory=dict)
    broken: dict[str, bool] = field(default_factory=dict)
    locked: bool = False
    away: bool = False
    touched: Places = ANYWHERE

    def prepare(self) -> None:
        (self.root / ".git").mkdir(parents=True)

    @property
    def declared(self) -> list[Version]:
        """Give all documents that may be used."""
        return [one for name, them in self.files.items() if not self.broken.get(name) for one in them]

    def content(self, name: str) -> bytes:
        """Give what a file holds when it is whole."""
        return _content(self.files[name])

    def put(self, name: str, documents: tuple[Version, ...]) -> None:
        """Put a whole file in place in one step."""
        self._touch(name)
        self.files[name] = documents
        new = self.root / f".{name}.new"
        new.write_bytes(self.content(name))
        new.rename(self.root / name)

    def half_write(self, name: str, documents: tuple[Version, ...], *, lines: bool) -> None:
        """Write a file in place, without its last line or without the end of that; `put` is the rest."""
        self._touch(name)
        content = _content(documents)
        end = content.rindex(b"\n", 0, -1) + 1 if lines else -4
        (self.root / name).write_bytes(content[:end])

    def break_(self, name: str, *, readable: bool) -> None:
        """Make all documents of a file unusable: cut in the middle of a quote, or with an unknown key."""
        self._touch(name)
        self.broken[name] = readable
        content = self.content(name)
        if readable:
            content = content.replace(b"kind: Dialog\n", b"kind: Dialog\nread: false\n")
        else:
            content += b'  labels: "never closed\n'
        (self.root / name).write_bytes(content)

    def mend(self, name: str) -> None:
        """Make a broken file whole."""
        del self.broken[name]
        self.put(name, self.files[name])

    def remove(self, name: str) -> None:
        self._touch(name)
        del self.files[name]
        (self.root / name).unlink()

    def lock(self) -> None:
        """Let Git begin to change the files."""
        self.touched, self.locked = ANYWHERE, True
        (self.root / ".git" / "index.lock").touch()

    def unlock(self) -> None:
        self.touched, self.locked = ANYWHERE, False
        (self.root / ".git" / "index.lock").unlink()

    def vanish(self) -> None:
        """Take the whole folder away."""
        self.touched, self.away = ANYWHERE, True
        self.root.rename(self.root.with_name("away"))

    def come_back(self) -> None:
        self.touched, self.away = ANYWHERE, False
        self.root.with_name("away").rename(self.root)

    def take_touched(self) -> Places:
        """Give where something happened since this was asked the last time."""
        touched, self.touched = self.touched, NOWHERE
        return touched

    def _touch(self, name: str) -> None:
        self.touched |= places([str(self.root / name)])

    def on_disk(self) -> Mapping[str, bytes]:
        """Give the manifest files as they lie there."""
        return {str(path): path.read_bytes() for path in sorted(self.root.glob("*.yaml"))}

    def delete(self) -> None:
        shutil.rmtree(self.root.parent)


def _content(documents: tuple[Version, ...]) -> bytes:
    return SEPARATOR.join(one.document() for one in documents).encode()
