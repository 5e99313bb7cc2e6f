"""An error that quotes what we sent is shown without the quotation."""

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.chat_api.response import read_answer
from reconciler.core.message_text import unsendable

TEXT = 'The "vault" code is <4711>,\nask Zoë & Ünal before Monday'


@pytest.mark.parametrize(
    ("words", "sent", "shown"),
    [
        ("message 'Opening hours: 9-17' is bad", "Opening hours: 9-17", "message '[...]' is bad"),
        ("message 'Opening hou...' is bad", "Opening hours: 9-17", "message '[...]...' is bad"),
        ("'Hi' is bad, Hi!", "Hi", "'[...]' is bad, [...]!"),
        ("This is bad", "Hi", "This is bad"),
        ("This is bad", "i", "This is bad"),
        ("a body is bad", "a", "[...] body is bad"),
        ("nothing of it", "Opening hours: 9-17", "nothing of it"),
        ("so so, so-so", "so", "[...] [...], [...]-[...]"),
        ("wrong!", "!", "wrong!"),
        ("nothing of it", "\n", "nothing of it"),
    ],
)
def test_what_was_sent_is_cut_out(words: str, sent: str, shown: str) -> None:
    assert read_answer(422, {}, json.dumps({"errors": [words]}).encode(), sent=[sent]).words == shown


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"errors": [f"bad: {TEXT}"]}),
        json.dumps({"errors": [{"message": TEXT, "text": TEXT}]}),
        json.dumps({"errors": {TEXT: "is bad"}}),
        json.dumps({"errors": [f"bad: {json.dumps(TEXT)}"]}),
        json.dumps({"unknown": {"echo": TEXT}}),
        json.dumps({"unknown": {"echo": TEXT}}, ensure_ascii=False),
        f"bad: {TEXT}",
        f"bad: {TEXT}"[:30],
        f"<html><title>{html.escape(TEXT)}</title>",
        f"bad: {html.escape(TEXT)}",
        f"bad: message={quote(TEXT)}",
        "x" * 995 + TEXT,
    ],
)
def test_a_quotation_is_found_in_each_way_of_writing_it(body: str) -> None:
    words = read_answer(422, {}, body.encode(), sent=[TEXT]).words
    for telling in ("vault", "4711", "Monday"):
        assert telling not in words


@given(
    text=st.text(min_size=8, max_size=60).filter(lambda text: unsendable(text) is None),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
    cut=st.integers(8, 60),
)
def test_no_eight_characters_in_a_row_come_back(text: str, before: str, after: str, cut: int) -> None:
    body = json.dumps({"errors": [before + text[:cut] + after]}).encode()
    words = read_answer(422, {}, body, sent=[text]).words
    plain = " ".join(text.split())
    windows = {plain[i : i + 8] for i in range(len(plain) - 7)}
    assert not any(window in words.replace("[...]", "\0") for window in windows)


def test_a_credential_that_is_quoted_is_cut_out_too() -> None:
    body = b'{"errors":["ApiKey 28irlNAGasWDSupO9Vw0 is unknown"]}'
    assert read_answer(401, {}, body, sent=["28irlNAGasWDSupO9Vw0"]).words == "ApiKey [...] is unknown"
