"""Update Message, as the vendor's page tells it."""

import json
from collections.abc import Mapping

import pytest

from reconciler.sandbox.options import Assumptions, Reading, SandboxOptions
from reconciler.sandbox.seed import Seed, SeedMessage
from tests.sandbox.world import (
    ANN,
    APPLICATION_TOKEN,
    BEN,
    BY_ANN,
    BY_BEN,
    BY_CY,
    CY,
    ELSEWHERE,
    FORBIDDEN,
    GROUP,
    NO_DIALOG,
    NO_MESSAGE,
    NOT_FOUND,
    OTHER,
    PAIR,
    PRIVATELY,
    PUBLIC,
    PUBLICLY,
    STRANGER,
    World,
    running_world,
)

Marks = dict[str, tuple[set[int], set[int]]]


@pytest.mark.parametrize(
    ("message", "fields", "marks"),
    [
        (BY_BEN, {"read": 1}, {BY_BEN: ({ANN}, set())}),
        (BY_BEN, {"read": "1"}, {BY_BEN: ({ANN}, set())}),
        (BY_BEN, {"delivered": 1}, {BY_BEN: (set(), {ANN})}),
        (BY_BEN, {"delivered": "1"}, {BY_BEN: (set(), {ANN})}),
        (BY_BEN, {"read": 1, "delivered": "1"}, {BY_BEN: ({ANN}, {ANN})}),
        (BY_BEN, {}, {}),
        (BY_BEN, {"read": 1, "unknown": "ignored"}, {BY_BEN: ({ANN}, set())}),
        (BY_ANN, {"message": "new", "read": 1}, {}),
        (None, {"read": 1}, {BY_BEN: ({ANN}, set()), BY_CY: ({ANN}, set())}),
        (None, {"delivered": "1"}, {BY_BEN: (set(), {ANN}), BY_CY: (set(), {ANN})}),
        (None, {"read": 1, "delivered": 1}, {BY_BEN: ({ANN}, {ANN}), BY_CY: ({ANN}, {ANN})}),
    ],
)
async def test_a_mark_is_left_for_the_acting_user_and_answered_with_an_empty_body(
    world: World, message: str | None, fields: Mapping[str, object], marks: Marks
) -> None:
    reply = await world.put(message, {"chat_dialog_id": GROUP, **fields})
    assert (reply.status, reply.body) == (200, "")
    assert reply.headers["Content-Length"] == "0"
    assert world.marks() == marks


@pytest.mark.parametrize("target", [f"/chat/Message/{BY_BEN}.json", "/chat/Message.json"])
async def test_a_form_is_as_good_as_json(world: World, target: str) -> None:
    reply = await world.call("PUT", target, form={"chat_dialog_id": GROUP, "delivered": "1", "read": "1"})
    assert (reply.status, reply.body) == (200, "")
    assert world.marks()[BY_BEN] == ({ANN}, {ANN})


async def test_a_form_carries_any_text(world: World) -> None:
    text = "Zoë & weekends: 10+2 = twelve%"
    form = {"chat_dialog_id": GROUP, "message": text}
    reply = await world.call("PUT", f"/chat/Message/{BY_ANN}.json", form=form)
    assert (reply.status, world.texts()[BY_ANN]) == (200, text)


async def test_marks_gather_user_by_user_and_repeating_one_changes_nothing(world: World) -> None:
    for user in (BEN, CY, CY):
        await world.put(BY_ANN, {"chat_dialog_id": GROUP, "read": 1}, user=user)
    before = world.sandbox.chat.messages[BY_ANN].updated_at
    assert (await world.put(BY_ANN, {"chat_dialog_id": GROUP, "read": 1}, user=BEN)).status == 200
    assert world.marks() == {BY_ANN: ({BEN, CY}, set())}
    assert world.sandbox.chat.messages[BY_ANN].updated_at == before


async def test_the_sender_has_read_and_received_from_the_start(world: World) -> None:
    message = world.sandbox.chat.messages[BY_ANN]
    assert (message.read_ids, message.delivered_ids) == ({ANN}, {ANN})


async def test_a_text_is_edited_by_its_author_alone_and_nothing_else_changes(world: World) -> None:
    before = world.texts()
    reply = await world.put(BY_BEN, {"chat_dialog_id": GROUP, "message": "edited"}, user=BEN)
    assert (reply.status, reply.body) == (200, "")
    assert world.texts() == before | {BY_BEN: "edited"}
    assert world.marks() == {}


async def test_a_dialog_wide_mark_covers_what_exists_and_not_what_comes_later(world: World) -> None:
    await world.put(None, {"chat_dialog_id": GROUP, "read": 1})
    later = "53aabe15e4b077ddd43e7f99"
    world.sandbox.add(Seed(messages=(SeedMessage(id=later, dialog=GROUP, sender=BEN, text="later"),)))
    assert world.marks() == {BY_BEN: ({ANN}, set()), BY_CY: ({ANN}, set())}


