"""A login as an HTTP request: `POST /session.json`, signed. Pure.

Source: the vendor's *Authentication* page. The signature is the HMAC of the parameters, sorted by
name and joined as `name=value` with `&`. The values in it are as they are: nothing is escaped, and
the brackets of `user[login]` are literal. The body is a form, as the vendor's own clients send it.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from reconciler.chat_api.credentials import OwnSession

SESSION_PATH: Final = "/session.json"
CONTENT_TYPE: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """One login, complete but for the host. Its `repr` shows nothing."""

    fields: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """What must not come back in words: all that was sent but the times, and the auth secret."""

    def body(self) -> bytes:
        """Give the form."""
        return urlencode(self.fields).encode()


def session_request(credential: OwnSession, *, timestamp: int, nonce: int) -> SessionRequest:
    """Give the request that makes a session. `timestamp` is in unix seconds.

    The service takes a timestamp within an hour of its own time, and each nonce with it once.
    """
    named = "user[email]" if "@" in credential.login else "user[login]"
    fields = {
        "application_id": str(credential.application_id),
        "auth_key": credential.auth_key.reveal(),
        "nonce": str(nonce),
        "timestamp": str(timestamp),
        named: credential.login,
        "user[password]": credential.password.reveal(),
    }
    secret = credential.auth_secret.reveal()
    signed = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    signature = hmac.new(secret.encode(), signed.encode(), credential.signature_hash.value).hexdigest()
    secrets = (fields["auth_key"], credential.login, fields["user[password]"], secret, signature)
    return SessionRequest(fields={**fields, "signature": signature}, secrets=secrets)
