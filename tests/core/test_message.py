import hashlib
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.message import DialogId, MessageId, UserId
from reconciler.core.message_text import MessageText, TextDigest, unsendable

ID: Final = "53aabe15e4b077ddd43e7fd3"
MALFORMED: Final = {
    "empty: it would address the whole dialog": "",
    "blank": " " * 24,
    "too short": ID[:-1],
    "too long": ID + "0",
    "a line more": ID + "\n",
    "a space before": " " + ID[1:],
    "upper case": ID.upper(),
    "not hex": "g" * 24,
    "digits of another script": "٣" * 24,
    "a path": "../" + ID[3:],
    "two ids": ID[:12] + "," + ID[13:],
}


@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("kind", [MessageId, DialogId])
def test_a_malformed_id_cannot_be_made(kind: type[MessageId | DialogId], value: str) -> None:
    with pytest.raises(ValueError, match="24 lower-case hex digits"):
        kind(value)


@pytest.mark.parametrize("value", [ID, "0" * 24, "1" * 24, "f" * 24])
@pytest.mark.parametrize("kind", [MessageId, DialogId])
def test_an_id_is_written_as_it_came(kind: type[MessageId | DialogId], value: str) -> None:
    assert str(kind(value)) == value


def test_a_message_and_a_dialog_of_the_same_digits_are_not_equal() -> None:
    assert {MessageId(ID), DialogId(ID)} == {DialogId(ID), MessageId(ID)}
    assert len({MessageId(ID), DialogId(ID)}) == 2


@pytest.mark.parametrize("value", [0, -1, 2**63])
def test_a_user_that_cannot_exist_cannot_be_made(value: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 9223372036854775807"):
        UserId(value)


@pytest.mark.parametrize("value", [1, 96753878, 2**63 - 1])
def test_a_user_is_written_in_decimal_digits(value: int) -> None:
    assert str(UserId(value)) == f"{value}"


def test_ids_and_users_have_an_order_to_list_them_in() -> None:
    assert MessageId("a" * 24) < MessageId("b" * 24)
    assert DialogId("a" * 24) < DialogId("b" * 24)
    assert UserId(9) < UserId(10)


def test_an_empty_text_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="cannot be empty"):
        MessageText("")


@pytest.mark.parametrize(
    "code", [0x00, 0x08, 0x0B, 0x0C, 0x0D, 0x1B, 0x1F, 0x7F, 0x85, 0x9F, 0xD800, 0xDFFF], ids=hex
)
def test_a_text_with_a_character_that_cannot_be_sent_cannot_be_made(code: int) -> None:
    text = f"before{chr(code)}after"
    assert unsendable(text) == chr(code)
    with pytest.raises(ValueError, match="control characters or lone surrogates"):
        MessageText(text)


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "tab\there",
        "two\nlines",
        "\N{NO-BREAK SPACE}",
        "naïve",
        "مرحبا",
        "👩‍👩‍👧",
        "\U0010ffff",
        "12:30",
        "no",
    ],
)
def test_what_is_typed_is_what_is_revealed(text: str) -> None:
    assert unsendable(text) is None
    assert MessageText(text).reveal() == text


def test_the_first_character_that_cannot_be_sent_is_named() -> None:
    assert unsendable("a\x07b\x00") == "\x07"


def test_a_digest_is_the_sha256_of_the_utf8_bytes() -> None:
    assert MessageText("naïve").digest() == TextDigest(hashlib.sha256("naïve".encode()).digest())


def test_a_digest_shows_enough_to_tell_two_apart() -> None:
    assert str(MessageText("Hi").digest()) == "sha256:3639efcd08ab"
    assert str(MessageText("Ho").digest()) == "sha256:c758089f0833"


texts = st.text("Hi \t\né👍", min_size=1, max_size=3)


@given(texts, texts)
def test_two_texts_are_equal_where_their_digests_are(one: str, other: str) -> None:
    same = MessageText(one).digest() == MessageText(other).digest()
    assert same == (MessageText(one) == MessageText(other)) == (one == other)
