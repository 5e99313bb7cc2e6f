"""The templates, and all that they may call. Whatever they print is made visible and escaped first.

They are read and compiled once, when the first page is made.
"""

import re
from functools import cache
from typing import Any, Final

import jinja2

from reconciler.core.condition import Condition
from reconciler.core.message_text import MessageText
from reconciler.ledger.history import Result
from reconciler.render.words import count, duration, listed, rate, took
from reconciler.web.pages import address, moments
from reconciler.web.pages.assets import asset
from reconciler.web.pages.frame import Frame
from reconciler.web.pages.shown import shown
from reconciler.web.state import State

_PIECE: Final = re.compile(r"[^/]*/|[^/]+")

_ICONS: Final[dict[str, str]] = {
    **{condition: condition.replace(" ", "-") for condition in Condition},
    State.HINDERED: "stalled",
    State.ATTENTION: "attention",
    State.WORKING: "pending",
    Result.APPLIED: "in-sync",
    Result.DEFERRED: "backing-off",
    Result.REJECTED: "stalled",
    Result.IN_DOUBT: "in-doubt",
    "held": "backing-off",
    "rejected": "stalled",
    "guarded": "attention",
    "approved": "person",
    "retry": "person",
}
"""The shape that stands beside each word, and names its colour: a word is never told by colour alone."""


def render(template: str, frame: Frame, **values: Any) -> str:
    """Give a page. Raises where a value is missing that it shows."""
    return _environment().get_template(f"{template}.html").render(frame=frame, **values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reconciler.web"),
        autoescape=True,
        auto_reload=False,
        undefined=jinja2.StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        figure=_figure,
        iso=moments.iso,
        absolute=moments.absolute,
        took=took,
        duration=duration,
        listed=listed,
        rate=rate,
    )
    environment.globals.update(
        address=address, asset=asset, count=count, icons=_ICONS, pieces=_pieces, relative=moments.relative
    )
    for name in environment.list_templates():
        environment.get_template(name)
    return environment


def _figure(number: int) -> str:
    return f"{number:,}"


def _pieces(path: str) -> list[str]:
    """Give the pieces of a path, between which a line may break."""
    return _PIECE.findall(path)


def _printed(value: Any) -> Any:
    """Give what stands on the page for a value: nothing that a manifest or the service wrote can hide."""
    if hasattr(value, "__html__"):
        return value
    if value is None or isinstance(value, MessageText):
        msg = f"a page can't show {value!r}"
        raise TypeError(msg)
    return shown(str(value))
