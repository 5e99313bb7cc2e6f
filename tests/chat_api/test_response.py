"""Whatever comes back becomes an answer: its words short, safe to show, and never ours."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.chat_api.response import read_answer
from reconciler.core.outcome import Answered

STATUSES = [200, 201, 204, 302, 400, 401, 403, 404, 408, 409, 418, 422, 429, 500, 502, 503, 504, 599]

PACKED = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xed\xbd\x07\xff\x80\x81\x82"

BODIES = [
    (b"", "", False),
    (b" ", "", False),
    (b"\r\n", "", False),
    (b"\xef\xbb\xbf", "", False),
    (b'{"errors":["The resource wasn\'t found"]}', "The resource wasn't found", False),
    (b'{"errors":["first","second"]}', "first; second", False),
    (b'{"errors":{"base":["Unexpected signature"]}}', "Unexpected signature", False),
    (b'{"errors":{"base":["one"],"chat_dialog_id":["is bad","is old"]}}',
     "one; chat_dialog_id: is bad; chat_dialog_id: is old", False),
    (b'{"errors":{"message":"is too long"}}', "message: is too long", False),
    (b'{"errors":{"field":"is wrong"}}', "field: is wrong", False),
    (b'{"errors":"as a string"}', "as a string", False),
    (b'{"errors":[{"message":"nested","code":7}]}', "nested; code: 7", False),
    (b'{"code":null,"message":"Token is required"}', "Token is required", False),
    (b'{"code":"E7","message":"Token is required"}', "E7: Token is required", False),
    (b'{"message":["a","b"]}', "a; b", False),
    (b'{"error":"invalid_grant"}', "invalid_grant", False),
    (b'{"errors":[]}', '{"errors":[]}', False),
    (b'{"errors":null,"message":"then this"}', "then this", False),
    (b'{"error":true,"message":"then this"}', "then this", False),
    (b'{"other":"shape"}', '{"other":"shape"}', False),
    (b'["a list"]', '["a list"]', False),
    (b'"a string"', "a string", False),
    (b"null", "null", False),
    (b'{"errors":["cut off', '{"errors":["cut off', False),
    (b"[" * 60_000, "[" * 199 + "…", False),
    (b"1" * 60_000, "1" * 199 + "…", False),
    (b"upstream connect error", "upstream connect error", False),
    (b"<html><head><title>502 Bad\n Gateway</title></head></html>", "502 Bad Gateway", True),
    (b"\n<!DOCTYPE html><TITLE lang=en>Sorry &amp; bye</TITLE>", "Sorry & bye", True),
    (b"<html><body>It works!</body></html>", "an HTML page", True),
    (b"<html><title></title>", "an HTML page", True),
    (b"<title" * 10_000, "an HTML page", True),
    (b'<?xml version="1.0"?><errors><error>x</error></errors>', "an XML page", True),
    ("<html><title>Wide</title>".encode("utf-16"), "Wide", True),
    (PACKED, "a body that is not text", True),
    (b"\x00" * 100, "a body that is not text", True),
]  # fmt: skip


@pytest.mark.parametrize(("body", "words", "page"), BODIES)
@pytest.mark.parametrize("status", STATUSES)
def test_every_status_with_every_body_says_what_the_service_said(
    status: int, body: bytes, words: str, *, page: bool
) -> None:
    assert read_answer(status, {}, body) == Answered(status=status, words=words, page=page)


def test_a_compressed_page_is_still_no_success() -> None:
    assert read_answer(200, {"content-type": "text/html; charset=utf-8"}, PACKED).page


@pytest.mark.parametrize("body", [b"", b" ", b"OK"])
def test_an_empty_success_is_no_page_whatever_its_type(body: bytes) -> None:
    assert not read_answer(200, {"content-type": "text/html; charset=utf-8"}, body).page


def test_words_are_cut_to_a_line() -> None:
    words = read_answer(422, {}, json.dumps({"errors": ["much " * 1000]}).encode()).words
    assert len(words) == 200
    assert words.endswith("…")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\u202eturned", r"\u202eturned"),
        ("a\u200bb", r"a\u200bb"),
        ("\ud800", r"\ud800"),
        ("grüße 😀", "grüße 😀"),
    ],
)
def test_what_could_steer_a_terminal_is_escaped(said: str, shown: str) -> None:
    assert read_answer(400, {}, json.dumps({"errors": [said]}).encode()).words == shown


@given(
    st.integers(100, 999),
    st.binary(max_size=300),
    st.dictionaries(
        st.sampled_from(["retry-after", "date", "x-request-id", "content-type"]), st.text(max_size=50)
    ),
)
@example(
    503, b"", {"retry-after": "Fri, 31 Dec 9999 23:59:59 -2359", "date": "Mon, 01 Jan 0001 00:00:00 +2359"}
)
def test_nothing_that_comes_back_is_an_error_of_ours(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    answer = read_answer(status, headers, body, sent=["secret"])
    assert answer.words.isprintable()
    assert len(answer.words) <= 200


DATE = "Sun, 22 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "9" * 5000}, 86_400.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "Sun, 22 Nov 2026 09:01:30 GMT", "date": DATE}, 90.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:01:30 -0000", "date": DATE}, 90.0),
        ({"retry-after": "Sunday, 22-Nov-26 09:01:30 GMT", "date": DATE}, 90.0),
        ({"retry-after": "Sun, 22 Nov 2026 08:00:00 GMT", "date": DATE}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2099 08:00:00 GMT", "date": DATE}, 86_400.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:01:30 GMT"}, None),
        ({"retry-after": "Sun, 99 Nov 2026 09:01:30 GMT", "date": DATE}, None),
        ({"retry-after": "7, 120, 3"}, 120.0),
        ({"retry-after": "120,7"}, 120.0),
        ({"retry-after": "soon, 7"}, 7.0),
        ({"retry-after": ", ,"}, None),
        ({"retry-after": "7, Sun, 22 Nov 2026 09:01:30 GMT", "date": DATE}, 90.0),
        ({"retry-after": "Sunday, 22-Nov-26 09:01:30 GMT, 120", "date": DATE}, 120.0),
        ({"retry-after": "Sun Nov 22 09:01:30 2026, Sun, 22 Nov 2026 09:00:07 GMT", "date": DATE}, 90.0),
    ],
)  # fmt: skip
def test_the_wait_that_the_service_asks_for_is_in_seconds(
    headers: Mapping[str, str], seconds: float | None
) -> None:
    assert read_answer(429, headers, b"").retry_after == seconds


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ({}, None),
        ({"x-request-id": "3f2a-77"}, "3f2a-77"),
        ({"x-correlation-id": "c/1=2"}, "c/1=2"),
        (
            {"x-amzn-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793"},
            "Root=1-5759e988-bd862e3fe1be46a994272793",
        ),
        ({"x-request-id": ""}, None),
        ({"x-request-id": "a b"}, None),
        ({"x-request-id": "\x1b[31m"}, None),
        ({"x-request-id": "é"}, None),
        ({"x-request-id": "a" * 129}, None),
        ({"x-request-id": "about-secret-1"}, None),
    ],
)
def test_a_request_id_is_kept_where_it_can_be_quoted(
    headers: Mapping[str, str], request_id: str | None
) -> None:
    assert read_answer(200, headers, b"", sent=["secret"]).request_id == request_id
