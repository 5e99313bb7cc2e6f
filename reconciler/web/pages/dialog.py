"""One dialog: every declared part, whether it is applied, why not, and which line asks for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.core.message import Mark, MessageId
from reconciler.core.problem import Origin
from reconciler.core.standing import MessageStanding, Part, PartState
from reconciler.ledger.history import Told
from reconciler.web.model import DialogDetail
from reconciler.web.pages.entry import entry
from reconciler.web.pages.frame import Frame
from reconciler.web.pages.templates import render
from reconciler.web.pages.text_lines import TextLine, replaced, said

_PAGE: Final = 50
_USERS: Final = 50
"""Users named in one line; more are counted."""

_MARKED: Final = {Mark.READ: "read by", Mark.DELIVERED: "delivered to"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogView:
    """What of a dialog to show: its texts too, only what is not applied, and which page, from 1."""

    texts: bool = False
    unapplied: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A text, or the marks of one kind that stand alike. `what` says which, `word` how it stands."""

    what: str
    users: tuple[str, ...]
    more: int
    word: str
    detail: str
    until: datetime | None
    origin: Origin
    note: str
    texts: tuple[TextLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, or the whole dialog, and what is declared of it."""

    id: MessageId | None
    origin: Origin
    lines: tuple[Line, ...]


def render_dialog(
    frame: Frame, detail: DialogDetail, entries: Iterable[Told], view: DialogView = DialogView()
) -> str:
    """Give the page; `entries` are the last ones of its history."""
    shown = [s for s in detail.standings if not view.unapplied or _unapplied(s)]
    pages = max(1, -(-len(shown) // _PAGE))
    start = (view.page - 1) * _PAGE
    return render(
        "dialog",
        frame,
        here="Dialogs",
        detail=detail,
        dialog=detail.report,
        problems=detail.problems,
        messages=[_message(standing, texts=view.texts) for standing in shown[start : start + _PAGE]],
        total=len(detail.standings),
        unapplied=sum(map(_unapplied, detail.standings)),
        view=view,
        pages=pages,
        entries=[entry(told, texts=view.texts) for told in entries],
    )


def _unapplied(standing: MessageStanding) -> bool:
    return any(part.state is not PartState.APPLIED for part in standing.parts)


def _message(standing: MessageStanding, *, texts: bool) -> Message:
    """Put marks that stand alike into one line, in the order of the first of each."""
    alike: dict[object, list[Part]] = {}
    for part in standing.parts:
        alike.setdefault((part.mark, part.state, part.reason, part.detail, part.until), []).append(part)
    return Message(
        id=standing.message,
        origin=standing.origin,
        lines=tuple(_line(parts, texts=texts) for parts in alike.values()),
    )


def _line(parts: Sequence[Part], *, texts: bool) -> Line:
    first = parts[0]
    users = [str(part.user) for part in parts]
    return Line(
        what="text as" if first.mark is None else _MARKED[first.mark],
        users=tuple(users[:_USERS]),
        more=len(users[_USERS:]),
        word=first.reason or first.state,
        detail=first.detail,
        until=first.until,
        origin=first.origin,
        note=_note(first),
        texts=_texts(first) if texts else (),
    )


def _texts(part: Part) -> tuple[TextLine, ...]:
    if part.new is None:
        return ()
    return said(part.new) if part.state is PartState.APPLIED else replaced(part.old, part.new)


def _note(part: Part) -> str:
    if part.old is not None and not part.old.certain:
        return "a call for it had no clear answer, so it may say either by now"
    return ""
