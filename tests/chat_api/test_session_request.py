"""A login is signed as the vendor documents it; the signatures here were made by OpenSSL."""

from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from reconciler.chat_api.credentials import OwnSession, SignatureHash
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.session_request import session_request

BOT = OwnSession(
    application_id=92,
    auth_key=Secret("AK"),
    auth_secret=Secret("AS"),
    login="bot",
    password=Secret("p w+d&1"),
)
BY_EMAIL = replace(
    BOT, auth_secret=Secret("A-S_!&="), login="bøt+1@example.org", password=Secret("pässwörd=%26")
)


@pytest.mark.parametrize(
    ("credential", "signature"),
    [
        (BOT, "d40271fdf897b279aed13a94e31c138619c303fb"),
        (
            replace(BOT, signature_hash=SignatureHash.SHA256),
            "13f7030b4194fc13172ec3207a6ec4665b5ecf447bd8f9b947890471e8119ee9",
        ),
        (BY_EMAIL, "b2941e0558d543716d0ab617ca66f099f7737c3b"),
    ],
)
def test_the_values_are_signed_as_they_are(credential: OwnSession, signature: str) -> None:
    request = session_request(credential, timestamp=1326966962, nonce=33432)
    assert request.fields["signature"] == signature


def test_the_body_is_a_form_that_says_what_was_signed() -> None:
    request = session_request(BOT, timestamp=1326966962, nonce=33432)
    assert parse_qs(request.body().decode("ascii"), strict_parsing=True) == {
        "application_id": ["92"],
        "auth_key": ["AK"],
        "nonce": ["33432"],
        "timestamp": ["1326966962"],
        "user[login]": ["bot"],
        "user[password]": ["p w+d&1"],
        "signature": ["d40271fdf897b279aed13a94e31c138619c303fb"],
    }


def test_a_login_with_an_at_sign_is_an_email_address() -> None:
    fields = session_request(BY_EMAIL, timestamp=1, nonce=1).fields
    assert fields["user[email]"] == "bøt+1@example.org"
    assert "user[login]" not in fields


def test_a_login_shows_nothing_of_itself() -> None:
    request = session_request(BOT, timestamp=1326966962, nonce=33432)
    assert repr(request) == "SessionRequest()"
    assert {"AK", "AS", "bot", "p w+d&1", request.fields["signature"]} == set(request.secrets)
