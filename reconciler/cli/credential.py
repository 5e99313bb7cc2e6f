"""Secrets put together: who we are to the chat service and to a proxy, and who may see us."""

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from reconciler.chat_api.credentials import ApiKey, Credential, OwnSession, SignatureHash, UserToken
from reconciler.chat_api.secret import PHRASE, TOKEN, Form, Secret, secret_from_value
from reconciler.chat_api.secret_file import Notice, SecretFile, SecretFiles
from reconciler.chat_api.transport import Proxy
from reconciler.chat_api.url import ProxyUrl
from reconciler.core.message import UserId
from reconciler.settings import SECRETS, CredentialKind, Settings, SettingsError, credential_kind, is_given

_ANY: Final = "RECONCILER_API_KEY_FILE or RECONCILER_TOKEN_FILE, or those without _FILE"
_SIGNING: Final = ("application_id", "auth_key", "auth_secret")
_LOGGING_IN: Final = ("login", "password")
_OURS: Final = tuple(name for name in SECRETS if any(name in kind.names for kind in CredentialKind))


def credential(settings: Settings, environ: Mapping[str, str]) -> Credential:
    """Give the one credential that the settings name. Raises a Failure that says what to correct."""
    user = None if settings.act_as is None else UserId(settings.act_as)
    match credential_kind(settings, environ):
        case CredentialKind.API_KEY:
            return ApiKey(_secret("api_key", TOKEN, settings, environ))
        case CredentialKind.TOKEN:
            return UserToken(_secret("token", TOKEN, settings, environ), user)
        case CredentialKind.SESSION:
            return _own_session(settings, environ, user)
        case None:
            empty = "".join(
                f": {name} is empty"
                for name in (f"RECONCILER_{name.upper()}" for name in _OURS)
                if environ.get(name) == ""
            )
            msg = f"no credential{empty}; set {_ANY}, or those of a session: docs/credentials.md shows them"
            raise SettingsError(msg)


def proxy(settings: Settings, environ: Mapping[str, str]) -> Proxy | None:
    """Give the proxy that the settings name, if they do. Its password is read once.

    Raises a Failure that says what to correct.
    """
    authenticated = is_given("proxy_auth", settings, environ) or settings.proxy_auth_file is not None
    if settings.proxy is None:
        if authenticated:
            msg = "RECONCILER_PROXY: is not set, but what opens it is; set it, or unset RECONCILER_PROXY_AUTH"
            raise SettingsError(msg)
        return None
    url = ProxyUrl.parse(settings.proxy)
    if not authenticated:
        return Proxy(url=url)
    auth = Secret(_secret("proxy_auth", TOKEN, settings, environ).reveal())
    file = "" if settings.proxy_auth_file is None else "_FILE"
    return Proxy(url=url, auth=auth, setting=f"RECONCILER_PROXY_AUTH{file}")


class ListenToken:
    """The token that opens pages and API. It never shows itself, and is compared in constant time."""

    def __init__(self, secret: Secret | SecretFile, notice: Notice) -> None:
        self._secret = secret
        self._files = SecretFiles([secret], notice)

    def opens(self, token: str) -> bool:
        """Tell whether this is the token."""
        return hmac.compare_digest(_digest(token), _digest(self._secret.reveal()))

    def look(self) -> None:
        """Read its file again where that has other content."""
        self._files.look()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def listen_token(settings: Settings, environ: Mapping[str, str], notice: Notice) -> ListenToken | None:
    """Give the token that the settings name, if they do. Raises a Failure that says what to correct."""
    if is_given("listen_token", settings, environ) or settings.listen_token_file is not None:
        return ListenToken(_secret("listen_token", TOKEN, settings, environ), notice)
    return None


def _own_session(settings: Settings, environ: Mapping[str, str], user: UserId | None) -> OwnSession:
    _expect_whole(settings, environ)
    assert settings.application_id is not None
    assert settings.auth_key is not None
    assert settings.login is not None
    return OwnSession(
        application_id=settings.application_id,
        auth_key=secret_from_value(settings.auth_key, setting="RECONCILER_AUTH_KEY"),
        auth_secret=_secret("auth_secret", TOKEN, settings, environ),
        login=secret_from_value(settings.login, setting="RECONCILER_LOGIN", form=PHRASE).reveal(),
        password=_secret("password", PHRASE, settings, environ),
        user=user,
        signature_hash=SignatureHash(settings.signature_hash),
    )


def _expect_whole(settings: Settings, environ: Mapping[str, str]) -> None:
    """Raise SettingsError where something is missing that a user's session is made with."""
    missing = [
        name
        for name in (*_SIGNING, *_LOGGING_IN)
        if not (
            is_given(name, settings, environ)
            or (name in SECRETS and is_given(f"{name}_file", settings, environ))
        )
    ]
    if not missing:
        return
    variables = [f"RECONCILER_{name.upper()}{'_FILE' if name in SECRETS else ''}" for name in missing]
    todo = f"set {' and '.join(variables)}"
    if missing == list(_LOGGING_IN):
        why = "an application id, its key and its secret alone make an application session, which only reads"
        msg = f"{variables[0]}: is not set; {why}; {todo}, those of a user"
    else:
        msg = f"{variables[0]}: is not set; a session of our own is not made without it; {todo}"
    raise SettingsError(msg)


def _secret(name: str, form: Form, settings: Settings, environ: Mapping[str, str]) -> Secret | SecretFile:
    """Give the secret of a variable, or the file that holds it. One of the two is there."""
    variable = f"RECONCILER_{name.upper()}"
    value = environ.get(variable) or None
    path: Path | None = getattr(settings, f"{name}_file")
    if value is not None and path is not None:
        msg = f"{variable} and {variable}_FILE are both set; keep one"
        raise SettingsError(msg)
    if value is not None:
        return secret_from_value(value, setting=variable, form=form)
    assert path is not None
    return SecretFile(path, setting=f"{variable}_FILE", form=form)
