"""Whatever a manifest, a file's name or the service says is shown, and does nothing."""

import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Final

import pytest

from reconciler.core.condition import Condition
from reconciler.core.message_text import MessageText
from reconciler.core.problem import Origin, Problem
from reconciler.ledger.history import RecordedText, Result, RetryRow, Told
from reconciler.web.model import DialogQuery, HistoryQuery, ProblemList
from reconciler.web.pages.dialog import DialogView, render_dialog
from reconciler.web.pages.dialogs import render_dialogs
from reconciler.web.pages.history import render_history
from reconciler.web.pages.overview import render_overview
from reconciler.web.pages.problems import render_problems
from reconciler.web.pages.shown import shown
from reconciler.web.pages.trouble import render_trouble
from reconciler.web.state import Attention
from reconciler.web.trouble import Trouble
from tests.web.pages.hostile import HOSTILE, sendable
from tests.web.pages.seen import Element, read
from tests.web.pages.values import (
    HISTORY,
    NOW,
    STALLED,
    STANDINGS,
    call,
    detail,
    dialog_page,
    frame,
    history_page,
    overview,
    part,
)

HARMLESS: Final = frozenset(
    """
    a article b bdi blockquote body button caption circle code datalist dd defs del details div dl
    document dt em fieldset figcaption figure footer form g h1 h2 h3 head header html input ins label
    legend li link main mark meta nav noscript option p path pattern rect script section select small
    span summary svg symbol table tbody td th thead time title tr ul use wbr
    """.split()  # noqa: SIM905  # one name a word is read more easily
)


def overview_of(text: str) -> str:
    one = Attention(what=text, todo=text, path="/problems", command=text)
    view = overview(sentence=text, attention=(one,), watch_reason=text)
    stalled = replace(STALLED, note=text, origin=Origin(text, 1, 1))
    return render_overview(frame(), view, dialog_page(stalled), history_page(*entries_of(text)))


def entries_of(text: str) -> tuple[Told, ...]:
    said = RecordedText(digest=MessageText("x").digest(), text=MessageText(sendable(text)))
    where = Origin(text, 1, 1)
    return (
        replace(call(9, STALLED, Result.REJECTED, words=text, old=said, new=said), name=text, origin=where),
        RetryRow(dialog=None, name=None, reason=text, by=text, at=NOW, after=8, freed=1),
    )


def dialogs_of(text: str) -> str:
    dialog = replace(STALLED, name=text, note=text, labels={text: text}, origin=Origin(text, 1, 1))
    query = DialogQuery(search=text, labels=(text,))
    return render_dialogs(frame(), replace(dialog_page(dialog, query=query), labels=(text,)))


def dialog_of(text: str) -> str:
    parts = (
        part(None, new=MessageText(sendable(text)), detail=text, origin=Origin(text, 1, 1)),
        part(None, new=MessageText("y"), detail=text, origin=Origin(text, 1, 1)),
    )
    standing = replace(STANDINGS[1], parts=parts)
    dialog = replace(STALLED, name=text, note=text, labels={text: text})
    problem = Problem(Origin(text, 1, 1), text, text)
    view = DialogView(texts=True)
    return render_dialog(frame(), detail(dialog, (standing,), (problem,), text), entries_of(text), view)


def history_of(text: str) -> str:
    return render_history(
        frame(), history_page(*entries_of(text), query=HistoryQuery(dialog=text)), texts=True
    )


def problems_of(text: str) -> str:
    dialog = replace(STALLED, name=text, condition=Condition.INVALID)
    problem = Problem(Origin(text, 1, 1), text, text)
    return render_problems(frame(), ProblemList(problems=(problem,), dialogs=(dialog,)))


def trouble_of(text: str) -> str:
    return render_trouble(frame(), Trouble(HTTPStatus.BAD_REQUEST, text, text))


PAGES: Final = (overview_of, dialogs_of, dialog_of, history_of, problems_of, trouble_of)


def what_runs_or_loads(page: Element) -> list[str]:
    """Give every attribute that makes a browser run or load something that is not ours."""
    found = []
    for element in page.all():
        found += [element.tag] if element.tag not in HARMLESS else []
        for name, value in element.attributes.items():
            if name.startswith("on") or name in {"style", "srcdoc", "autofocus", "formaction"}:
                found.append(f"{element.tag} {name}")
            if name in {"href", "src", "action", "xlink:href"} and not re.match(r"[/#](?!/)", value):
                found.append(f"{element.tag} {name}={value}")
        if element.tag == "script":
            found += [element.words] if element.words else []
    return found


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("make", PAGES)
def test_a_hostile_text_is_shown_and_does_nothing(make: Callable[[str], str], text: str) -> None:
    html = make(text)
    html.encode()  # a lone surrogate would end the answer
    page = read(html)
    assert what_runs_or_loads(page) == []
    (main,) = page.all("main")
    seen = "".join(main.words.split())
    assert "".join(shown(text).split()) in seen
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", html) is None


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain, öäü 日本 😀", "plain, öäü 日本 😀"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("a\u202eb", "a\\u202eb"),
        ("a\x1bb\x00\x7f\x85", "a\\u001bb\\u0000\\u007f\\u0085"),
        ("\udce9", "\\udce9"),
        ("\U000e0041", "\\U000e0041"),
        ("a\u3164\xad", "a\\u3164\\u00ad"),
    ],
)
def test_what_would_not_be_seen_is_spelt_out(text: str, seen: str) -> None:
    assert shown(text) == seen


def test_the_harmless_pages_are_harmless_by_the_same_measure() -> None:
    page = read(render_history(frame(), history_page(*HISTORY)))
    assert what_runs_or_loads(page) == []
    assert len(list(page.all())) > 100


def test_the_measure_sees_what_runs() -> None:
    bad = "<main><p onclick='x'>a</p><img src='x'><a href='javascript:x'>b</a><script>c</script></main>"
    assert len(what_runs_or_loads(read(bad.replace("<img src='x'>", "<img src='x'></img>")))) == 5
