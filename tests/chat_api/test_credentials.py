"""A credential is used as the vendor's page says."""

from pathlib import Path

from reconciler.chat_api.credentials import ApiKey, UserToken
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.secret_file import SecretFile
from tests.chat_api.actions import ALICE


def test_an_api_key_always_names_the_user_it_acts_for() -> None:
    assert ApiKey(Secret("k")).headers(ALICE) == {"Authorization": "ApiKey k", "On-Behalf-Of": "123"}


def test_a_token_knows_which_setting_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    file = SecretFile(tmp_path / "token", setting="RECONCILER_TOKEN_FILE")
    assert UserToken(file).setting == "RECONCILER_TOKEN_FILE"
    assert UserToken(Secret("t")).setting == "RECONCILER_TOKEN"
