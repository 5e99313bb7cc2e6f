"""What came of one action, judged from what the API answered.

| the API said | so the change is | because |
|---|---|---|
| a page with any status but 401 and 429 | deferred, outage | a gateway answered in the service's place |
| 2xx | applied | success is 200 with an empty body |
| 401 | deferred, credential | the session is gone or the credential wrong; the change is fine |
| 3xx | deferred, outage | another host answered for `RECONCILER_API_URL`; redirects are not followed |
| 408, 5xx, no answer | deferred, outage | the PUT may have been applied; a repeat is harmless |
| 403 to a text with marks | deferred, mixed | one part may be allowed: they are tried one by one |
| 429 | deferred, throttled | too fast |
| 400, 403, 404, 422, other 4xx | rejected | the same call would be refused again |

Source: the vendor's *Update Message* page for 200, 403 and 404; the others are seen elsewhere.
"""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The service answered. `words` are its own, cut short; `retry_after` is in seconds."""

    status: int
    words: str = ""
    request_id: str | None = None
    retry_after: float | None = None
    page: bool = False
    """Whether the body was HTML, XML or no text at all: the service itself sends JSON or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """No whole answer came: the call was not sent, or what it did is unknown."""

    words: str
    sent: bool
    """False only where the request cannot have reached the service."""


Answer = Answered | Unanswered


class Cause(StrEnum):
    """Why an action is to be tried again."""

    THROTTLED = "throttled"
    OUTAGE = "outage"
    CREDENTIAL = "credential"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Applied:
    """The API confirmed the change."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not applied as far as anyone knows; try again, no sooner than `retry_after` seconds."""

    cause: Cause
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Refused for good: held until the manifest changes."""


Outcome = Applied | Deferred | Rejected


def said(answer: Answer) -> str:
    """Give what came back in words for a reader: the status, where there is one, and the words."""
    match answer:
        case Answered(status=status, words=words):
            return f"{status} {words}".strip()
        case Unanswered(words=words):
            return words


def judge(answer: Answer, *, mixed: bool = False) -> Outcome:
    """Give the outcome that follows from an answer, by the table above.

    `mixed` tells that the call carried a text and marks.
    """
    match answer:
        case Unanswered():
            return Deferred(Cause.OUTAGE)
        case Answered(status=HTTPStatus.FORBIDDEN, page=False) if mixed:
            return Deferred(Cause.MIXED)
        case Answered(status=status, page=page, retry_after=retry_after):
            return _judge_status(status, page=page, retry_after=retry_after)


def _judge_status(status: int, *, page: bool, retry_after: float | None) -> Outcome:
    if status == HTTPStatus.UNAUTHORIZED:
        return Deferred(Cause.CREDENTIAL)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Deferred(Cause.THROTTLED, retry_after)
    if page:
        return Deferred(Cause.OUTAGE, retry_after)
    if 200 <= status < 300:  # noqa: PLR2004  # the class of success
        return Applied()
    if 400 <= status < 500 and status != HTTPStatus.REQUEST_TIMEOUT:  # noqa: PLR2004  # the class of refusals
        return Rejected()
    return Deferred(Cause.OUTAGE, retry_after)
