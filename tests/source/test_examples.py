"""The manifests of the README and of `make demo` are valid, and editors know their schema."""

from pathlib import Path

import pytest

from reconciler.core.acting import Acting
from reconciler.core.manifest import Manifest
from reconciler.source.conflict import Declaration, conflicts
from reconciler.source.rules import Rules
from reconciler.source.yaml_file import load

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "manifests").rglob("*.yaml"))


def manifests() -> list[Manifest]:
    rules = Rules(acting=Acting())
    return [m for file in FILES for m in load(file.read_bytes(), str(file), rules).manifests]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_example_is_valid_without_any_setting(file: Path) -> None:
    loaded = load(file.read_bytes(), file.name, Rules(acting=Acting()))
    assert loaded.problems == ()
    assert loaded.manifests


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_example_names_its_schema_in_the_first_line(file: Path) -> None:
    start, _, schema = file.read_text().partition("\n")[0].partition("$schema=")
    assert start == "# yaml-language-server: "
    assert (file.parent / schema).resolve() == ROOT / "docs/manifest.schema.json"


def test_the_examples_do_not_conflict() -> None:
    declared = [Declaration(name=m.name, dialog=m.dialog, origin=m.origin) for m in manifests()]
    assert conflicts(declared) == ()


def test_the_examples_show_each_part_of_the_format() -> None:
    examples = manifests()
    messages = [message for manifest in examples for message in manifest.messages]
    for part in ("labels", "read", "delivered", "interval", "requested_at", "suspend"):
        assert [m.name for m in examples if getattr(m, part)], part
    for part in ("text", "read", "delivered"):
        assert [m.id for m in messages if getattr(m, part)], part
    assert [m.name for m in examples if len({t.text.actor for t in m.messages if t.text}) > 1]
