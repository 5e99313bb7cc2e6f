"""An answer about a session is believed in nothing that it does not say."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.chat_api.session_answer import SessionUser, read_end, read_session, read_user
from reconciler.core.message import UserId

TOKEN = "eddf864695d72d33b959eec2ae6c640d817dfada"


def answer(**session: object) -> bytes:
    return json.dumps({"session": {"_id": "5f", "token": TOKEN, "ts": 1, **session}}).encode()


@pytest.mark.parametrize(
    ("body", "user"),
    [
        (answer(user_id=123), 123),
        (answer(user_id=2**63 - 1), 2**63 - 1),
        (answer(user_id=0), None),
        (answer(user_id=None), None),
        (answer(), None),
        (answer(user_id=-1), None),
        (answer(user_id=2**63), None),
        (answer(user_id=True), None),
        (answer(user_id="123"), None),
        (answer(user_id=[123]), None),
    ],
)
def test_a_session_is_of_a_user_or_of_an_application(body: bytes, user: int | None) -> None:
    made = read_session(body)
    assert made is not None
    assert made.token.reveal() == TOKEN
    assert made.user == (None if user is None else UserId(user))
    assert TOKEN not in repr(made)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"session": null}',
        b'{"session": []}',
        b'{"session": {}}',
        b'{"token": "t"}',
        b"\xff\xfe",
        b"[" * 60_000,
        b"<html>",
        answer(token=""),
        answer(token=None),
        answer(token=5),
        answer(token="two words"),
        answer(token="line\r\nbreak"),
        answer(token="é"),
        answer(token="t" * 4097),
        answer(user_id=123)[:-5],
    ],
)
def test_what_holds_no_token_that_can_be_sent_is_no_session(body: bytes) -> None:
    assert read_session(body) is None


@pytest.mark.parametrize(
    ("body", "user"),
    [
        (answer(user_id=123), UserId(123)),
        (answer(user_id=2**63 - 1, token=None), UserId(2**63 - 1)),
        (answer(user_id=0), None),
        (answer(user_id=None), None),
        (answer(), None),
        (b'{"session": {}}', None),
    ],
)
def test_a_session_that_is_shown_is_of_a_user_or_of_an_application(body: bytes, user: UserId | None) -> None:
    assert read_user(body) == SessionUser(user)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b"{}", b'{"session": null}', b'{"session": [1]}', b'{"session": "x"}'),
        *(b'{"user_id": 123}', b"\xff\xfe", b"[" * 60_000, b"<html>", answer(user_id=123)[:-5]),
        *(answer(user_id=user) for user in (-1, 2**63, True, False, "123", "0", 0.0, [123])),
    ],
)
def test_what_does_not_tell_whose_a_session_is_tells_nothing(body: bytes) -> None:
    assert read_user(body) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["session", "token", "user_id"]), inner),
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_nothing_that_is_answered_raises(body: bytes) -> None:
    read_session(body)
    read_user(body)


@pytest.mark.parametrize(
    ("value", "end"),
    [
        ("2026-11-22 09:44:25 UTC", datetime(2026, 11, 22, 9, 44, 25, tzinfo=UTC)),
        ("2026-11-22 09:44:25 +0000", datetime(2026, 11, 22, 9, 44, 25, tzinfo=UTC)),
        ("2026-11-22 09:44:25 +0200", datetime(2026, 11, 22, 7, 44, 25, tzinfo=UTC)),
        (" 2026-11-22 09:44:25 UTC ", datetime(2026, 11, 22, 9, 44, 25, tzinfo=UTC)),
        ("2026-13-22 09:44:25 UTC", None),
        ("2026-11-22 09:44:25 +9999", None),
        ("2026-11-22 09:44:25", None),
        ("2026-11-22 09:44:25 CET", None),
        ("٢٠٢٦-11-22 09:44:25 UTC", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_reply_says_when_the_session_ends_in_one_of_two_forms(value: str, end: datetime | None) -> None:
    assert read_end({"qb-token-expirationdate": value}) == (None if end is None else end.timestamp())


def test_a_reply_without_the_header_says_nothing() -> None:
    assert read_end({}) is None
