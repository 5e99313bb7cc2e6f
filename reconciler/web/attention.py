"""What waits for a person, and what to do about each: the worst first."""

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from reconciler.core.condition import Condition, HeldReason
from reconciler.core.file_report import DialogReport
from reconciler.core.guard_note import words_and_command
from reconciler.core.message import DialogId
from reconciler.render.words import count
from reconciler.settings import DEFAULTS
from reconciler.web.state import Attention

_SINGLE: Final = 10
"""Reasons for which dialogs are stalled that are told one by one; the others are told together."""

_HINDRANCES: Final = {
    "source": "put the manifests right; until then their dialogs stay as they are",
    "ledger": "put the ledger right; nothing is sent before it can be written again",
    "service": "nothing is lost: what waits is sent once the chat service answers",
    "bug": "please report it; it is tried again",
}
_CORRECT: Final = "correct the API key, token or login"
_REFUSED: Final = f"{_CORRECT}; docs/credentials.md tells how"


def attention(
    hindrances: Mapping[str, str | None],
    dialogs: Sequence[DialogReport],
    *,
    problems: int,
    doubted: Sequence[DialogId],
    ledger: Path,
) -> tuple[Attention, ...]:
    """Give what waits for a person.

    `hindrances` are those of `Health`, `problems` counts those of manifests. Of some call for each of
    the `doubted` dialogs, which are declared and not done with, the ledger has had no answer for long.
    `ledger` is what commands have to name.
    """
    return (
        *_hindered(hindrances),
        *_guarded(dialogs),
        *_rejected(dialogs, ledger),
        *_invalid(dialogs, problems),
        *_in_doubt(doubted, dialogs),
    )


def page_of(dialog: DialogReport) -> str:
    """Give the path of the page that shows a dialog; of one without a name or id, the problems."""
    key = dialog.name or (None if dialog.dialog is None else dialog.dialog.value)
    return "/problems" if key is None else f"/dialogs/{quote(key, safe='')}"


def _hindered(hindrances: Mapping[str, str | None]) -> Iterator[Attention]:
    for by, words in hindrances.items():
        if not words:
            continue
        if by == "service" and ("credential" in words or "no session" in words):
            yield Attention(what=words.removesuffix(f"; {_CORRECT}"), todo=_REFUSED, path="/")
        else:
            yield Attention(what=words, todo=_HINDRANCES.get(by, _HINDRANCES["bug"]), path="/")


def _guarded(dialogs: Iterable[DialogReport]) -> Iterator[Attention]:
    held = _by_words(
        (line, dialog)
        for dialog in dialogs
        if HeldReason.GUARDED in dialog.held
        for line in dialog.note.splitlines()
    )
    for note, ours in held.items():
        words, command = words_and_command(note)
        yield Attention(
            what=f"a guard holds {count(len(ours), 'dialog')}: {words}",
            todo="look at what would change with `reconciler plan`, then let exactly that pass",
            path=_page_of_all(ours, Condition.STALLED),
            command=command or None,
        )


def _rejected(dialogs: Iterable[DialogReport], ledger: Path) -> Iterator[Attention]:
    stalled = [dialog for dialog in dialogs if HeldReason.REJECTED in dialog.held]
    by_words = _by_words((_reason(dialog), dialog) for dialog in stalled)
    told = sorted(by_words.items(), key=lambda item: -len(item[1]))
    for words, ours in told[:_SINGLE]:
        which = ours[0].name or str(ours[0].origin) if len(ours) == 1 else count(len(ours), "dialog")
        said = f": {words}" if words else ""
        yield _freed(f"the chat service refused changes of {which}{said}", ours, ledger)
    if others := [dialog for _, ours in told[_SINGLE:] for dialog in ours]:
        yield _freed(
            f"the chat service refused changes of {count(len(others), 'more dialog')}, for other reasons",
            others,
            ledger,
        )


def _reason(dialog: DialogReport) -> str:
    return "" if HeldReason.GUARDED in dialog.held else dialog.note


def _freed(what: str, dialogs: Sequence[DialogReport], ledger: Path) -> Attention:
    name = dialogs[0].name if len(dialogs) == 1 else None
    which = f" {shlex.join(('--dialog', name))}" if name else ""
    where = f" {shlex.join(('--ledger', str(ledger)))}" if ledger != DEFAULTS.ledger else ""
    return Attention(
        what=what,
        todo="change the manifest; or, where the reason is gone, free what was refused",
        path=_page_of_all(dialogs, Condition.STALLED),
        command=f'reconciler retry{which} --reason "…"{where}',
    )


def _invalid(dialogs: Iterable[DialogReport], problems: int) -> Iterator[Attention]:
    held = sum(dialog.condition is Condition.INVALID for dialog in dialogs)
    if held or problems:
        stays = "stays" if held == 1 else "stay"
        stay = f"; {count(held, 'dialog')} {stays} as last applied" if held else ""
        yield Attention(
            what=f"{count(problems, 'problem')} in manifests{stay}",
            todo="mend them where they stand; what is valid goes on",
            path="/problems",
        )


def _in_doubt(doubted: Sequence[DialogId], dialogs: Iterable[DialogReport]) -> Iterator[Attention]:
    wanted = set(doubted)
    held = [dialog for dialog in dialogs if dialog.dialog in wanted]
    if held:
        which = held[0].name if len(held) == 1 else f"each of {count(len(held), 'dialog')}"
        yield Attention(
            what=f"nobody knows what a call for {which} did: its answer was never recorded",
            todo="it is made again by itself once nothing else holds its dialog; see what does",
            path=page_of(held[0]) if len(held) == 1 else f"/history?result={quote('in doubt')}",
        )


def _by_words(told: Iterable[tuple[str, DialogReport]]) -> Mapping[str, list[DialogReport]]:
    found: defaultdict[str, list[DialogReport]] = defaultdict(list)
    for words, dialog in told:
        found[words].append(dialog)
    return found


def _page_of_all(dialogs: Sequence[DialogReport], condition: Condition) -> str:
    return page_of(dialogs[0]) if len(dialogs) == 1 else f"/dialogs?condition={quote(condition.value)}"