async def test_a_public_dialog_says_yes_and_keeps_no_marks(world: World) -> None:
    reply = await world.put(PUBLICLY, {"chat_dialog_id": PUBLIC, "read": 1, "delivered": 1}, user=STRANGER)
    message = world.sandbox.chat.messages[PUBLICLY]
    assert reply.status == 200
    assert (message.read_ids, message.delivered_ids) == (set(), set())


REFUSALS = [
    pytest.param(NO_MESSAGE, {"read": 1}, ANN, 404, NOT_FOUND, id="no such message"),
    pytest.param(ELSEWHERE, {"read": 1}, ANN, 404, NOT_FOUND, id="a message of another dialog"),
    pytest.param("nonsense", {"read": 1}, ANN, 404, NOT_FOUND, id="a malformed id"),
    pytest.param("", {"read": 1}, ANN, 404, NOT_FOUND, id="an empty id"),
    pytest.param(BY_ANN.upper(), {"read": 1}, ANN, 404, NOT_FOUND, id="an id in upper case"),
    pytest.param(BY_BEN.replace("5", "%35"), {"read": 1}, ANN, 404, NOT_FOUND, id="an encoded id"),
    pytest.param(f"{BY_ANN},{BY_BEN}", {"read": 1}, ANN, 404, NOT_FOUND, id="several ids"),
    pytest.param(BY_BEN, {"read": 1, "chat_dialog_id": NO_DIALOG}, ANN, 404, NOT_FOUND, id="no such dialog"),
    pytest.param(None, {"read": 1, "chat_dialog_id": NO_DIALOG}, ANN, 404, NOT_FOUND, id="no dialog to mark"),
    pytest.param(BY_BEN, {"read": 1}, STRANGER, 403, FORBIDDEN, id="no occupant"),
    pytest.param(None, {"read": 1}, STRANGER, 403, FORBIDDEN, id="no occupant, whole dialog"),
    pytest.param(None, {"read": 1, "chat_dialog_id": OTHER}, ANN, 403, FORBIDDEN, id="another's dialog"),
    pytest.param(BY_BEN, {"message": "x"}, ANN, 403, FORBIDDEN, id="another's text"),
    pytest.param(BY_BEN, {"message": "x", "read": 1}, ANN, 403, FORBIDDEN, id="another's text, with a mark"),
    pytest.param(BY_BEN, {"read": 1}, None, 403, FORBIDDEN, id="an API key on behalf of nobody"),
]


@pytest.mark.parametrize(("message", "fields", "user", "status", "body"), REFUSALS)
async def test_a_refusal_is_worded_as_documented_and_changes_nothing(  # noqa: PLR0917  # columns
    world: World, message: str | None, fields: Mapping[str, object], user: int | None, status: int, body: str
) -> None:
    texts = world.texts()
    reply = await world.put(message, {"chat_dialog_id": GROUP, **fields}, user=user)
    assert (reply.status, reply.body) == (status, body)
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert (world.texts(), world.marks()) == (texts, {})


