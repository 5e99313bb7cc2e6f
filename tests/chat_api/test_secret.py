"""A secret is read strictly, and never shown."""

import copy
import pickle
import traceback
from pathlib import Path

import pytest

from reconciler.chat_api.credentials import ApiKey, OwnSession, UserToken
from reconciler.chat_api.errors import CredentialError
from reconciler.chat_api.secret import PHRASE, TOKEN, Form, Secret, secret_from_value
from reconciler.chat_api.secret_file import SecretFile
from tests.chat_api.actions import ALICE

JWT = "canary." + "x" * 400
SETTING = "RECONCILER_API_KEY"


def own_session(canary: Secret | SecretFile) -> OwnSession:
    return OwnSession(
        application_id=92,
        auth_key=Secret("canary"),
        auth_secret=canary,
        login="canary",
        password=canary,
    )


@pytest.mark.parametrize(
    ("value", "form", "secret"),
    [
        ("key", TOKEN, "key"),
        ("key\n", TOKEN, "key"),
        ("key\r\n", TOKEN, "key"),
        (JWT, TOKEN, JWT),
        ("k" * 4096, TOKEN, "k" * 4096),
        ("p w+d&1=%é\n", PHRASE, "p w+d&1=%é"),
        (" 密码 ", PHRASE, " 密码 "),
        ("😀" * 4096, PHRASE, "😀" * 4096),
    ],
)
def test_one_line_break_at_the_end_is_no_part_of_a_secret(
    value: str, form: Form, secret: str, tmp_path: Path
) -> None:
    assert secret_from_value(value, setting=SETTING, form=form).reveal() == secret
    path = tmp_path / "key"
    path.write_text(value, newline="", encoding="utf-8")
    assert SecretFile(path, setting=SETTING, form=form).reveal() == secret


REFUSED = [
    ("", TOKEN, "is empty"),
    ("\n", TOKEN, "is empty"),
    ("canary\n\n", TOKEN, "line break"),
    ("canary\r", TOKEN, "line break"),
    ("canary\ncanary", TOKEN, "line break"),
    (" canary", TOKEN, "space"),
    ("ApiKey canary", TOKEN, "space"),
    ("canary\x00", TOKEN, "control character"),
    ("canary\x7f", TOKEN, "control character"),
    ("canaryé", TOKEN, "outside ASCII"),
    ("\ufeffcanary", TOKEN, "outside ASCII"),
    ("canary\udcff", TOKEN, "outside ASCII"),
    ("canary" * 800, TOKEN, "longer than 4096 characters"),
    ("", PHRASE, "is empty"),
    ("canary\ncanary", PHRASE, "line break"),
    ("canary\u2028", PHRASE, "line break"),
    ("canary\t", PHRASE, "control character"),
    ("canary\x85", PHRASE, "control character"),
    ("\ufeffcanary", PHRASE, "byte order mark"),
    ("canary\udcff", PHRASE, "not UTF-8"),
    ("canary 😀" * 800, PHRASE, "longer than 4096 characters"),
]


@pytest.mark.parametrize(("value", "form", "what"), REFUSED)
def test_what_cannot_be_a_secret_is_refused_and_never_shown(
    value: str, form: Form, what: str, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    path.write_bytes(value.encode("utf-8", errors="surrogateescape"))
    with pytest.raises(CredentialError, match=what) as from_value:
        secret_from_value(value, setting=SETTING, form=form)
    with pytest.raises(CredentialError, match=what) as from_file:
        SecretFile(path, setting=f"{SETTING}_FILE", form=form)
    assert from_value.value.setting == SETTING
    assert from_file.value.setting == f"{SETTING}_FILE"
    for caught in (from_value.value, from_file.value):
        assert str(caught) == f"{caught.setting}: {caught.what}; {caught.todo}"
        assert "canary" not in "".join(traceback.format_exception(caught, chain=True)).replace('"canary"', "")


HOLDERS = [
    Secret("canary"),
    ApiKey(Secret("canary")),
    UserToken(Secret("canary"), ALICE),
    own_session(Secret("canary")),
]


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_secret_hides_from_whatever_prints_copies_or_stores(holder: object) -> None:
    assert "canary" not in f"{holder!r} {holder} {holder!s} %s {[holder]}" % holder
    assert "hidden" in repr(holder)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(holder)
    with pytest.raises(TypeError, match="not pickled"):
        copy.deepcopy(holder)


def test_a_secret_of_a_file_hides_too(tmp_path: Path) -> None:
    path = tmp_path / "canary"
    path.write_text("canary")
    file = SecretFile(path, setting="RECONCILER_API_KEY_FILE")
    for holder in (file, ApiKey(file), UserToken(file, ALICE), own_session(file)):
        assert "canary" not in f"{holder!r} {holder}"
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(holder)
        with pytest.raises(TypeError, match="not pickled"):
            copy.deepcopy(holder)


def test_a_secret_has_no_attributes_to_dump(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("canary")
    for holder in (Secret("canary"), SecretFile(path, setting=SETTING)):
        with pytest.raises(TypeError):
            vars(holder)
