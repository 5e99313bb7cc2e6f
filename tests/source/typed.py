"""YAML as an editor types it: the core schema of YAML 1.2, which JSON Schema is then applied to."""

import re
from typing import Any

import yaml


class EditorLoader(yaml.SafeLoader):
    """Takes nothing but null, true, false and decimal numbers for anything but text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's own way to start afresh


def _resolve(tag: str, pattern: str, first: str) -> None:
    EditorLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), [*first, ""])


_resolve("null", r"^(~|null|Null|NULL|)$", "~nN")
_resolve("bool", r"^(true|True|TRUE|false|False|FALSE)$", "tTfF")
_resolve("int", r"^[-+]?[0-9]+$", "-+0123456789")
_resolve("float", r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", "-+.0123456789")
EditorLoader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))
EditorLoader.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(node.value))


def as_an_editor_sees(data: bytes) -> list[Any]:
    """Give the documents of a file, typed."""
    return list(yaml.load_all(data, EditorLoader))
