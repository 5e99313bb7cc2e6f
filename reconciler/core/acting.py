"""Who may act, and who does where a manifest is silent."""

from typing import NamedTuple

from reconciler.core.message import UserId


class Acting(NamedTuple):
    """Who may act: the credential's own user, or anyone; and who does where a manifest is silent."""

    default: UserId | None = None
    only: UserId | None = None
    """The one user a user session token acts for; None for an API key, which acts for any."""
