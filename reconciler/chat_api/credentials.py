"""Who we are to the chat service: an API key, a user's session token, or what makes a session.

Source: the vendor's *Update Message* page, "Headers": either `QB-Token`, or `Authorization:
ApiKey ...` with `On-Behalf-Of`. The API key's calls always name the user: without one there is
nobody whose mark could be set. For sessions, its *Authentication* page.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.chat_api.secret import Secret
from reconciler.chat_api.secret_file import SecretFile
from reconciler.core.message import UserId


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The account's key from the vendor's dashboard: never expires, acts for any user."""

    secret: Secret | SecretFile

    def headers(self, actor: UserId) -> dict[str, str]:
        """Give the headers of a call that `actor` makes."""
        return {"Authorization": f"ApiKey {self.secret.reveal()}", "On-Behalf-Of": str(actor)}


@dataclass(frozen=True, slots=True)
class UserToken:
    """A user's session token: acts as its user only, and dies two hours after its last call.

    `user` is who that must be, where it is known beforehand.
    """

    secret: Secret | SecretFile
    user: UserId | None = None

    @property
    def setting(self) -> str:
        """Give the setting that holds it, or that names its file."""
        return self.secret.setting if isinstance(self.secret, SecretFile) else "RECONCILER_TOKEN"


class SignatureHash(StrEnum):
    """What the signature of a login is made with; the name is hashlib's."""

    SHA1 = "sha1"
    SHA256 = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSession:
    """What a session of our own is made with: an application that signs, and a user who logs in.

    `auth_key` goes in clear with each login and signs nothing; it hides here all the same. A `login`
    with an @ is an email address. `user` is who the session must be of, where that is known.
    """

    application_id: int
    auth_key: Secret
    auth_secret: Secret | SecretFile
    login: str = field(repr=False)
    password: Secret | SecretFile
    user: UserId | None = None
    signature_hash: SignatureHash = SignatureHash.SHA1


Credential = ApiKey | UserToken | OwnSession
