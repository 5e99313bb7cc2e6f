"""A seed of any size, the same for the same arguments."""

from collections.abc import Sequence
from typing import Final

from reconciler.sandbox.seed import Credentials, Seed, SeedDialog, SeedMessage

_DIALOGS: Final = 0xD1A1 << 80
_MESSAGES: Final = 0x5E55 << 80
_PER_DIALOG: Final = 1 << 32


def generated_seed(
    *,
    dialogs: int,
    messages: int,
    occupants: Sequence[int] = (111, 222, 333),
    credentials: Credentials | None = None,
) -> Seed:
    """Give `dialogs` group dialogs of `messages` messages each; the occupants write in turn."""
    return Seed(
        dialogs=tuple(
            SeedDialog(id=generated_dialog_id(d), name=f"dialog {d}", occupants=tuple(occupants))
            for d in range(dialogs)
        ),
        messages=tuple(
            SeedMessage(
                id=generated_message_id(d, m),
                dialog=generated_dialog_id(d),
                sender=occupants[m % len(occupants)],
                text=f"message {m} of dialog {d}",
            )
            for d in range(dialogs)
            for m in range(messages)
        ),
        credentials=credentials or Credentials(),
    )


def generated_dialog_id(dialog: int) -> str:
    """Give the id of dialog number `dialog`, from 0."""
    return f"{_DIALOGS + dialog:024x}"


def generated_message_id(dialog: int, message: int) -> str:
    """Give the id of message number `message` of dialog number `dialog`, both from 0."""
    return f"{_MESSAGES + dialog * _PER_DIALOG + message:024x}"
