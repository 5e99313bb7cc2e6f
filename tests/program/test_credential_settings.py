"""Settings make one credential and at most one proxy; or they are refused, with what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cli.credential import credential, proxy
from reconciler.core.failure import Failure
from reconciler.settings import Settings

WHOLE = Settings(
    application_id=92,
    auth_key="canaryAuthKey",
    auth_secret_file=Path("secret"),
    login="ann",
    password_file=Path("password"),
)
NO_USER = ["RECONCILER_LOGIN", "application session, which only reads", "RECONCILER_PASSWORD_FILE"]


@pytest.mark.parametrize(
    ("settings", "environ", "words"),
    [
        (replace(WHOLE, login=None, password_file=None), {}, NO_USER),
        (replace(WHOLE, login=None), {}, ["RECONCILER_LOGIN", "is not set"]),
        (replace(WHOLE, password_file=None), {}, ["RECONCILER_PASSWORD_FILE", "is not set"]),
        (replace(WHOLE, auth_secret_file=None), {}, ["RECONCILER_AUTH_SECRET_FILE", "is not set"]),
        (replace(WHOLE, auth_key=None), {}, ["RECONCILER_AUTH_KEY", "is not set"]),
        (replace(WHOLE, application_id=None), {}, ["RECONCILER_APPLICATION_ID", "is not set"]),
        (
            Settings(login="ann"),
            {},
            ["RECONCILER_APPLICATION_ID and RECONCILER_AUTH_KEY and RECONCILER_AUTH_SECRET_FILE"],
        ),
        (WHOLE, {"RECONCILER_PASSWORD": "canary"}, ["RECONCILER_PASSWORD_FILE", "both set", "keep one"]),
        (replace(WHOLE, auth_key="canary two"), {}, ["RECONCILER_AUTH_KEY", "space"]),
        (replace(WHOLE, auth_key=""), {}, ["RECONCILER_AUTH_KEY", "is empty"]),
        (replace(WHOLE, login="canary\ncanary"), {}, ["RECONCILER_LOGIN", "line break"]),
        (replace(WHOLE, password_file=Path("canary")), {}, ["RECONCILER_PASSWORD_FILE", "does not exist"]),
        (replace(WHOLE, password_file=Path("empty")), {}, ["RECONCILER_PASSWORD_FILE", "is empty"]),
        (
            replace(WHOLE, auth_secret_file=None),
            {"RECONCILER_AUTH_SECRET": "canary\u00e9"},
            ["RECONCILER_AUTH_SECRET", "outside ASCII"],
        ),
        (
            WHOLE,
            {"RECONCILER_API_KEY": "canary"},
            ["an API key and a session of our own are both set", "RECONCILER_API_KEY", "keep the one"],
        ),
        (
            replace(WHOLE, token_file=Path("canary")),
            {"RECONCILER_API_KEY": "canary"},
            ["all set", "RECONCILER_TOKEN_FILE", "RECONCILER_LOGIN"],
        ),
        (Settings(token_file=Path("empty")), {}, ["RECONCILER_TOKEN_FILE", "is empty"]),
        (Settings(), {"RECONCILER_TOKEN": "canary two"}, ["RECONCILER_TOKEN", "space"]),
        (Settings(), {"RECONCILER_PASSWORD": ""}, ["no credential: RECONCILER_PASSWORD is empty"]),
    ],
)
def test_settings_that_make_no_credential_are_refused(
    settings: Settings,
    environ: Mapping[str, str],
    words: Sequence[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in (("secret", "secret"), ("password", "p w+d&1"), ("empty", "\n")):
        Path(name).write_text(content)
    with pytest.raises(Failure) as caught:
        credential(settings, environ)
    line = str(caught.value)
    assert [word for word in words if word not in line] == []
    assert "; " in line, "what is wrong; what to do"
    assert "canary" not in line


PROXY = Settings(proxy="http://proxy.example:3128")


@pytest.mark.parametrize(
    ("settings", "environ", "words"),
    [
        (replace(PROXY, proxy="http://me:canary@proxy:3128"), {}, ["RECONCILER_PROXY", "password"]),
        (replace(PROXY, proxy=""), {}, ["RECONCILER_PROXY", "is empty"]),
        (replace(PROXY, proxy=None), {"RECONCILER_PROXY_AUTH": "canary:x"}, ["RECONCILER_PROXY", "not set"]),
        (PROXY, {"RECONCILER_PROXY_AUTH": "canary"}, ["RECONCILER_PROXY_AUTH", "no colon", "USER:PASSWORD"]),
        (PROXY, {"RECONCILER_PROXY_AUTH": "me:can ary"}, ["RECONCILER_PROXY_AUTH", "space"]),
        (replace(PROXY, proxy_auth_file=Path("nowhere")), {}, ["RECONCILER_PROXY_AUTH_FILE", "not exist"]),
    ],
)
def test_settings_that_make_no_proxy_are_refused(
    settings: Settings, environ: Mapping[str, str], words: Sequence[str]
) -> None:
    with pytest.raises(Failure) as caught:
        proxy(settings, environ)
    line = str(caught.value)
    assert [word for word in words if word not in line] == []
    assert "; " in line
    assert "canary" not in line


def test_a_proxy_is_used_only_where_a_setting_names_it(tmp_path: Path) -> None:
    (tmp_path / "auth").write_text("me:canary\n")
    environ = {"HTTPS_PROXY": "http://elsewhere:1", "https_proxy": "http://elsewhere:1"}
    assert proxy(Settings(), environ) is None
    found = proxy(replace(PROXY, proxy_auth_file=tmp_path / "auth"), environ)
    assert found is not None
    assert found.auth is not None
    assert (found.url.base, found.auth.reveal()) == ("http://proxy.example:3128", "me:canary")


def test_settings_show_neither_the_login_nor_its_key() -> None:
    assert "canary" not in repr(replace(WHOLE, login="canary"))
