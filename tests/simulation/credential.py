"""Who the reconciler is to the service: a key, a token, or a session of its own; and its rotation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Final

from reconciler.chat_api.credentials import ApiKey, Credential, OwnSession, UserToken
from reconciler.chat_api.secret import PHRASE, Secret
from reconciler.chat_api.secret_file import SecretFile
from reconciler.core.acting import Acting
from reconciler.core.message import UserId
from reconciler.sandbox.sandbox import Sandbox
from reconciler.sandbox.seed import Application, Credentials, Login, Seed
from tests.program.chat import ANN, BEN

_LOGIN: Final = "bot"
_APPLICATION: Final = Application(id=92, auth_key="auth-key", auth_secret="auth-secret")


class Kind(Enum):
    """The kinds of credential."""

    KEY = auto()
    KEY_FILE = auto()
    SESSION = auto()
    TOKEN = auto()

    @property
    def of_one_user(self) -> bool:
        """Tell whether it acts for Ann only."""
        return self in {Kind.SESSION, Kind.TOKEN}


@dataclass(slots=True, kw_only=True)
class Identity:
    """The credential as the service, the secret file and the settings have it.

    A key may be refused for a while (`revoke`, `allow`), or replaced by another one that stands in the
    file from then on. `foreign` are tokens that stood there by mistake: no call may be made with them.
    """

    kind: Kind
    folder: Path
    secret: str = "secret-0"
    edition: int = 0
    user_known: bool = True
    foreign: set[str] = field(default_factory=set)

    @property
    def file(self) -> Path:
        return self.folder / "secret"

    @property
    def acting(self) -> Acting:
        if self.kind.of_one_user:
            return Acting(default=UserId(ANN), only=UserId(ANN))
        return Acting()

    def write(self, *, in_place: bool = False) -> None:
        """Put the present secret into the file."""
        self._put(self.secret, in_place=in_place)

    def mistake(self, sandbox: Sandbox, *, user: bool, in_place: bool) -> None:
        """Put a token into the file that the service takes, and that is of an application.

        Or of Ben, where `user` is true; a process that starts then and does not know better takes him
        for the one who acts.
        """
        token = f"foreign-{len(self.foreign)}"
        self.foreign.add(token)
        given = Credentials(tokens={token: BEN}) if user else Credentials(application_tokens=(token,))
        sandbox.add(Seed(credentials=given))
        self._put(token, in_place=in_place)

    def _put(self, secret: str, *, in_place: bool) -> None:
        if in_place:
            self.file.write_text(f"{secret}\n")
            return
        new = self.file.with_name("secret.new")
        new.write_text(f"{secret}\n")
        new.rename(self.file)

    def rotate(self) -> None:
        """Choose another secret; the service and the file are told by `allow` and `write`."""
        self.edition += 1
        self.secret = f"secret-{self.edition}"

    def seed(self) -> Seed:
        """Give what lets the present secret in."""
        if self.kind is Kind.SESSION:
            login = Login(user=ANN, login=_LOGIN, password=self.secret)
            return Seed(credentials=Credentials(applications=(_APPLICATION,), logins=(login,)))
        if self.kind is Kind.TOKEN:
            return Seed(credentials=Credentials(tokens={self.secret: ANN}))
        return Seed(credentials=Credentials(api_keys=(self.secret,)))

    def allow(self, sandbox: Sandbox) -> None:
        """Let the service take the present secret."""
        sandbox.add(self.seed())

    def revoke(self, sandbox: Sandbox) -> None:
        """Let the service take it no longer."""
        if self.kind is Kind.SESSION:
            login = Login(user=ANN, login=_LOGIN, password="another")
            sandbox.add(Seed(credentials=Credentials(logins=(login,))))
            sandbox.access.end_sessions()
        else:
            sandbox.access.revoke(self.secret)

    def open(self, seconds: Callable[[], float]) -> Credential:
        """Give the credential as a starting process reads it."""
        match self.kind:
            case Kind.KEY:
                return ApiKey(Secret(self.secret))
            case Kind.KEY_FILE:
                return ApiKey(SecretFile(self.file, setting="RECONCILER_API_KEY_FILE", clock=seconds))
            case Kind.TOKEN:
                token = SecretFile(self.file, setting="RECONCILER_TOKEN_FILE", clock=seconds)
                return UserToken(token, UserId(ANN) if self.user_known else None)
            case Kind.SESSION:
                return OwnSession(
                    application_id=_APPLICATION.id,
                    auth_key=Secret(_APPLICATION.auth_key),
                    auth_secret=Secret(_APPLICATION.auth_secret),
                    login=_LOGIN,
                    password=SecretFile(
                        self.file, setting="RECONCILER_PASSWORD_FILE", form=PHRASE, clock=seconds
                    ),
                    user=UserId(ANN) if self.user_known else None,
                )
