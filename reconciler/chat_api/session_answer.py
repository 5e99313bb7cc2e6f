"""What the service says about a session: the one that it made, whose one is, and when one ends. Pure.

Source: the vendor's *Authentication* page for the answer to a login, and its page "Get Session"; the
header was seen in replies.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.chat_api.secret import LONGEST, TOKEN, Secret
from reconciler.core.message import UserId

_ENDS: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (UTC|[+-]\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSession:
    """A session as the service made it. Without a user it is an application session: it only reads."""

    token: Secret
    user: UserId | None


@dataclass(frozen=True, slots=True)
class SessionUser:
    """Whose a session is. Without a user it is an application session: it only reads."""

    user: UserId | None


def read_session(body: bytes) -> MadeSession | None:
    """Give the session in the body of an answer to a login; None where there is none to be read."""
    match _read(body):
        case {"session": {"token": str(token), **rest}} if _can_be_sent(token):
            return MadeSession(token=Secret(token), user=_user(rest.get("user_id")))
        case _:
            return None


def read_user(body: bytes) -> SessionUser | None:
    """Give whose the session is that an answer to "Get Session" shows; None where it does not tell."""
    match _read(body):
        case {"session": {**shown}}:
            told = shown.get("user_id")
            user = _user(told)
            nobody = told is None or (type(told) is int and told == 0)
            return SessionUser(user) if nobody or user is not None else None
        case _:
            return None


def read_end(headers: Mapping[str, str]) -> float | None:
    """Give when the session ends, in unix seconds, where a reply says so in a form that was seen."""
    found = _ENDS.fullmatch(headers.get("qb-token-expirationdate", "").strip())
    if found is None:
        return None
    try:
        moment = datetime.strptime(f"{found[1]} {found[2].replace('UTC', '+0000')}", "%Y-%m-%d %H:%M:%S %z")
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def _read(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _can_be_sent(token: str) -> bool:
    return len(token) <= LONGEST and TOKEN.allowed.fullmatch(token) is not None


def _user(value: object) -> UserId | None:
    """Give whose session it is; 0, null and what is no id at all are nobody."""
    try:
        return UserId(value) if type(value) is int else None
    except ValueError:
        return None
