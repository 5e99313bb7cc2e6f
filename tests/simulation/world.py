"""A whole world on one virtual clock: manifests, the reconciler's process, the network, the service."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from reconciler.core.limits import Limits
from reconciler.core.message_text import MessageText
from reconciler.core.refusal import Guards
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.sandbox import Sandbox
from reconciler.sandbox.seed import Seed
from reconciler.source.places import ANYWHERE
from tests.chat_api.virtual_time import virtual_loop
from tests.simulation.credential import Identity
from tests.simulation.declared import Put, Timeline, in_force
from tests.simulation.editor import Editor
from tests.simulation.flavour import Flavour, chat, flavour
from tests.simulation.folder import Folder
from tests.simulation.life import Disk, Life, Settings
from tests.simulation.network import Network
from tests.simulation.offline_sandbox import Service
from tests.simulation.troubles import Troubles
from tests.simulation.wall_clock import WallClock

_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a fast disk, not a shared name: what is made there is random

_INTENT: Final = """
SELECT max(action.number) FROM action
JOIN manifest ON manifest.id = action.manifest_id
JOIN dialog ON dialog.id = manifest.dialog_id
LEFT JOIN outcome ON outcome.action = action.number
WHERE outcome.action IS NULL AND dialog.dialog = ? AND action.message IS ? AND action.actor = ?
    AND action.text_digest IS ? AND action.read = ? AND action.delivered = ?
