"""The events and fields that docs/logs.md lists are those that there are."""

import json
import re
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_type_hints

import pytest

from reconciler.log_lines.events import EVENTS

DOCUMENT: Final = (Path(__file__).parents[2] / "docs/logs.md").read_text()
EVENT_TABLE, FIELD_TABLE = DOCUMENT.split("## Events")[1].split("## Fields")
TYPES: Final = {
    str: "string",
    int: "number",
    float: "number",
    datetime: "time",
    tuple[str, ...]: "strings",
}


def typed(hint: Any) -> str:
    """Give the type as the document calls it; that a value may be missing is no part of it."""
    [kind] = [
        each for each in (get_args(hint) if isinstance(hint, UnionType) else [hint]) if each is not NoneType
    ]
    return TYPES[kind]


def test_every_event_is_listed_with_its_fields_in_order() -> None:
    rows = re.findall(r"^\| `([a-z ]+)` \| [^|`]+ \| ([^|]*)\|$", EVENT_TABLE, re.MULTILINE)
    listed = {name: re.findall(r"`(\w+)`", fields) for name, fields in rows}
    assert listed == {name: list(get_type_hints(event)) for name, event in EVENTS.items()}


def test_every_field_is_listed_with_its_type() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (strings?|number|time) \| \S", FIELD_TABLE, re.MULTILINE)
    there = {name: typed(hint) for event in EVENTS.values() for name, hint in get_type_hints(event).items()}
    assert dict(rows) == there
    assert [name for name, _ in rows] == sorted(there)


def test_a_field_means_the_same_in_every_event() -> None:
    hints = [pair for event in EVENTS.values() for pair in get_type_hints(event).items()]
    types: dict[str, set[str]] = {}
    for name, hint in hints:
        types.setdefault(name, set()).add(typed(hint))
    assert {name for name, kinds in types.items() if len(kinds) > 1} == set()


def test_the_example_is_what_an_event_looks_like() -> None:
    (line,) = re.findall(r"^\{.*\}$", DOCUMENT, re.MULTILINE)
    example = json.loads(line)
    fields = get_type_hints(EVENTS[example["event"]])
    assert example.keys() <= {"time", "level", "event", *fields}
    (text,) = re.findall(r"^2026-.*$", DOCUMENT, re.MULTILINE)
    shown = dict(re.findall(r" (\w+)=(\S+)", text))
    assert shown.keys() == example.keys() - {"time", "level", "event"}
    assert all(shown[name] == str(example[name]) for name in shown.keys() - {"fields"})


@pytest.mark.parametrize("path", ["docs/ledger.md", "docs/metrics.md"])
def test_the_field_names_are_those_of_other_documents(path: str) -> None:
    shared = {
        "docs/ledger.md": {
            "number",
            "dialog",
            "message",
            "actor",
            "attempt",
            "status",
            "words",
            "request_id",
            "cause",
        }
        | {"sent_at", "answered_at", "retry_at", "plan", "guard"},
        "docs/metrics.md": {"action", "result", "by", "guard"},
    }[path]
    there = set(re.findall(r"`(\w+)`", (Path(__file__).parents[2] / path).read_text()))
    fields = {name for event in EVENTS.values() for name in get_type_hints(event)}
    assert shared <= there
    assert shared <= fields
