"""The chat that the tests declare things of: dialogs by number, and in each messages by number."""

from collections.abc import Mapping
from typing import Final

from reconciler.sandbox.generated_seed import generated_dialog_id as dialog_id
from reconciler.sandbox.generated_seed import generated_message_id as message_id
from reconciler.sandbox.seed import Credentials, Seed, SeedDialog, SeedMessage

__all__ = ["ANN", "BEN", "CY", "KEY", "STRANGER", "TOKEN", "chat", "dialog_id", "manifest", "message_id"]

ANN, BEN, CY, STRANGER = 111, 222, 333, 999
"""Ann wrote every message; Ben and Cy read along; the stranger is in no dialog."""

KEY: Final = "canary-key-28irlNAGasWDSupO9Vw0BBMZfuHrAUYKpmroS9yBORI"
TOKEN: Final = "canaryToken4695d72d33b959eec2ae6c640d817"


def chat(*, dialogs: int = 12, messages: int = 12) -> Seed:
    """Give a chat of so many dialogs, each of so many messages."""
    return Seed(
        dialogs=tuple(SeedDialog(id=dialog_id(d), occupants=(ANN, BEN, CY)) for d in range(dialogs)),
        messages=tuple(
            SeedMessage(id=message_id(d, m), dialog=dialog_id(d), sender=ANN, text="as it was")
            for d in range(dialogs)
            for m in range(messages)
        ),
        credentials=Credentials(api_keys=(KEY,), tokens={TOKEN: ANN}),
    )


def manifest(
    dialog: int, *spec: str, messages: Mapping[int, str] | None = None, name: str | None = None
) -> str:
    """Give the manifest of one dialog, where Ann acts.

    `spec` are lines of its `spec`, and `messages` what stands in the braces of each message, by its
    number. The first message stands in line 8 + the number of `spec` lines.
    """
    declared = [f"{{id: {message_id(dialog, m)}, {fields}}}" for m, fields in (messages or {}).items()]
    lines = [
        "apiVersion: reconciler/v1",
        "kind: Dialog",
        f"metadata: {{name: {name or f'dialog-{dialog}'}}}",
        "spec:",
        f"  dialogId: {dialog_id(dialog)}",
        f"  actAs: {ANN}",
        *(f"  {line}" for line in spec),
        *(["  messages:"] if declared else []),
        *(f"    - {each}" for each in declared),
    ]
    return "\n".join(lines) + "\n"