"""


class World:
    """One world. Whatever happens in it follows from its seed.

    `adapt` changes how the reconciler is run: tests put broken parts in. `kind` is drawn where it is None.
    """

    def __init__(
        self,
        seed: int,
        adapt: Callable[[Settings], Settings] = lambda settings: settings,
        kind: Flavour | None = None,
    ) -> None:
        self.seed = seed
        self.flavour = kind or flavour(self.dice("flavour"))
        loop = virtual_loop()
        self.clock = WallClock(loop.time)
        self.home = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None, prefix="simulation-"))
        self.ledger = self.home / "ledger.db"
        self.folder = Folder(root=self.home / "manifests")
        self.folder.prepare()
        self.timeline = Timeline()
        self.disk = Disk()
        self.sandbox = self._sandbox()
        self.identity = Identity(
            kind=self.flavour.kind, folder=self.home, user_known=self.dice("user").random() < 0.5
        )
        self.identity.write()
        self.identity.allow(self.sandbox)
        answering = self.dice("answering")
        self.network = Network(
            service=Service(self.sandbox),
            dice=self.dice("network"),
            clock=self.clock,
            find_intent=self._find_intent,
            way=self.flavour.way,
            answering=lambda: answering.random() * self.flavour.answering,
        )
        self.editor = Editor(
            dice=self.dice("editor"),
            flavour=self.flavour,
            folder=self.folder,
            clock=self.clock,
            pause=self.pause,
            declared=self._declared,
            touched=self._touched,
        )
        self.troubles = Troubles(dice=self.dice("troubles"), network=self.network, pause=self.pause)
        self.settings = adapt(self._settings())
        self.lives: list[Life] = []
        self.ending = False
        self.over = asyncio.Event()
        self.died = asyncio.Event()
        self.steps_to_live: int | None = None
        self._watching = self.dice("watching")
        self._monitor: sqlite3.Connection | None = None
        main = asyncio.current_task()
        assert main is not None
        self._own: set[asyncio.Task[Any]] = {main}

    @property
    def life(self) -> Life:
        """Give the process that runs, or ran last."""
        return self.lives[-1]

    async def delete(self) -> None:
        """Leave nothing behind, however it ended."""
        if self.lives and not self.life.closed:
            await self.end_life()
        if self._monitor is not None:
            self._monitor.close()
        shutil.rmtree(self.home)

    def begin_life(self) -> None:
        """Start the process."""
        self.died.clear()
        self.steps_to_live = None
        self.lives.append(
            Life(
                len(self.lives),
                ledger=self.ledger,
                roots=[self.folder.root],
                identity=self.identity,
                network=self.network,
                settings=self.settings,
                disk=self.disk,
                clock=self.clock,
                dice=self.dice(f"jitter {len(self.lives)}"),
                dies=self._dies,
            )
        )
        if self._monitor is None:
            self._monitor = sqlite3.connect(f"{self.ledger.as_uri()}?mode=ro", uri=True, isolation_level=None)

    async def end_life(self) -> None:
        """Kill the process."""
        await self.life.end(self._others)

    def begin(self, coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Start something that is no part of the process and outlives it."""
        task = asyncio.create_task(coroutine)
        self._own.add(task)
        task.add_done_callback(self._own.discard)
        return task

    async def pause(self, seconds: float) -> bool:
        """Wait, but not beyond the end of all trouble; tell whether there is time left."""
        try:
            async with asyncio.timeout(seconds):
                await self.over.wait()
        except TimeoutError:
            pass
        return not self.ending

    def calm(self) -> None:
        """End all trouble: from here on nothing but time stands in the way."""
        self.troubles.clear()
        self.disk.full = False
        self.clock.set(timedelta())
        self.identity.write()
        self.identity.allow(self.sandbox)
        self.editor.restore()

    def dice(self, of: str) -> Random:
        """Give dice of their own for one purpose: no draw for one moves another."""
        return Random(f"{self.seed} {of}")  # noqa: S311  # dice of a simulation

    def _sandbox(self) -> Sandbox:
        dialogs, messages = chat(self.dice("chat"), self.flavour)
        return Sandbox(
            SandboxOptions(
                seed=Seed(dialogs=dialogs, messages=messages),
                assumptions=self.flavour.assumptions,
                clock=lambda: self.clock.true().timestamp(),
            )
        )

    def _settings(self) -> Settings:
        commits, reads = self.dice("commits"), self.dice("reads")
        limits = (
            Limits(rewrites=0.3, dialog_marks=0)
            if self.flavour.guarded
            else Limits(rewrites=1.0, dialog_marks=99)
        )
        return Settings(
            rate=self.flavour.rate,
            concurrency=self.flavour.concurrency,
            timeout=self.flavour.timeout,
            rescan=self.flavour.rescan,
            guards=Guards(limits=limits),
            commit_seconds=lambda: 0.0005 + 0.005 * commits.random() ** 4,
            read_seconds=lambda: 0.0005 + 0.03 * reads.random() ** 4,
        )

    def _dies(self) -> bool:
        if self.steps_to_live is None:
            return False
        self.steps_to_live -= 1
        if self.steps_to_live > 0:
            return False
        self.died.set()
        return True

    def _others(self) -> "set[asyncio.Task[Any]]":
        return {*self._own, *self.network.at_service}

    def _find_intent(self, put: Put) -> int | None:
        assert self._monitor is not None
        digest = None if put.text is None else MessageText(put.text).digest().value
        found = self._monitor.execute(
            _INTENT,
            (put.dialog, put.message, put.actor, digest, "read" in put.marks, "delivered" in put.marks),
        )
        number: int | None = found.fetchone()[0]
        return number

    def _declared(self) -> None:
        if not (self.folder.locked or self.folder.away):
            self.timeline.now(self.now_in_force(), virtual_loop().time())
        self._touched()

    def _touched(self) -> None:
        """Let the watch tell, at once or late, where it hears of it at all; most often it knows where."""
        deaf, late = self._watching.random() < self.flavour.deaf, self._watching.random()
        touched = self.folder.take_touched()
        where = touched if self._watching.random() < self.flavour.precise else ANYWHERE
        if self.lives and not deaf:
            asyncio.get_running_loop().call_later(0.001 + 0.3 * late**4, self.life.watch.tell, where)

    def now_in_force(self) -> dict[str, Any]:
        """Give what the files declare now, by dialog; unusable documents still stand in others' way."""
        everything = in_force(one for them in self.folder.files.values() for one in them)
        usable = {one.dialog for one in self.folder.declared}
        return {dialog: one for dialog, one in everything.items() if dialog in usable}
