"""Who is asking: API keys, user sessions and application sessions; and how a session is made.

Source: the vendor's *Authentication* page and what its clients show of it; for the answer to
`GET /session.json` its page "Get Session".
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from reconciler.sandbox.answer import (
    BAD_SIGNATURE,
    NO_SESSION,
    NO_SESSION_TO_SHOW,
    TOKEN_REQUIRED,
    UNAUTHORIZED,
    Answer,
    invalid,
    json_answer,
)
from reconciler.sandbox.seed import Application, Credentials, Login
from reconciler.sandbox.session import Session

_SCHEME: Final = "ApiKey "
_TIMESTAMP_VALID: Final = 3600
_TOKEN_BYTES: Final = 20
_HASHES: Final = {40: hashlib.sha1, 64: hashlib.sha256}
"""The hash by the signature's length in hex digits; SHA-1 is the vendor's default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking. Without a user nothing can be marked or edited.

    `expires_at` is the end of the session in unix seconds; None for an API key, which never expires.
    """

    user: int | None
    expires_at: float | None = None


class Access:
    """The keys and the living sessions."""

    def __init__(self, credentials: Credentials, lifetime: float, clock: Callable[[], float]) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._api_keys: set[str] = set()
        self._applications: dict[int, Application] = {}
        self._logins: dict[str, Login] = {}
        self._nonces: set[tuple[str, str]] = set()
        self.sessions: dict[str, Session] = {}
        self.add(credentials)

    def add(self, credentials: Credentials) -> None:
        """Let in what these credentials name; the session tokens live from now on."""
        now = self._clock()
        self._api_keys |= set(credentials.api_keys)
        self._applications |= {each.id: each for each in credentials.applications}
        self._logins |= {
            name: each for each in credentials.logins for name in (each.login, each.email) if name
        }
        application = next(iter(self._applications), 0)
        given = {**credentials.tokens, **dict.fromkeys(credentials.application_tokens)}
        for token, user in given.items():
            self.sessions[token] = Session(
                user=user, last_request=now, application=application, created_at=now, timestamp=int(now)
            )

    def identify(self, headers: Mapping[str, str]) -> Caller | Answer:
        """Give who is asking, or the refusal. A session lives on from here."""
        token = headers.get("QB-Token")
        authorization = headers.get("Authorization")
        if token is not None and authorization is not None:
            return UNAUTHORIZED
        if authorization is not None:
            return self._identify_key(authorization, headers.get("On-Behalf-Of"))
        if not token:
            return TOKEN_REQUIRED
        return self._identify_session(token)

    def create_session(self, fields: Mapping[str, object]) -> Answer:
        """Answer `POST /session.json`."""
        given = {name: str(value) for name, value in fields.items()}
        for name in ("application_id", "auth_key", "timestamp", "nonce", "signature"):
            if not given.get(name):
                return invalid(name, "is required")
        application = self._application(given)
        if application is None or not _is_signed(given, application.auth_secret):
            return BAD_SIGNATURE
        if refusal := self._refuse_timing(given):
            return refusal
        asked = given.get("user[login]") or given.get("user[email]")
        login = self._logins.get(asked) if asked else None
        if asked and (login is None or login.password != given.get("user[password]")):
            return UNAUTHORIZED
        return self._created(application, login.user if login else None, given)

    def show_session(self, headers: Mapping[str, str]) -> Answer:
        """Answer `GET /session.json`: a token's own session; an API key has none to show."""
        token = None if "Authorization" in headers else headers.get("QB-Token")
        session = self.sessions.get(token) if token else None
        if token is None or session is None:
            return NO_SESSION_TO_SHOW
        return json_answer({"session": session.shown(token)})

    def revoke(self, credential: str) -> None:
        """Let an API key in no longer, or end the session of a token."""
        self._api_keys.discard(credential)
        self.sessions.pop(credential, None)

    def end_sessions(self) -> None:
        """End every session, as if it had expired."""
        self.sessions.clear()

    def _identify_key(self, authorization: str, on_behalf_of: str | None) -> Caller | Answer:
        if not authorization.startswith(_SCHEME) or authorization[len(_SCHEME) :] not in self._api_keys:
            return UNAUTHORIZED
        if on_behalf_of is None:
            return Caller(user=None)
        if not (on_behalf_of.isascii() and on_behalf_of.isdigit()):
            return invalid("base", "On-Behalf-Of must be a user ID")
        return Caller(user=int(on_behalf_of))

    def _identify_session(self, token: str) -> Caller | Answer:
        session = self.sessions.get(token)
        now = self._clock()
        if session is None or now - session.last_request >= self._lifetime:
            self.sessions.pop(token, None)
            return NO_SESSION
        session.last_request = now
        return Caller(user=session.user, expires_at=now + self._lifetime)

    def _application(self, given: Mapping[str, str]) -> Application | None:
        number = given["application_id"]
        known = self._applications.get(int(number)) if number.isascii() and number.isdigit() else None
        return known if known and known.auth_key == given["auth_key"] else None

    def _refuse_timing(self, given: Mapping[str, str]) -> Answer | None:
        """Refuse an old timestamp, and a nonce that was used with the same timestamp."""
        timestamp, nonce = given["timestamp"], given["nonce"]
        if not (timestamp.isascii() and timestamp.isdigit()):
            return invalid("timestamp", "must be a unix time")
        if abs(self._clock() - int(timestamp)) > _TIMESTAMP_VALID:
            return invalid("timestamp", "must be within an hour of now")
        if (timestamp, nonce) in self._nonces:
            return invalid("nonce", "has already been used with this timestamp")
        self._nonces.add((timestamp, nonce))
        return None

    def _created(self, application: Application, user: int | None, given: Mapping[str, str]) -> Answer:
        now = self._clock()
        token = secrets.token_hex(_TOKEN_BYTES)
        session = self.sessions[token] = Session(
            user=user,
            last_request=now,
            application=application.id,
            created_at=now,
            timestamp=int(given["timestamp"]),
            nonce=given["nonce"],
        )
        return json_answer({"session": session.shown(token)}, status=HTTPStatus.CREATED)


def _is_signed(given: Mapping[str, str], secret: str) -> bool:
    """Check the HMAC over the sorted `name=value` pairs, the values as they are."""
    signature = given["signature"]
    signed = "&".join(f"{name}={given[name]}" for name in sorted(given) if name != "signature")
    if (algorithm := _HASHES.get(len(signature))) is None:
        return False
    expected = hmac.new(secret.encode(), signed.encode(), algorithm).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def expiration(expires_at: float) -> dict[str, str]:
    """Give the header that every answer to a session carries."""
    end = datetime.fromtimestamp(expires_at, UTC)
    return {"QB-Token-ExpirationDate": end.strftime("%Y-%m-%d %H:%M:%S UTC")}
