"""Why the chat service gave no session, and what helps."""

from http import HTTPStatus
from typing import Final

from reconciler.core.failure import Failure
from reconciler.core.outcome import Answer, Answered, Unanswered, said
from reconciler.settings import CredentialKind
from reconciler.source.rules import Rules

_SIGNATURE: Final = "Unexpected signature"
"""The service's words (422) for a login that is not signed as it expects."""

_WHO: Final = {
    CredentialKind.TOKEN: "RECONCILER_TOKEN or RECONCILER_TOKEN_FILE",
    CredentialKind.SESSION: "RECONCILER_LOGIN and RECONCILER_PASSWORD or RECONCILER_PASSWORD_FILE",
}
"""The settings that say who we are."""

_APPLICATION: Final = (
    "RECONCILER_AUTH_SECRET or RECONCILER_AUTH_SECRET_FILE, RECONCILER_AUTH_KEY, "
    "RECONCILER_APPLICATION_ID and RECONCILER_SIGNATURE_HASH"
)


class LoginFailed(Failure):
    """The chat service gave no session."""


def known_rules(identity: Rules | Answer, kind: CredentialKind | None) -> Rules:
    """Give what manifests are read under. Raises LoginFailed where a login failed instead."""
    if isinstance(identity, Rules):
        return identity
    raise LoginFailed(_words(identity, kind))


def expect_session(answer: Answer | None, kind: CredentialKind | None) -> None:
    """Raise LoginFailed where a login failed."""
    if answer is not None:
        raise LoginFailed(_words(answer, kind))


def _words(answer: Answer, kind: CredentialKind | None) -> str:
    match answer:
        case Answered(status=status, words=words, page=False) if status < HTTPStatus.MULTIPLE_CHOICES:
            return words  # ours: there is a session, and it is of no use
        case _:
            return f"no session with the chat service: {said(answer)}; {_todo(answer, kind)}"


def _todo(answer: Answer, kind: CredentialKind | None) -> str:
    """Say what helps, going by what a login was answered (docs/credentials.md)."""
    match answer:
        case Unanswered():
            return "correct the settings, or run this again later"
        case Answered(status=HTTPStatus.UNAUTHORIZED) if kind in _WHO:
            return f"look at {_WHO[kind]}"
        case Answered(status=HTTPStatus.UNPROCESSABLE_ENTITY, words=words) if _SIGNATURE in words:
            return f"look at {_APPLICATION}"
        case Answered(status=status):
            later = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
            return "run this again later" if later else "correct the settings"
