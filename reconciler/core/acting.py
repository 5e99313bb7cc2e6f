"""Who may act, and who does where a manifest is silent."""

from dataclasses import dataclass

from reconciler.core.message import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Who may act: the credential's own user, or anyone; and who does where a manifest is silent."""

    default: UserId | None = None
    only: UserId | None = None
    """The one user a user session token acts for; None for an API key, which acts for any."""
