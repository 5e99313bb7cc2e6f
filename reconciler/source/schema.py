"""The JSON Schema of a manifest, made from the keys that the loader reads.

An editor's YAML parser types scalars before it validates: an id of digits only is a number to it.
Where the loader takes a scalar as it is spelled, the schema therefore takes every type of scalar,
and its patterns bind strings only. So it refuses nothing that the loader accepts, and less than
the loader does.

Source: JSON Schema, draft 2020-12.
"""

import json
from typing import Any, Final

from reconciler.source.keys import API_VERSION, DIALOG_KIND, MANIFEST, Key, Kind, ListOf, Shape
from reconciler.source.values import DURATION, LONGEST_LINE, MOMENT, NAME

_Schema = dict[str, Any]

_AS_SPELLED: Final = ["string", "number", "boolean"]
_LARGEST_USER: Final = 2**63 - 1
_ONE_LINE: Final = r"^[^\n]*$"


def json_schema() -> _Schema:
    """Give the schema of one document; a value of its own at each call."""
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
            return {"description": key.about, **_value(kind), **_example(kind, key.example)}


def _example(kind: Kind, example: str) -> _Schema:
    match kind:
        case Kind.USER | Kind.MARK:
            return {"examples": [json.loads(example)]}
        case Kind.API_VERSION | Kind.KIND | Kind.LABELS:
            return {}
        case Kind.NAME | Kind.ID | Kind.DURATION | Kind.MOMENT | Kind.LINE | Kind.TEXT:
            return {"examples": [example]}


def _value(kind: Kind) -> _Schema:  # noqa: PLR0911  # one return for each kind
    match kind:
        case Kind.API_VERSION:
            return {"const": API_VERSION}
        case Kind.KIND:
            return {"const": DIALOG_KIND}
        case Kind.NAME:
            return {"type": _AS_SPELLED, "pattern": f"^{NAME}$", "maxLength": LONGEST_LINE}
        case Kind.LABELS:
            label = {"type": _AS_SPELLED, "pattern": _ONE_LINE, "maxLength": LONGEST_LINE}
            names = {"pattern": _ONE_LINE, "minLength": 1, "maxLength": LONGEST_LINE}
            return {"type": "object", "propertyNames": names, "additionalProperties": label}
        case Kind.ID:
            return {"type": ["string", "number"], "pattern": "^[0-9a-f]{24}$"}
        case Kind.USER:
            return _user()
        case Kind.MARK:
            users = {"type": "array", "items": _user(), "minItems": 1, "uniqueItems": True}
            return {"anyOf": [{"const": True}, users]}
        case Kind.DURATION:
            return {"type": "string", "pattern": f"^{DURATION}$"}
        case Kind.MOMENT:
            return {"type": "string", "pattern": f"^{MOMENT}$"}
        case Kind.LINE:
            return {"type": _AS_SPELLED, "pattern": _ONE_LINE, "minLength": 1, "maxLength": LONGEST_LINE}
        case Kind.TEXT:
            return {"type": _AS_SPELLED, "minLength": 1}


def _user() -> _Schema:
    digits = {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}
    return {"anyOf": [{"type": "integer", "minimum": 1, "maximum": _LARGEST_USER}, digits]}
