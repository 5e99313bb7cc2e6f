"""A credential is read strictly, used as the vendor's page says, and never shown."""

import copy
import os
import pickle
import traceback
from pathlib import Path

import pytest

from reconciler.chat_api.credentials import (
    ApiKey,
    Secret,
    UserToken,
    secret_from_file,
    secret_from_value,
)
from reconciler.chat_api.errors import CredentialError, WrongActor
from tests.chat_api.actions import ALICE, BOB

JWT = "canary." + "x" * 400


def test_an_api_key_always_names_the_user_it_acts_for() -> None:
    assert ApiKey(Secret("k")).headers(ALICE) == {"Authorization": "ApiKey k", "On-Behalf-Of": "123"}


def test_a_user_token_goes_alone() -> None:
    assert UserToken(Secret("t"), ALICE).headers(ALICE) == {"QB-Token": "t"}


def test_a_user_token_acts_for_nobody_else() -> None:
    with pytest.raises(WrongActor, match="its own user only"):
        UserToken(Secret("t"), ALICE).headers(BOB)


@pytest.mark.parametrize(
    ("value", "secret"),
    [("key", "key"), ("key\n", "key"), ("key\r\n", "key"), (JWT, JWT), ("k" * 4096, "k" * 4096)],
)
def test_one_line_break_at_the_end_is_no_part_of_a_secret(value: str, secret: str, tmp_path: Path) -> None:
    assert secret_from_value(value, setting="RECONCILER_API_KEY").reveal() == secret
    path = tmp_path / "key"
    path.write_text(value, newline="")
    assert secret_from_file(path, setting="RECONCILER_API_KEY_FILE").reveal() == secret


REFUSED = [
    ("", "is empty"),
    ("\n", "is empty"),
    ("canary\n\n", "line break"),
    ("canary\r", "line break"),
    ("canary\ncanary", "line break"),
    (" canary", "space"),
    ("ApiKey canary", "space"),
    ("canary\x00", "control character"),
    ("canary\x7f", "control character"),
    ("canaryé", "outside ASCII"),
    ("\ufeffcanary", "outside ASCII"),
    ("canary" * 800, "longer than 4096 characters"),
]


@pytest.mark.parametrize(("value", "what"), REFUSED)
def test_what_cannot_be_a_secret_is_refused_and_never_shown(value: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(value, newline="", encoding="utf-8")
    with pytest.raises(CredentialError, match=what) as from_value:
        secret_from_value(value, setting="RECONCILER_API_KEY")
    with pytest.raises(CredentialError, match=what) as from_file:
        secret_from_file(path, setting="RECONCILER_API_KEY_FILE")
    assert from_value.value.setting == "RECONCILER_API_KEY"
    assert from_file.value.setting == "RECONCILER_API_KEY_FILE"
    for caught in (from_value.value, from_file.value):
        assert str(caught) == f"{caught.setting}: {caught.what}; {caught.todo}"
        assert "canary" not in "".join(traceback.format_exception(caught, chain=True)).replace('"canary"', "")


def test_a_file_that_cannot_be_read_is_explained_without_its_name(tmp_path: Path) -> None:
    fifo = tmp_path / "canary-fifo"
    os.mkfifo(fifo)
    cases = [
        (tmp_path / "canary-missing", "does not exist"),
        (tmp_path / "canary" / "inside", "does not exist"),
        (tmp_path, "regular file"),
        (fifo, "regular file"),
        (Path("canary" * 1000), "cannot be read"),
        (Path("canary\0"), "cannot be read"),
    ]
    for path, what in cases:
        with pytest.raises(CredentialError, match=what) as caught:
            secret_from_file(path, setting="RECONCILER_TOKEN_FILE")
        assert "canary" not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("canary")
    path.chmod(0)
    with pytest.raises(CredentialError, match="may not be read"):
        secret_from_file(path, setting="RECONCILER_API_KEY_FILE")


@pytest.mark.parametrize(
    "holder", [Secret("canary"), ApiKey(Secret("canary")), UserToken(Secret("canary"), ALICE)]
)
def test_a_secret_hides_from_whatever_prints_copies_or_stores(holder: Secret | ApiKey | UserToken) -> None:
    assert "canary" not in f"{holder!r} {holder} {holder!s} %s {[holder]}" % holder
    assert "hidden" in repr(holder)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(holder)
    with pytest.raises(TypeError, match="not pickled"):
        copy.deepcopy(holder)


def test_a_secret_has_no_attributes_to_dump() -> None:
    with pytest.raises(TypeError):
        vars(Secret("canary"))
