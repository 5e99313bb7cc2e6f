"""A chat and a daemon, each in a container, that meet on a loopback device nobody else can reach."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from tests.image.podman import Podman

HARDENED: Final = (
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
)
"""What a strict Kubernetes namespace asks for. Nothing is writable but the volume, not even /tmp."""

DIALOG, GREETING, HOURS = "53a99a7be4b094c7c6d31b41", "53aabe15e4b077ddd43e7f01", "53aabe15e4b077ddd43e7f02"
KEY: Final = "made-up-api-key"
SEED: Final[Mapping[str, object]] = {
    "dialogs": [{"_id": DIALOG, "occupants_ids": [111, 222]}],
    "messages": [
        {"_id": message, "chat_dialog_id": DIALOG, "sender_id": 111, "message": "as it was"}
        for message in (GREETING, HOURS)
    ],
    "credentials": {"api_keys": [KEY]},
}

MANIFEST: Final = f"""\
apiVersion: reconciler/v1
kind: Dialog
metadata: {{name: opening-hours}}
spec:
  dialogId: {DIALOG}
  actAs: 111
  messages:
    - {{id: {GREETING}, text: "Good morning", read: [222]}}
    - {{id: {HOURS}, text: "Opening hours: 9-17"}}
"""
CALLS: Final = 3
"""What the manifest takes: two texts by their author, and a mark by somebody else."""

_ASK: Final = (
    "import sys, urllib.request as http; print(http.urlopen(sys.argv[1], timeout=90).read().decode())"
)


@dataclass(frozen=True, slots=True)
class Chat:
    """A running sandbox."""

    podman: Podman
    container: str

    def calls(self, *, at_least: int = 0) -> list[Mapping[str, object]]:
        """Give the fields of every call so far, once there are `at_least` so many."""
        self._ask(f"counters?arrived={at_least}&wait=60")
        entries = [json.loads(line) for line in self._ask("log").splitlines() if line]
        return [entry["fields"] for entry in entries if entry["applied"]]

    def _ask(self, what: str) -> str:
        url = f"http://127.0.0.1:9480/_sandbox/{what}"
        return self.podman("exec", self.container, "python", "-c", _ASK, url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a daemon is given: a chat, manifests, a key, and a volume for its ledger."""

    podman: Podman
    image: str
    chat: Chat
    manifests: Path
    key: Path
    volume: str

    def declare(self, manifest: str, *, folder: str = ".") -> None:
        """Write the manifest."""
        file = self.manifests / folder / "opening-hours.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(manifest, encoding="utf-8")

    @contextmanager
    def daemon(self, *options: str, command: tuple[str, ...] = ()) -> Iterator[str]:
        """Run the image as it is meant to be run, or with a command of its own; give the container's id."""
        with self.podman.running(*self.arguments(*options), *command) as container:
            yield container

    def arguments(self, *options: str, ledger: str = "rw") -> tuple[str, ...]:
        """Give what `podman run` is given. `ledger` is how the ledger's volume is mounted."""
        return (
            f"--network=container:{self.chat.container}",
            *HARDENED,
            f"--volume={self.manifests}:/manifests:ro",
            f"--volume={self.volume}:/var/lib/reconciler:{ledger}",
            f"--volume={self.key}:/run/secrets/api-key:ro",
            "--env=RECONCILER_API_KEY_FILE=/run/secrets/api-key",
            "--env=RECONCILER_API_URL=http://127.0.0.1:9480",
            *options,
            self.image,
        )

    def wait_until_ready(self, container: str) -> None:
        """Ask the daemon until its first pass is done."""
        deadline = monotonic() + 60
        while self.podman.attempt("exec", container, "reconciler", "health", "--ready").returncode != 0:
            assert monotonic() < deadline, self.podman.attempt("logs", container).stderr
