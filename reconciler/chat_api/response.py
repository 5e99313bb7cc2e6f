"""An HTTP response as an answer: the service's words, cut short and made safe to show. Pure.

| the body is | words | page |
|---|---|---|
| `{"errors": ["a", "b"]}` | a; b | no |
| `{"errors": {"base": ["a"]}}` | a | no |
| `{"errors": {"field": "a"}}` | field: a | no |
| `{"code": null, "message": "a"}` | a | no |
| other JSON or text | as it stands | no |
| HTML or XML | its title, or `an HTML page` | yes |
| not text | `a body that is not text` | yes |
| empty | none | no |

Source: the vendor's *Update Message* page for the first; the others are seen at its other
endpoints and at gateways.
"""

import html
import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from reconciler.chat_api.echo import without_echo
from reconciler.core.outcome import Answered

_LONGEST_WORDS: Final = 200
_LONGEST_READ: Final = 1000
"""Characters of a body's words that are looked at; the rest could only be cut."""

_DEEPEST: Final = 4
_LONGEST_WAIT: Final = 86_400.0
_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_WAITS: Final = re.compile(r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,)?[^,]+")
"""Each of the waits in a list: the comma after the day of a date is not one between two of them."""

_REQUEST_ID: Final = re.compile(r"[\w.:;,=/+@-]{1,128}", re.ASCII)
_REQUEST_ID_HEADERS: Final = ("x-request-id", "x-correlation-id", "x-amzn-requestid", "x-amzn-trace-id")
_TITLE: Final = re.compile(r"<title[^>]{0,200}>([^<]{1,1000})", re.IGNORECASE)
_XML: Final = re.compile(r"<\?xml|<errors?\b", re.IGNORECASE)


def read_answer(
    status: int, headers: Mapping[str, str], body: bytes, *, sent: Iterable[str] = ()
) -> Answered:
    """Give what a response says. `headers` are looked up by lower-case names.

    `sent` is what must not come back in the words: the message text and the credential.
    """
    text = _decoded(body)
    page = text is None or text.startswith("<")
    words = ""
    if text is None:
        words = "a body that is not text"
    elif text:
        words = _shown(_page_title(text) if page else _spoken(text), sent)
    return Answered(
        status=status,
        words=words,
        request_id=_request_id(headers, sent),
        retry_after=_retry_after(headers),
        page=page,
    )


def _decoded(body: bytes) -> str | None:
    """Give the body without white space around it; None where it is not text."""
    encoding = "utf-16" if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
    text = body.decode(encoding, errors="replace").strip()
    strange = sum(char == "\ufffd" or (char < " " and not char.isspace()) for char in text[:_LONGEST_READ])
    return None if strange * 10 > len(text[:_LONGEST_READ]) else text


def _spoken(text: str) -> str:
    """Give the messages of a JSON body; the text itself where it has none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, dict):
        for key in ("errors", "error", "message"):
            said = "; ".join(_leaves(value.get(key)))
            if said:
                code = value.get("code")
                return f"{code}: {said}" if key == "message" and isinstance(code, str | int) else said
    return value if isinstance(value, str) else text


def _leaves(value: object, field: str = "", depth: int = 0) -> Iterator[str]:
    """Give every text inside a JSON value, with the field that it is about."""
    match value:
        case bool() | "":
            pass
        case str() | int() | float():
            yield f"{field}: {value}" if field else str(value)
        case list() if depth < _DEEPEST:
            for item in value:
                yield from _leaves(item, field, depth + 1)
        case dict() if depth < _DEEPEST:
            for key, item in value.items():
                told = key == "base" or (key == "message" and depth > 0)
                yield from _leaves(item, "" if told else key, depth + 1)
        case _:
            pass


def _page_title(text: str) -> str:
    found = _TITLE.search(text)
    title = html.unescape(found.group(1)).strip() if found else ""
    return title or ("an XML page" if _XML.match(text) else "an HTML page")


def _shown(words: str, sent: Iterable[str]) -> str:
    """Make words fit for a line of a terminal, a log and the ledger."""
    line = without_echo(" ".join(words[:_LONGEST_READ].split()), sent)
    safe = "".join(char if char.isprintable() else _escaped(char) for char in line)
    return safe if len(safe) <= _LONGEST_WORDS else safe[: _LONGEST_WORDS - 1] + "…"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _request_id(headers: Mapping[str, str], sent: Iterable[str]) -> str | None:
    """Give the id to quote to the vendor's support; one that is not plain ASCII is no id."""
    for name in _REQUEST_ID_HEADERS:
        value = headers.get(name)
        if value and _REQUEST_ID.fullmatch(value):
            return None if any(secret in value for secret in sent) else value
    return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Give the wait that the service asks for, in seconds, up to a day; of several the longest.

    A gateway may add its own to the one that it passes on. A date (RFC 9110, 10.2.3) is measured from
    the response's own `Date`, so no clock is needed and none can be wrong.
    """
    asked = _WAITS.findall(headers.get("retry-after", ""))
    waits = (_wait(each.strip(), headers.get("date", "")) for each in asked)
    return max((wait for wait in waits if wait is not None), default=None)


def _wait(asked: str, date: str) -> float | None:
    if _SECONDS.fullmatch(asked):
        return min(float(asked), _LONGEST_WAIT)
    until, sent_at = _seconds(asked), _seconds(date)
    if until is None or sent_at is None:
        return None
    return min(max(until - sent_at, 0.0), _LONGEST_WAIT)


def _seconds(http_date: str) -> float | None:
    """Give an HTTP date as seconds since 1970."""
    try:
        moment = parsedate_to_datetime(http_date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
