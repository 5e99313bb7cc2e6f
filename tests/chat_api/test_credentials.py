"""A credential is used as the vendor's page says."""

import pytest

from reconciler.chat_api.credentials import ApiKey, UserToken
from reconciler.chat_api.errors import WrongActor
from reconciler.chat_api.secret import Secret
from tests.chat_api.actions import ALICE, BOB


def test_an_api_key_always_names_the_user_it_acts_for() -> None:
    assert ApiKey(Secret("k")).headers(ALICE) == {"Authorization": "ApiKey k", "On-Behalf-Of": "123"}


def test_a_user_token_goes_alone() -> None:
    assert UserToken(Secret("t"), ALICE).headers(ALICE) == {"QB-Token": "t"}


def test_a_user_token_acts_for_nobody_else() -> None:
    with pytest.raises(WrongActor, match="its own user only"):
        UserToken(Secret("t"), ALICE).headers(BOB)
