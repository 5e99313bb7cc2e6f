"""The JSON Schema of a manifest, made from the keys that the loader reads.

An editor's YAML parser types scalars before it validates: an id of digits only is a number to it.
Where the loader takes a scalar as it is spelled, the schema therefore takes every type of scalar,
and its patterns bind strings only. So it refuses nothing that the loader accepts, and less than
the loader does.

Source: JSON Schema, draft 2020-12.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from reconciler.source.keys import API_VERSION, DIALOG_KIND, MANIFEST, Key, Kind, ListOf, Shape
from reconciler.source.values import DURATION, LONGEST_LINE, MOMENT, NAME

_Schema = dict[str, Any]

_AS_SPELLED: Final = ["string", "number", "boolean"]
_LARGEST_USER: Final = 2**63 - 1
_ONE_LINE: Final = r"^[^\n]*$"
_DIGITS: Final[_Schema] = {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}
_USER: Final[_Schema] = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": _LARGEST_USER}, _DIGITS]}
_USERS: Final[_Schema] = {"type": "array", "items": _USER, "minItems": 1, "uniqueItems": True}
_LINE: Final[_Schema] = {"type": _AS_SPELLED, "pattern": _ONE_LINE, "maxLength": LONGEST_LINE}

_VALUES: Final[Mapping[Kind, _Schema]] = {
    Kind.API_VERSION: {"const": API_VERSION},
    Kind.KIND: {"const": DIALOG_KIND},
    Kind.NAME: {"type": _AS_SPELLED, "pattern": f"^{NAME}$", "maxLength": LONGEST_LINE},
    Kind.LABELS: {
        "type": "object",
        "propertyNames": {"pattern": _ONE_LINE, "minLength": 1, "maxLength": LONGEST_LINE},
        "additionalProperties": _LINE,
    },
    Kind.ID: {"type": ["string", "number"], "pattern": "^[0-9a-f]{24}$"},
    Kind.USER: _USER,
    Kind.MARK: {"anyOf": [{"const": True}, _USERS]},
    Kind.DURATION: {"type": "string", "pattern": f"^{DURATION}$"},
    Kind.MOMENT: {"type": "string", "pattern": f"^{MOMENT}$"},
    Kind.LINE: {**_LINE, "minLength": 1},
    Kind.TEXT: {"type": _AS_SPELLED, "minLength": 1},
}


def json_schema() -> _Schema:
    """Give the schema of one document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Dialog manifest",
        **_shape(MANIFEST),
    }


def _shape(shape: Shape) -> _Schema:
    schema: _Schema = {
        "description": shape.about,
        "type": "object",
        "properties": {key.name: _property(key) for key in shape.keys},
        "required": [key.name for key in shape.required],
        "additionalProperties": False,
    }
    if shape.any_of:
        schema["anyOf"] = _any_of(shape.any_of)
    if shape.dependent:
        schema["dependentSchemas"] = {key.name: {"anyOf": _any_of(key.needs)} for key in shape.dependent}
    return schema


def _any_of(names: frozenset[str]) -> list[_Schema]:
    return [{"required": [name]} for name in sorted(names)]


def _property(key: Key) -> _Schema:
    match key.value:
        case Shape() as shape:
            return {**_shape(shape), "description": key.about}
        case ListOf(items=shape):
            return {"description": key.about, "type": "array", "items": _shape(shape)}
        case Kind() as kind:
            return {"description": key.about, **_VALUES[kind], **_example(kind, key.example)}


def _example(kind: Kind, example: str) -> _Schema:
    match kind:
        case Kind.USER | Kind.MARK:
            return {"examples": [json.loads(example)]}
        case Kind.API_VERSION | Kind.KIND | Kind.LABELS:
            return {}
        case Kind.NAME | Kind.ID | Kind.DURATION | Kind.MOMENT | Kind.LINE | Kind.TEXT:
            return {"examples": [example]}
