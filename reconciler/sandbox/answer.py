"""What the service answers: the documented bodies word for word, and ours where none is documented."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

JSON: Final = "application/json; charset=utf-8"
XML: Final = "application/xml; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(value: object, *, status: int = HTTPStatus.OK) -> Answer:
    """Give a value as JSON, written as densely as the service writes it."""
    return Answer(status=status, body=json.dumps(value, separators=(",", ":")).encode())


def errors(status: int, words: str) -> Answer:
    """Give the documented shape of a refusal: a list of texts."""
    return json_answer({"errors": [words]}, status=status)


def invalid(name: str, words: str, *, status: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> Answer:
    """Give the shape that names a field; `base` stands for the request as a whole."""
    return json_answer({"errors": {name: [words]}}, status=status)


DONE: Final = Answer(status=HTTPStatus.OK)
"""Success of Update Message: an empty body."""

FORBIDDEN: Final = errors(
    HTTPStatus.FORBIDDEN, "You don't have appropriate permissions to perform this operation"
)
NOT_FOUND: Final = errors(HTTPStatus.NOT_FOUND, "The resource wasn't found")
TOKEN_REQUIRED: Final = errors(HTTPStatus.UNAUTHORIZED, "Token is required")
NO_SESSION: Final = errors(HTTPStatus.UNAUTHORIZED, "Required session does not exist")
NO_SESSION_TO_SHOW: Final = invalid("base", "Required session does not exist", status=HTTPStatus.UNAUTHORIZED)
"""What Get Session documents in the place of the one above."""

UNAUTHORIZED: Final = errors(HTTPStatus.UNAUTHORIZED, "Unauthorized")
BAD_SIGNATURE: Final = invalid("base", "Unexpected signature")

BAD_BODY: Final = errors(HTTPStatus.BAD_REQUEST, "Bad request")
WRONG_CONTENT_TYPE: Final = errors(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Unsupported content type")
TOO_FAST: Final = errors(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests")
TOO_LARGE: Final = errors(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request is too large")

NOT_FOUND_XML: Final = Answer(
    status=HTTPStatus.NOT_FOUND,
    body=b'<?xml version="1.0" encoding="UTF-8"?><errors><error>The resource wasn\'t found</error></errors>',
    content_type=XML,
)
"""A path without `.json` is answered in XML."""
