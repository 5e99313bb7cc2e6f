"""Canaries: secrets and a text that are let out, and the search for them in whatever is said."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

from reconciler.sandbox.seed import Application, Credentials, Login
from tests.program.chat import ANN
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program

TEXT: Final = "Kanarienvogel 4711: Zwitschern ab Zehn"
KEY: Final = "kXq7-canary-of-a-key-28irlNAGasWDSupO9Vw0BBMZfuHrAUYKpmroS9yBORI"
TOKEN: Final = "tZw8canaryOfAToken4695d72d33b959eec2ae6c640d817"
AUTH_KEY: Final = "aHb5-canary-Zu7Yq2Wm4Rt9Lc3Xn8"
AUTH_SECRET: Final = "sVn3-canary-Kd6Bv1Pj5Hs8Gf2Qe7"
PASSWORD: Final = "pLm9 canary+Ty4%Ub7 & Io2=Mz6?"
LOGIN: Final = "lGt6-canary-Wx5Ne1Ra9"
LISTEN_TOKEN: Final = "wNc8-canary-Fq3Jz7Hd0Tb5Yk1Pa6"

WINDOW: Final = 12
"""Characters in a row of a secret or a text that count as a leak: what is cut short is found too."""

CREDENTIALS: Final = Credentials(
    api_keys=(KEY,),
    tokens={TOKEN: ANN},
    applications=(Application(id=92, auth_key=AUTH_KEY, auth_secret=AUTH_SECRET),),
    logins=(Login(user=ANN, login=LOGIN, password=PASSWORD),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One way to say who we are: plain settings, and secrets by the name of their variable."""

    name: str
    secrets: Mapping[str, str] = field(repr=False)
    plain: Mapping[str, str] = field(default_factory=dict, repr=False)

    def environ(self, directory: Path | None) -> dict[str, str]:
        """Give the settings; with a `directory`, its files hold the secrets that may stand in one."""
        given = {"RECONCILER_ACT_AS": str(ANN), **self.plain}
        for name, secret in self.secrets.items():
            if directory is None or name == "RECONCILER_AUTH_KEY":
                given[name] = secret
            else:
                path = directory / f"{name.lower()}.secret"
                path.write_text(secret)
                given[f"{name}_FILE"] = str(path)
        return given


SESSION: Final = Kind(
    name="a session of our own",
    secrets={
        "RECONCILER_AUTH_KEY": AUTH_KEY,
        "RECONCILER_AUTH_SECRET": AUTH_SECRET,
        "RECONCILER_PASSWORD": PASSWORD,
    },
    plain={"RECONCILER_APPLICATION_ID": "92", "RECONCILER_LOGIN": LOGIN},
)
USER_TOKEN: Final = Kind(name="a token", secrets={"RECONCILER_TOKEN": TOKEN})
KINDS: Final = (Kind(name="an API key", secrets={"RECONCILER_API_KEY": KEY}), USER_TOKEN, SESSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The program with one kind of credential, and the service that it talks to."""

    kind: Kind
    from_files: bool
    program: Program
    sandbox: LiveSandbox

    def secrets(self) -> tuple[str, ...]:
        """Give all that must not be seen: what was set, and the sessions made of it."""
        return (*self.kind.secrets.values(), *self._sessions())

    def sent_with_calls(self) -> tuple[str, ...]:
        """Give the secrets that each call carries, and so all that its answer can repeat."""
        return self._sessions() if self.kind is SESSION else tuple(self.kind.secrets.values())

    def _sessions(self) -> tuple[str, ...]:
        return self.sandbox.look(lambda inside: tuple(set(inside.access.sessions) - {TOKEN}))


def pieces(hidden: Iterable[str]) -> frozenset[str]:
    """Give all pieces of what is hidden, in any form in which it could be said."""
    forms = {
        form
        for each in hidden
        for form in (each, quote(each), quote(each, safe=""), base64.b64encode(each.encode()).decode())
    }
    return frozenset(form[at : at + WINDOW] for form in forms for at in range(len(form) - WINDOW + 1))


def leaks(said: str, hidden: Iterable[str]) -> set[str]:
    """Give all pieces of what is hidden that were said."""
    return {piece for piece in pieces(hidden) if piece in said}