@pytest.mark.parametrize(
    ("message", "fields", "wrong"),
    [
        (BY_ANN, {"read": 1}, "chat_dialog_id"),
        (BY_ANN, {"read": 1, "chat_dialog_id": ""}, "chat_dialog_id"),
        (BY_ANN, {"read": 1, "chat_dialog_id": [GROUP]}, "chat_dialog_id"),
        (None, {"read": 1}, "chat_dialog_id"),
        (None, {"chat_dialog_id": GROUP, "message": "to all"}, "message"),
        (None, {"chat_dialog_id": GROUP, "message": "to all", "read": 1}, "message"),
        (BY_ANN, {"chat_dialog_id": GROUP, "message": 7}, "message"),
        (BY_ANN, {"chat_dialog_id": GROUP, "message": None}, "message"),
        (BY_ANN, {"chat_dialog_id": GROUP, "read": 0}, "read"),
        (BY_ANN, {"chat_dialog_id": GROUP, "read": "0"}, "read"),
        (BY_ANN, {"chat_dialog_id": GROUP, "read": True}, "read"),
        (BY_ANN, {"chat_dialog_id": GROUP, "read": 1.0}, "read"),
        (BY_ANN, {"chat_dialog_id": GROUP, "read": 1, "delivered": 0}, "delivered"),
        (None, {"chat_dialog_id": GROUP, "delivered": "yes"}, "delivered"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_changes(
    world: World, message: str | None, fields: Mapping[str, object], wrong: str
) -> None:
    texts = world.texts()
    reply = await world.put(message, fields, user=BEN)
    assert (reply.status, list(json.loads(reply.body)["errors"])) == (422, [wrong])
    assert (world.texts(), world.marks()) == (texts, {})


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("application/json", b'{"read": "\xff"}', 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/x-www-form-urlencoded", b"read", 400),
        ("application/x-www-form-urlencoded", b"read=%ff", 400),
        ("text/plain", b"read=1", 415),
        ("application/json", b" " * 2_000_000, 413),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    world: World, content_type: str, body: bytes, status: int
) -> None:
    headers = {"QB-Token": "eddf864695d72d33b959eec2ae6c640d817dfada", "Content-Type": content_type}
    reply = await world.call("PUT", f"/chat/Message/{BY_BEN}.json", data=body, headers=headers)
    assert (reply.status, list(json.loads(reply.body))) == (status, ["errors"])
    assert world.marks() == {}


async def test_an_application_session_is_read_only(world: World) -> None:
    reply = await world.call(
        "PUT",
        f"/chat/Message/{BY_BEN}.json",
        json={"chat_dialog_id": GROUP, "read": 1},
        headers={"QB-Token": APPLICATION_TOKEN},
    )
    assert (reply.status, reply.body) == (403, FORBIDDEN)


@pytest.mark.parametrize("path", ["/chat/Message", f"/chat/Message/{BY_BEN}", "/chat/Message/", "/"])
async def test_without_json_at_its_end_a_path_is_answered_in_xml(world: World, path: str) -> None:
    reply = await world.call("PUT", path, json={"chat_dialog_id": GROUP, "read": 1})
    assert reply.status == 404
    assert reply.headers["Content-Type"].startswith("application/xml")
    assert reply.body.startswith("<?xml")
    assert world.marks() == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/chat/Message.json"),
        ("DELETE", f"/chat/Message/{BY_ANN}.json"),
        ("GET", "/chat/Dialog.json"),
    ],
)
async def test_what_the_sandbox_does_not_imitate_is_not_found(world: World, method: str, path: str) -> None:
    reply = await world.call(method, path)
    assert (reply.status, reply.body) == (404, NOT_FOUND)


async def test_every_answer_carries_a_request_id(world: World) -> None:
    replies = [await world.put(each, {"chat_dialog_id": GROUP, "read": 1}) for each in (BY_BEN, NO_MESSAGE)]
    assert len({reply.headers["X-Request-Id"] for reply in replies}) == 2


def assuming(assumptions: Assumptions) -> SandboxOptions:
    return SandboxOptions(assumptions=assumptions)


async def test_in_the_other_reading_one_id_marks_the_whole_dialog_and_edits_one_message() -> None:
    async with running_world(assuming(Assumptions(reading=Reading.DIALOG))) as world:
        reply = await world.put(BY_ANN, {"chat_dialog_id": GROUP, "read": 1, "message": "mine"})
        assert (reply.status, reply.body) == (200, "")
        assert world.marks() == {BY_BEN: ({ANN}, set()), BY_CY: ({ANN}, set())}
        assert [id_ for id_, text in world.texts().items() if text == "mine"] == [BY_ANN]


async def test_several_ids_mark_several_messages_where_that_is_assumed() -> None:
    async with running_world(assuming(Assumptions(several_ids=True))) as world:
        both = f"{BY_BEN},{BY_CY}"
        assert (await world.put(both, {"chat_dialog_id": GROUP, "delivered": 1})).status == 200
        assert world.marks() == {BY_BEN: (set(), {ANN}), BY_CY: (set(), {ANN})}
        assert (await world.put(both, {"chat_dialog_id": GROUP, "message": "x"})).status == 422
        one_unknown = f"{BY_BEN},{NO_MESSAGE}"
        assert (await world.put(one_unknown, {"chat_dialog_id": GROUP, "read": 1})).status == 404
        assert world.marks() == {BY_BEN: (set(), {ANN}), BY_CY: (set(), {ANN})}


async def test_anyone_in_the_dialog_edits_a_text_where_that_is_assumed() -> None:
    async with running_world(assuming(Assumptions(authors_only=False))) as world:
        assert (await world.put(BY_BEN, {"chat_dialog_id": GROUP, "message": "x"})).status == 200
        assert (
            await world.put(BY_BEN, {"chat_dialog_id": GROUP, "message": "y"}, user=STRANGER)
        ).status == 403
        assert world.texts()[BY_BEN] == "x"


async def test_a_refused_text_leaves_its_marks_behind_where_bodies_are_not_atomic() -> None:
    async with running_world(assuming(Assumptions(atomic=False))) as world:
        reply = await world.put(BY_BEN, {"chat_dialog_id": GROUP, "message": "x", "read": 1})
        assert (reply.status, world.texts()[BY_BEN]) == (403, "second")
        assert world.marks() == {BY_BEN: ({ANN}, set())}


async def test_the_private_dialogs_old_read_flag_follows_the_opponent(world: World) -> None:
    message = world.sandbox.chat.messages[PRIVATELY]
    assert message.model()["read"] == 0
    await world.put(PRIVATELY, {"chat_dialog_id": PAIR, "read": 1}, user=BEN)
    assert message.model()["read"] == 1
