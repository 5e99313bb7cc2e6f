"""The JSON Schema and the loader agree: what an editor marks as wrong, the loader refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.core.acting import Acting
from reconciler.core.message import UserId
from reconciler.source import keys
from reconciler.source.rules import Rules
from reconciler.source.schema import json_schema
from reconciler.source.yaml_file import load
from tests.source.typed import as_an_editor_sees

ROOT = Path(__file__).parents[2]
RULES = Rules(acting=Acting(default=UserId(42)))
EDITOR = Draft202012Validator(json_schema())
BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))


def test_the_schema_in_the_docs_is_fresh() -> None:
    text = json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"
    assert (ROOT / "docs/manifest.schema.json").read_text() == text, (
        "reconciler schema > docs/manifest.schema.json"
    )


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json_schema())


def test_each_example_in_the_schema_is_valid() -> None:
    def look(schema: dict[str, Any]) -> int:
        below = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
        for value in schema.get("examples", []):
            assert Draft202012Validator(schema).is_valid(value), value
        return len(schema.get("examples", [])) + sum(map(look, below))

    assert look(json_schema()) >= 10


@pytest.mark.parametrize("file", sorted((ROOT / "manifests").rglob("*.yaml")), ids=lambda file: file.name)
def test_an_editor_accepts_the_examples(file: Path) -> None:
    for document in as_an_editor_sees(file.read_bytes()):
        EDITOR.validate(document)


BEYOND_A_SCHEMA = {
    *(
        "key-twice",
        "key-twice-at-the-top",
        "key-twice-in-labels",
        "key-twice-once-in-quotes",
        "message-twice",
    ),
    *("key-three-times-in-a-message", "interval-too-long", "interval-too-short", "interval-zero"),
    *("label-with-a-control-character", "name-with-a-line-break", "suspend-until-before-the-calendar"),
    *("dialog-read-true-and-nobody-acts", "message-read-true-and-nobody-acts", "text-and-nobody-acts"),
    *("suspend-until-february-30", "suspend-until-hour-25", "text-too-long", "text-with-a-bell"),
    *("text-ends-at-a-comment", "text-in-two-lines-ends-at-a-comment", "text-with-a-c1-control"),
    *("text-with-carriage-return", "text-with-escape", "text-with-next-line", "text-with-nul"),
    *("user-a-decimal", "user-with-leading-zeros"),
}
"""What an editor cannot see: duplicates, what the settings say, calendars, invisible characters."""


@pytest.mark.parametrize(
    "file", [file for file in BAD if not file.stem.startswith("yaml-")], ids=lambda file: file.stem
)
def test_an_editor_marks_what_it_can_see(file: Path) -> None:
    try:
        documents = as_an_editor_sees(file.read_bytes())
    except (yaml.YAMLError, ValueError):
        return  # marked by the editor's YAML parser
    assert all(map(EDITOR.is_valid, documents)) is (file.stem in BEYOND_A_SCHEMA)


VALUES = st.sampled_from(
    [
        *(
            "",
            "~",
            "null",
            "true",
            "True",
            "false",
            "no",
            "0",
            "7",
            "007",
            "96753878",
            "'7'",
            "7.0",
            "1e3",
            "-1",
        ),
        *("0x1F", "1.10", "12:30", ".inf", "9223372036854775807", "9223372036854775808", "''", "' '", "é"),
        *("10m", "'1h30m'", "59s", "1d", "2026-11-22", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00"),
        *("53a99a7be4b094c7c6d31b41", "123456789012345678901234", "053e10123456789012345678"),
        *("12345678901234567890e123", "53A99A7BE4B094C7C6D31B41", "reconciler/v1", "Dialog"),
        *(
            "vip-lounge",
            "VIP",
            "x" * 254,
            '"a\\nb"',
            '"a\\u2028b"',
            "|\n\n",
            "[]",
            "{}",
            "[7]",
            "[7, 8]",
            "[7, 7]",
        ),
        *("['7', 8]", "[true]", "{a: b}", "{a: 1}", "{a: }", "{'': a}", "{a: [b]}"),
        "[{id: 53a99a7be4b094c7c6d31b41}]",
    ]
)


@st.composite
def filled(draw: st.DrawFn, shape: keys.Shape, indent: str = "") -> str:
    """Draw a mapping of a shape; here and there a value is wrong, or a key missing or unknown."""
    lines: list[str] = []
    for key in shape.keys:
        if draw(st.integers(0, 11)) >= (11 if key.required else 6):
            continue
        name = key.name if draw(st.integers(0, 30)) else "other"
        if not draw(st.integers(0, 5)):
            lines.append(f"{indent}{name}: {draw(VALUES)}\n")
        elif isinstance(key.value, keys.Shape):
            lines.append(f"{indent}{name}:\n{draw(filled(key.value, indent + '  '))}")
        elif isinstance(key.value, keys.ListOf):
            item = draw(filled(key.value.items, indent + "    "))
            lines.append(f"{indent}{name}:\n{indent}  - {item.lstrip()}" if item else f"{indent}{name}: []\n")
        else:
            lines.append(f"{indent}{name}: {key.example}\n")
    return "".join(draw(st.permutations(lines)))


@settings(deadline=None, max_examples=500)
@given(filled(keys.MANIFEST))
def test_what_the_loader_accepts_an_editor_accepts(text: str) -> None:
    data = f"# a manifest\n{text}".encode()
    loaded = load(data, "any.yaml", RULES)
    if loaded.manifests:
        for document in as_an_editor_sees(data):
            EDITOR.validate(document)


def below(shape: keys.Shape, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], keys.Key]]:
    """Give every key of the format with the keys above it."""
    found: list[tuple[tuple[str, ...], keys.Key]] = []
    for key in shape.keys:
        found.append((path, key))
        inner = key.value.items if isinstance(key.value, keys.ListOf) else key.value
        if isinstance(inner, keys.Shape):
            found += below(inner, (*path, key.name))
    return found


WHOLE: dict[str, Any] = {
    "apiVersion": "reconciler/v1",
    "kind": "Dialog",
    "metadata": {"name": "vip-lounge", "labels": {"team": "support"}},
    "spec": {
        "dialogId": "53a99a7be4b094c7c6d31b41",
        "actAs": 96753878,
        "read": True,
        "delivered": [123, 456],
        "interval": "10m",
        "requestedAt": "2026-11-22",
        "suspend": {"reason": "legal hold", "until": "2026-12-01T00:00:00Z"},
        "messages": [
            {
                "id": "53aabe15e4b077ddd43e7fd3",
                "text": "Opening hours: 9-17",
                "actAs": 111,
                "read": [123],
                "delivered": True,
            }
        ],
    },
}


def test_the_whole_format_is_accepted_by_both() -> None:
    assert load(json.dumps(WHOLE).encode(), "any.yaml", RULES).problems == ()
    EDITOR.validate(WHOLE)


@pytest.mark.parametrize(("path", "key"), below(keys.MANIFEST), ids=lambda part: getattr(part, "name", ""))
@pytest.mark.parametrize(
    "wrong", [None, [["x"]], {"x": ["y"]}, "\x07"], ids=["null", "list", "mapping", "control"]
)
def test_every_key_of_the_format_is_read(path: tuple[str, ...], key: keys.Key, wrong: object) -> None:
    manifest = json.loads(json.dumps(WHOLE))
    place = manifest
    for name in path:
        place = place[name][0] if isinstance(place[name], list) else place[name]
    assert key.name in place
    place[key.name] = wrong
    assert load(json.dumps(manifest).encode(), "any.yaml", RULES).problems
    if wrong != "\x07":
        assert not EDITOR.is_valid(manifest)


@pytest.mark.parametrize(("path", "key"), below(keys.MANIFEST), ids=lambda part: getattr(part, "name", ""))
def test_both_know_which_keys_may_be_left_out(path: tuple[str, ...], key: keys.Key) -> None:
    manifest = json.loads(json.dumps(WHOLE))
    place = manifest
    for name in path:
        place = place[name][0] if isinstance(place[name], list) else place[name]
    del place[key.name]
    refused = bool(load(json.dumps(manifest).encode(), "any.yaml", RULES).problems)
    assert refused is key.required
    assert EDITOR.is_valid(manifest) is not refused
