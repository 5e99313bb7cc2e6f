"""A request to the service, taken off the wire but not judged."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from reconciler.sandbox.answer import BAD_BODY, WRONG_CONTENT_TYPE, Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One request. `path` is as it stood on the wire, `query` without its `?`.

    `fields` are the body's; a nested object is flattened as a form writes it: `user[login]`.
    `malformed` is the refusal where the body could not be read.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    fields: Mapping[str, object]
    malformed: Answer | None = None

    def parameters(self) -> dict[str, str]:
        """Give the query's parameters; of a repeated one the last counts."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def parameters_and_fields(self) -> dict[str, str]:
        """Give the parameters of query and body: the vendor's examples send a body with GET, too."""
        return {name: str(value) for name, value in self.fields.items()} | self.parameters()


def chat_request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> ChatRequest:
    """Make a request of what came over the wire. `headers` take names in any case."""
    path, _, query = target.partition("?")
    read = _read_body(headers.get("Content-Type", ""), body) if body else {}
    fields, malformed = ({}, read) if isinstance(read, Answer) else (read, None)
    return ChatRequest(
        method=method, path=path, query=query, headers=headers, fields=fields, malformed=malformed
    )


def _read_body(content_type: str, body: bytes) -> dict[str, object] | Answer:
    match content_type.partition(";")[0].strip().lower():
        case "application/json":
            return _read_json(body)
        case "application/x-www-form-urlencoded":
            return _read_form(body)
        case _:
            return WRONG_CONTENT_TYPE


def _read_json(body: bytes) -> dict[str, object] | Answer:
    try:
        value = json.loads(body.decode())
    except (ValueError, RecursionError):
        return BAD_BODY
    return _flat(value) if isinstance(value, dict) else BAD_BODY


def _read_form(body: bytes) -> dict[str, object] | Answer:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict"))
    except ValueError:
        return BAD_BODY


def _flat(value: Mapping[str, object]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for name, field in value.items():
        if isinstance(field, dict):
            fields |= {f"{name}[{inner}]": each for inner, each in field.items()}
        else:
            fields[name] = field
    return fields
