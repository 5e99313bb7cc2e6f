"""Trees of manifests and ledgers that are kept from run to run, because the large ones take minutes."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from bench.filling import RULES, fill
from bench.living import sandbox
from bench.manifests import Tree
from bench.running import RECONCILER, ProgramError, run

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixtures:
    """What is kept below `home`. What it was made of is told beside it; once that changes it is made anew."""

    home: Path
    say: Callable[[str], None]

    def tree(self, files: int, messages: int) -> Tree:
        """Give a tree, as it was generated."""
        folder = self._folder(files, messages)
        tree = Tree(root=folder / "manifests", files=files, messages=messages)
        stamp = folder / "tree.stamp"
        made_of = _digest((_HERE / "manifests.py").read_bytes())
        if not _is(stamp, made_of):
            self.say(f"writing {tree.size:,} messages in {files:,} files")
            shutil.rmtree(folder, ignore_errors=True)
            tree.write()
            stamp.write_text(made_of)
        return tree

    def applied(self, tree: Tree) -> Path:
        """Give a ledger that knows all of a tree as applied; for reading only, see `copy`."""
        folder = self._folder(tree.files, tree.messages)
        ledger, stamp = folder / "ledger.db", folder / "ledger.stamp"
        made_of = _digest(
            (_HERE / "manifests.py").read_bytes(),
            (_HERE / "filling.py").read_bytes(),
            str(tree.root).encode(),  # the ledger knows files by their absolute path
            RULES.fingerprint(),
            *_migrations(),
        )
        if not _is(stamp, made_of):
            self.say(f"filling a ledger with {tree.size:,} messages")
            for left in folder.glob("ledger.*"):
                left.unlink()
            fill(tree, ledger)
            self._settle(tree, ledger)
            stamp.write_text(made_of)
        return ledger

    def copy(self, tree: Tree, folder: Path) -> Path:
        """Give a ledger that knows all of a tree as applied, to be written to, in a folder."""
        ledger = self.applied(tree)
        log = ledger.with_name(f"{ledger.name}-wal")
        assert not log.exists() or not log.stat().st_size, "the ledger was not closed"
        return Path(shutil.copy(ledger, folder / "ledger.db"))

    @contextmanager
    def editing(self, tree: Tree) -> Iterator[Callable[[int, str, str], None]]:
        """Give a way to replace a string in a file, by a rename as editors do; undo that at the end."""
        stamp = self._folder(tree.files, tree.messages) / "tree.stamp"
        made_of = stamp.read_text()
        stamp.unlink()  # whoever is killed in the block leaves a tree that is made anew
        edited: set[int] = set()

        def edit(file: int, old: str, new: str) -> None:
            text = tree.text_of(file)
            assert old in text
            edited.add(file)
            _replace(tree.path(file), text.replace(old, new, 1))

        try:
            yield edit
        finally:
            for file in edited:
                _replace(tree.path(file), tree.text_of(file))
            stamp.write_text(made_of)

    def _settle(self, tree: Tree, ledger: Path) -> None:
        """Let the product look at it once, so that it remembers whatever it likes to; it must not call."""
        with sandbox(ledger.parent, tree.seed([])) as service:
            arguments = ("apply", tree.root, "--ledger", ledger, "--api-url", service.url, "--no-keep-text")
            run(RECONCILER, *arguments, home=ledger.parent)
            if service.counters()["arrived"]:
                msg = f"{ledger}: not all of it is applied"
                raise ProgramError(msg)

    def _folder(self, files: int, messages: int) -> Path:
        return self.home / f"{files}x{messages}"


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text)
    draft.rename(path)


def _is(stamp: Path, made_of: str) -> bool:
    return stamp.exists() and stamp.read_text() == made_of


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _migrations() -> list[bytes]:
    """Give the SQL that a ledger is made by."""
    folder = resources.files("reconciler.ledger")
    found = [path for path in Path(str(folder)).rglob("*.sql") if "migration" in str(path)]
    return [path.read_bytes() for path in sorted(found)]
