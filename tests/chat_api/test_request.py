"""An action becomes exactly the request that the vendor's page describes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.chat_api.request import ApiRequest, request_for
from reconciler.core.action import Action
from reconciler.core.message import Mark, MessageId
from reconciler.core.message_text import unsendable
from tests.chat_api.actions import ALICE, BOB, DIALOG, MESSAGE, mark_dialog, update

ONE = "/chat/Message/53aabe15e4b077ddd43e7fd3.json"
ALL = "/chat/Message.json"
D = {"chat_dialog_id": "53a99a7be4b094c7c6d31b41"}


@pytest.mark.parametrize(
    ("action", "path", "fields"),
    [
        (update("Hello"), ONE, {"message": "Hello"}),
        (update(marks=[Mark.READ]), ONE, {"read": 1}),
        (update(marks=[Mark.DELIVERED]), ONE, {"delivered": 1}),
        (
            update("Hello", marks=[Mark.DELIVERED, Mark.READ]),
            ONE,
            {"message": "Hello", "read": 1, "delivered": 1},
        ),
        (mark_dialog(Mark.READ), ALL, {"read": 1}),
        (mark_dialog(Mark.READ, Mark.DELIVERED), ALL, {"read": 1, "delivered": 1}),
    ],
)
def test_an_action_is_one_put_with_only_the_fields_that_it_changes(
    action: Action, path: str, fields: dict[str, str | int]
) -> None:
    request = request_for(action)
    assert (request.method, request.path, request.actor) == ("PUT", path, ALICE)
    assert json.loads(request.body()) == D | fields


def test_a_mark_is_the_integer_that_the_reference_names() -> None:
    assert b'"read":1' in request_for(update(marks=[Mark.READ])).body()


def test_whoever_acts_in_the_action_acts_in_the_request() -> None:
    assert request_for(update("Hello", by=BOB)).actor == BOB


@given(st.text(min_size=1).filter(lambda text: unsendable(text) is None))
def test_what_is_typed_is_what_is_sent(text: str) -> None:
    assert json.loads(request_for(update(text)).body())["message"] == text


@pytest.mark.parametrize(
    "broken", ["", "53aabe15", "../" + "a" * 21, "A" * 24, "a" * 24 + "\n", "a" * 24 + ",b"]
)
def test_an_id_that_a_bug_broke_is_refused_at_the_wire(broken: str) -> None:
    message = MessageId("a" * 24)
    object.__setattr__(message, "value", broken)
    action = update(marks=[Mark.READ])
    object.__setattr__(action, "message", message)
    with pytest.raises(ValueError, match="24 lower-case hex digits"):
        request_for(action)


def test_a_dialog_id_that_a_bug_broke_is_refused_at_the_wire() -> None:
    with pytest.raises(ValueError, match="24 lower-case hex digits"):
        ApiRequest(method="PUT", path=ONE, actor=ALICE, fields={"chat_dialog_id": "", "read": 1})


def test_a_text_for_a_whole_dialog_is_refused_at_the_wire() -> None:
    with pytest.raises(ValueError, match="never of a whole dialog"):
        ApiRequest(method="PUT", path=ALL, actor=ALICE, fields={**D, "message": "Hello"})


def test_a_request_does_not_show_what_it_says() -> None:
    request = request_for(update("canary text"))
    assert "canary" not in f"{request!r} {request}"
    assert str(MESSAGE) in repr(request)
    assert str(DIALOG) not in repr(request)
