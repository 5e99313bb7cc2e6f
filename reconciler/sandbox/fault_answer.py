"""The answers of faults that a whole HTTP answer can show."""

import functools
import zlib
from dataclasses import replace
from http import HTTPStatus
from typing import Final
from xml.sax.saxutils import escape

from reconciler.sandbox.answer import HTML, XML, Answer, errors, invalid, json_answer
from reconciler.sandbox.faults import Answered, BodyShape, GzipBomb, Redirect, Status

_WORDS: Final = {
    HTTPStatus.UNAUTHORIZED: "Required session does not exist",
    HTTPStatus.FORBIDDEN: "You don't have appropriate permissions to perform this operation",
    HTTPStatus.NOT_FOUND: "The resource wasn't found",
}
_GZIP: Final = 31
"""zlib's number for the gzip format with the largest window."""

_MEGABYTE: Final = bytes(1024 * 1024)


def fault_answer(fault: Answered) -> Answer:
    """Give the answer of a fault."""
    match fault:
        case Status():
            return replace(_shaped(fault), headers=fault.headers)
        case Redirect(location=location, status=status):
            return Answer(status=status, content_type=HTML, headers={"Location": location})
        case GzipBomb(megabytes=megabytes):
            body = _zeros(megabytes)
            return Answer(status=HTTPStatus.OK, body=body, headers={"Content-Encoding": "gzip"})


def _shaped(fault: Status) -> Answer:  # noqa: PLR0911  # one line for each shape there is
    status = fault.status
    words = fault.words or _usual_words(status)
    match fault.body:
        case BodyShape.ERRORS:
            return errors(status, words)
        case BodyShape.BASE:
            return invalid("base", words, status=status)
        case BodyShape.FIELD:
            return invalid("message", words, status=status)
        case BodyShape.FIELD_TEXT:
            return json_answer({"errors": {"message": words}}, status=status)
        case BodyShape.MESSAGE:
            return json_answer({"code": None, "message": words}, status=status)
        case BodyShape.EMPTY:
            return Answer(status=status)
        case BodyShape.HTML:
            body = f"<html><head><title>{status}</title></head><body><h1>{escape(words)}</h1></body></html>"
            return Answer(status=status, body=body.encode(), content_type=HTML)
        case BodyShape.XML:
            body = f'<?xml version="1.0" encoding="UTF-8"?><errors><error>{escape(words)}</error></errors>'
            return Answer(status=status, body=body.encode(), content_type=XML)
        case BodyShape.GARBAGE:
            return Answer(status=status, body=b'\x00\xff\xfe{"errors": [')


def _usual_words(status: int) -> str:
    if status in _WORDS:
        return _WORDS[HTTPStatus(status)]
    return HTTPStatus(status).phrase if status in list(HTTPStatus) else f"Status {status}"


@functools.lru_cache(maxsize=4)
def _zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(wbits=_GZIP)
    return b"".join([packer.compress(_MEGABYTE) for _ in range(megabytes)]) + packer.flush()
