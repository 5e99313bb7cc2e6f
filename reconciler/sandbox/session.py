"""One session as the service keeps it and shows it.

Source: the vendor's *Authentication* page, "Create Session", and its page "Get Session".
"""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

_NUMBERS: Final = 2**31


@dataclass(slots=True, kw_only=True)
class Session:
    """One session. Without a user it is an application session: read-only. Times are in unix seconds.

    `timestamp` and `nonce` are those of the login, as far as there was one.
    """

    user: int | None
    last_request: float
    application: int = 0
    created_at: float = 0.0
    timestamp: int = 0
    nonce: str = "0"
    number: int = field(default_factory=lambda: secrets.randbelow(_NUMBERS))

    def shown(self, token: str) -> dict[str, object]:
        """Give it in the service's field names; `token` is what opens it."""
        return {
            "_id": f"{self.number:024x}",
            "application_id": self.application,
            "created_at": _moment(self.created_at),
            "id": self.number,
            "nonce": self.nonce,
            "token": token,
            "ts": self.timestamp,
            "updated_at": _moment(self.last_request),
            "user_id": self.user or 0,
        }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
