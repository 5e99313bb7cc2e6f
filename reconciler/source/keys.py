"""The format of a manifest: its keys, said once for the loader, the JSON Schema and the editor.

`values` reads the kinds named here, `schema` describes them.
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final


class Kind(Enum):
    """What one value must be."""

    API_VERSION = auto()
    KIND = auto()
    NAME = auto()
    LABELS = auto()
    ID = auto()
    USER = auto()
    MARK = auto()
    DURATION = auto()
    MOMENT = auto()
    LINE = auto()
    TEXT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key. `needs` are other keys of the same mapping, of which one must stand too."""

    name: str
    value: "Kind | Shape | ListOf"
    about: str
    example: str
    required: bool = False
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A mapping with known keys. Of `any_of`, one at least must stand, if there are any."""

    about: str
    keys: tuple[Key, ...]
    any_of: frozenset[str] = frozenset()
    names: frozenset[str] = field(init=False)
    required: tuple[Key, ...] = field(init=False)
    dependent: tuple[Key, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Derive what every reading of a mapping asks for."""
        object.__setattr__(self, "names", frozenset(key.name for key in self.keys))
        object.__setattr__(self, "required", tuple(key for key in self.keys if key.required))
        object.__setattr__(self, "dependent", tuple(key for key in self.keys if key.needs))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """A list whose items have one shape."""

    items: Shape


API_VERSION: Final = "reconciler/v1"
DIALOG_KIND: Final = "Dialog"

_ACT_AS: Final = "The user who acts: the author of texts, and whom `true` stands for."
_NO_WAY_BACK: Final = (
    "`true` stands for the acting user. The chat service has no way back, so `false` is refused."
)

MESSAGE: Final = Shape(
    about="What one message must say, and who must have it marked. What is left out is left alone.",
    keys=(
        Key(
            name="id",
            value=Kind.ID,
            about="The message's id: 24 hexadecimal digits in lower case.",
            example="53aabe15e4b077ddd43e7fd3",
            required=True,
        ),
        Key(
            name="text",
            value=Kind.TEXT,
            about="What the message must say. What is typed is what is sent: `no`, `1.10` and `12:30` too.",
            example="Opening hours: 9-17",
        ),
        Key(
            name="actAs",
            value=Kind.USER,
            about=f"{_ACT_AS} Left out, it is the dialog's `actAs`.",
            example="111",
        ),
        Key(
            name="read",
            value=Kind.MARK,
            about=f"Who must have read this message. {_NO_WAY_BACK}",
            example="[123]",
        ),
        Key(
            name="delivered",
            value=Kind.MARK,
            about=f"To whom this message must be delivered. {_NO_WAY_BACK}",
            example="true",
        ),
    ),
    any_of=frozenset({"text", "read", "delivered"}),
)

SUSPEND: Final = Shape(
    about="Nothing is sent for this dialog until a time, for a reason.",
    keys=(
        Key(
            name="reason",
            value=Kind.LINE,
            about="Why, in one line. Plans and status show it.",
            example="legal hold",
            required=True,
        ),
        Key(
            name="until",
            value=Kind.MOMENT,
            about="The end, with its time zone: a suspension without an end is forgotten.",
            example="2026-12-01T00:00:00Z",
            required=True,
        ),
    ),
)

SPEC: Final = Shape(
    about="The desired state of one dialog.",
    keys=(
        Key(
            name="dialogId",
            value=Kind.ID,
            about="The dialog's id: 24 hexadecimal digits in lower case. One manifest declares one dialog.",
            example="53a99a7be4b094c7c6d31b41",
            required=True,
        ),
        Key(
            name="actAs",
            value=Kind.USER,
            about=f"{_ACT_AS} Left out, it is the one of the settings.",
            example="96753878",
        ),
        Key(
            name="read",
            value=Kind.MARK,
            about=f"Who must have read the whole dialog, undeclared messages too. {_NO_WAY_BACK}",
            example="true",
        ),
        Key(
            name="delivered",
            value=Kind.MARK,
            about=f"To whom the whole dialog must be delivered, undeclared messages too. {_NO_WAY_BACK}",
            example="[123, 456]",
        ),
        Key(
            name="interval",
            value=Kind.DURATION,
            about="How often the dialog's own marks are made again, for messages that came since. "
            "Left out: once. From 1m to 365d, like 10m, 2h, 1d or 1h30m.",
            example="10m",
            needs=frozenset({"read", "delivered"}),
        ),
        Key(
            name="requestedAt",
            value=Kind.LINE,
            about="Any text. A new one makes the dialog's own marks once more.",
            example="2026-11-22",
            needs=frozenset({"read", "delivered"}),
        ),
        Key(
            name="suspend",
            value=SUSPEND,
            about=SUSPEND.about,
            example="{reason: legal hold, until: 2026-12-01T00:00:00Z}",
        ),
        Key(
            name="messages",
            value=ListOf(items=MESSAGE),
            about="The messages that are managed one by one.",
            example="[]",
        ),
    ),
)

METADATA: Final = Shape(
    about="What people call this manifest.",
    keys=(
        Key(
            name="name",
            value=Kind.NAME,
            about="Unique among all manifests; what plans, status and history show. Up to 253 lower-case "
            "letters, digits, `-` and `.`.",
            example="vip-lounge",
            required=True,
        ),
        Key(
            name="labels",
            value=Kind.LABELS,
            about="Words of your own about this dialog, such as a team.",
            example="{team: support}",
        ),
    ),
)

MANIFEST: Final = Shape(
    about="The desired state of the messages of one dialog.",
    keys=(
        Key(
            name="apiVersion",
            value=Kind.API_VERSION,
            about="The version of this format.",
            example=API_VERSION,
            required=True,
        ),
        Key(
            name="kind",
            value=Kind.KIND,
            about="What this document declares.",
            example=DIALOG_KIND,
            required=True,
        ),
        Key(
            name="metadata",
            value=METADATA,
            about=METADATA.about,
            example="{name: vip-lounge}",
            required=True,
        ),
        Key(
            name="spec",
            value=SPEC,
            about=SPEC.about,
            example="{dialogId: 53a99a7be4b094c7c6d31b41}",
            required=True,
        ),
    ),
)
