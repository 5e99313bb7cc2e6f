"""A daemon with something to show: the demo's manifests, and dialogs in every other condition."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Final

from reconciler.sandbox.faults import Delay, FaultRule, Status, When
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.seed import Seed, SeedDialog, SeedMessage
from reconciler.sandbox.seed_file import parse_seed
from tests.program.live_sandbox import LiveSandbox, live_sandbox
from tests.program.program import Program, Running
from tests.program.waiting import wait_for

DEMO: Final = Path(__file__).parents[3] / "manifests"
KEY: Final = "sandbox-api-key"

AUTHOR, STRANGER = 96753878, 97000001

DIALOG: Final = {
    "partners": "5f60a1c26c1e5f0034a80a01",
    "release-notes": "5f60a1c26c1e5f0034a80a02",
    "price-list": "5f60a1c26c1e5f0034a80a03",
    "status-board": "5f60a1c26c1e5f0034a80a04",
    "lunch-menu": "5f60a1c26c1e5f0034a80a05",
}
MESSAGE: Final = {name: identity.replace("80a", "90b") for name, identity in DIALOG.items()}

EDITS: Final = ("Soup of the day: tomato", "Soup of the day: leek", "Soup of the day: pumpkin and ginger")

NOT_YET: Final = FaultRule(
    fault=Status(status=503, words="Maintenance until 22:00", headers={"Retry-After": "3600"}),
    when=When(message=MESSAGE["release-notes"]),
)
HANGS: Final = FaultRule(fault=Delay(seconds=3600), when=When(message=MESSAGE["status-board"]))


@dataclass(frozen=True, slots=True)
class World:
    """A chat service, the program that talks to it, and its daemon, which runs."""

    sandbox: LiveSandbox
    program: Program
    daemon: Running

    def edit(self, text: str) -> None:
        """Let `lunch-menu` say something else, and wait for the call that makes it so."""
        self.program.declare("canteen/lunch-menu.yaml", manifest("lunch-menu", f'text: "{text}"'))
        self.sandbox.sees_text(text)


def dialogs(daemon: Running, condition: str) -> float:
    """Count the dialogs that stand so."""
    return daemon.metric(f'reconciler_dialogs{{condition="{condition}"}}')


def manifest(name: str, message: str, *spec: str, labels: str = "{team: sales}") -> str:
    """Give the manifest of one dialog with one message; `message` are its fields."""
    lines = [
        "apiVersion: reconciler/v1",
        "kind: Dialog",
        "metadata:",
        f"  name: {name}",
        f"  labels: {labels}",
        "spec:",
        f"  dialogId: {DIALOG[name]}",
        f"  actAs: {AUTHOR}",
        *(f"  {line}" for line in spec),
        "  messages:",
        f"    - id: {MESSAGE[name]}",
        *(f"      {field}" for field in message.splitlines()),
    ]
    return "\n".join(lines) + "\n"


def seed() -> Seed:
    """Give the demo's chat, with a few dialogs more."""
    demo = parse_seed(resources.files("reconciler.sandbox").joinpath("demo.json").read_bytes())
    dialogs = (SeedDialog(id=identity, occupants=(AUTHOR,)) for identity in DIALOG.values())
    messages = (
        SeedMessage(id=MESSAGE[name], dialog=identity, sender=AUTHOR, text="as it was")
        for name, identity in DIALOG.items()
    )
    return replace(demo, dialogs=(*demo.dialogs, *dialogs), messages=(*demo.messages, *messages))


@contextmanager
def world(directory: Path, *, edits: tuple[str, ...] = EDITS) -> Iterator[World]:
    """Run it for as long as the block lasts; `edits` were made one after the other."""
    with live_sandbox(SandboxOptions(seed=seed())) as sandbox:
        program = Program(directory, RECONCILER_API_URL=sandbox.url, RECONCILER_API_KEY=KEY)
        shutil.copytree(DEMO, program.manifests)
        program.declare("sales/partners.yaml", manifest("partners", f'text: "New terms"\nread: [{STRANGER}]'))
        program.declare(
            "sales/price-list.yaml", manifest("price-list", "read: false\ntext: ''", labels="{team: sales}")
        )
        notes = manifest("release-notes", 'text: "2.4 is out: faster search"', labels="{team: product}")
        program.declare("product/release-notes.yaml", notes)
        with program.daemon("--timeout", "300") as daemon:
            daemon.becomes_ready()
            made = World(sandbox, program, daemon)
            for text in edits:
                made.edit(text)
            sandbox.let_fail(NOT_YET, HANGS)
            newer = notes.replace("faster search", "faster search, dark mode")
            program.declare("product/release-notes.yaml", newer)
            program.declare(
                "product/status-board.yaml",
                manifest("status-board", 'text: "All systems work"', labels="{team: product}"),
            )
            wait_for(
                lambda: all(dialogs(daemon, condition) == 1 for condition in ("pending", "backing off")),
                "a call is under way, and another is to be tried again",
            )
            yield made
