"""List Messages with its side effect, Get Message, and the unread counts."""

import json
from collections.abc import Mapping

import pytest

from reconciler.sandbox.generated_seed import generated_dialog_id, generated_seed
from reconciler.sandbox.options import Assumptions, SandboxOptions
from reconciler.sandbox.seed import Credentials, Seed, SeedMessage
from reconciler.sandbox.server import running_sandbox
from tests.sandbox.world import (
    ANN,
    BEN,
    BY_ANN,
    BY_BEN,
    BY_CY,
    CY,
    FORBIDDEN,
    GROUP,
    KEY,
    NO_DIALOG,
    NO_MESSAGE,
    NOT_FOUND,
    OTHER,
    PAIR,
    PUBLIC,
    STRANGER,
    World,
    running_world,
)

LIST = f"/chat/Message.json?chat_dialog_id={GROUP}"


async def listed(world: World, query: str) -> list[str]:
    reply = await world.call("GET", f"{LIST}&mark_as_read=0&{query}")
    assert reply.status == 200
    return [item["_id"] for item in json.loads(reply.body)["items"]]


async def test_a_message_is_shown_as_the_vendor_shows_it(world: World) -> None:
    reply = await world.call("GET", f"/chat/Message/{BY_ANN}.json")
    assert reply.status == 200
    assert json.loads(reply.body) == {
        "_id": BY_ANN,
        "attachments": [],
        "chat_dialog_id": GROUP,
        "created_at": "2023-11-14T22:13:21Z",
        "date_sent": 1_700_000_001,
        "delivered_ids": [ANN],
        "message": "first",
        "read_ids": [ANN],
        "recipient_id": 0,
        "sender_id": ANN,
        "updated_at": "2023-11-14T22:13:21Z",
        "read": 0,
    }


async def test_a_page_holds_the_same_messages(world: World) -> None:
    one = json.loads((await world.call("GET", f"/chat/Message/{BY_ANN}.json")).body)
    page = json.loads((await world.call("GET", f"{LIST}&mark_as_read=0")).body)
    assert (page["skip"], page["limit"]) == (0, 100)
    assert page["items"][0] == one


async def test_an_edit_shows_in_its_text_and_its_time(world: World) -> None:
    await world.put(BY_ANN, {"chat_dialog_id": GROUP, "message": "edited"})
    one = json.loads((await world.call("GET", f"/chat/Message/{BY_ANN}.json")).body)
    assert one["message"] == "edited"
    assert one["updated_at"] > one["created_at"]


async def test_listing_marks_the_page_as_read_for_the_caller(world: World) -> None:
    await world.call("GET", f"{LIST}&limit=2", user=CY)
    assert world.marks() == {BY_ANN: ({CY}, set()), BY_BEN: ({CY}, set())}


@pytest.mark.parametrize(
    ("target", "user"), [(f"{LIST}&mark_as_read=0", ANN), (LIST, None), (f"/chat/Message/{BY_BEN}.json", ANN)]
)
async def test_reading_marks_nothing_where_it_must_not(world: World, target: str, user: int | None) -> None:
    assert (await world.call("GET", target, user=user)).status == 200
    assert world.marks() == {}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sort_desc=date_sent", [BY_CY, BY_BEN, BY_ANN]),
        ("sort_asc=date_sent", [BY_ANN, BY_BEN, BY_CY]),
        ("sort_asc=unknown", [BY_ANN, BY_BEN, BY_CY]),
        ("skip=1", [BY_BEN, BY_CY]),
        ("skip=1&limit=1", [BY_BEN]),
        ("limit=0", []),
        ("skip=9", []),
        ("date_sent[lt]=1700000002", [BY_ANN]),
        ("date_sent[lte]=1700000002", [BY_ANN, BY_BEN]),
        ("date_sent[gt]=1700000002", [BY_CY]),
        ("updated_at[gte]=1700000002", [BY_BEN, BY_CY]),
        ("sender_id[ne]=111", [BY_BEN, BY_CY]),
        ("sender_id[in]=111,333", [BY_ANN, BY_CY]),
        ("sender_id[nin]=111,333", [BY_BEN]),
        ("message[ctn]=ir", [BY_ANN, BY_CY]),
        ("message[ne]=first", [BY_BEN, BY_CY]),
        (f"_id={BY_BEN}", [BY_BEN]),
        (f"_id[ne]={BY_BEN}", [BY_ANN, BY_CY]),
        (f"_id[in]={BY_BEN}", [BY_ANN, BY_BEN, BY_CY]),
        ("sender_id[ctn]=1", [BY_ANN, BY_BEN, BY_CY]),
        ("updated_at[in]=1", [BY_ANN, BY_BEN, BY_CY]),
        ("unknown[lt]=1", [BY_ANN, BY_BEN, BY_CY]),
        ("un-known=1", [BY_ANN, BY_BEN, BY_CY]),
    ],
)
async def test_a_list_is_filtered_sorted_and_cut(world: World, query: str, found: list[str]) -> None:
    assert await listed(world, query) == found


async def test_ids_are_a_filter_where_that_is_assumed() -> None:
    async with running_world(SandboxOptions(assumptions=Assumptions(id_filter=True))) as world:
        assert await listed(world, f"_id[in]={BY_ANN},{BY_CY}") == [BY_ANN, BY_CY]


async def test_a_page_is_cut_at_a_hundred_and_says_so() -> None:
    seed = generated_seed(dialogs=1, messages=250, credentials=Credentials(api_keys=(KEY,)))
    async with running_sandbox(SandboxOptions(seed=seed)) as sandbox, running_world() as world:
        target = f"/chat/Message.json?chat_dialog_id={generated_dialog_id(0)}&mark_as_read=0"
        elsewhere = World(sandbox, world.http)
        pages = [
            json.loads((await elsewhere.call("GET", f"{target}&limit=1000&skip={skip}")).body)
            for skip in (0, 100, 200)
        ]
    assert [(page["limit"], len(page["items"])) for page in pages] == [(100, 100), (100, 100), (100, 50)]
    assert len({item["_id"] for page in pages for item in page["items"]}) == 250


@pytest.mark.parametrize(
    ("target", "user", "status", "body"),
    [
        ("/chat/Message.json", ANN, 404, NOT_FOUND),
        (f"/chat/Message.json?_id={BY_ANN}", ANN, 404, NOT_FOUND),
        (f"/chat/Message.json?chat_dialog_id={NO_DIALOG}", ANN, 404, NOT_FOUND),
        (f"/chat/Message.json?chat_dialog_id={OTHER}", ANN, 403, FORBIDDEN),
        (LIST, STRANGER, 403, FORBIDDEN),
        (f"{LIST}&limit=many", ANN, 400, '{"errors":["Bad request"]}'),
        (f"{LIST}&skip=-1", ANN, 400, '{"errors":["Bad request"]}'),
        (f"{LIST}&date_sent[lt]=noon", ANN, 400, '{"errors":["Bad request"]}'),
        (f"/chat/Message/{NO_MESSAGE}.json", ANN, 404, NOT_FOUND),
        (f"/chat/Message/{BY_ANN},{BY_BEN}.json", ANN, 404, NOT_FOUND),
        (f"/chat/Message/{BY_ANN}.json", STRANGER, 403, FORBIDDEN),
        ("/chat/Message/unread.json", None, 403, FORBIDDEN),
    ],
)
async def test_reading_is_refused_as_documented(
    world: World, target: str, user: int | None, status: int, body: str
) -> None:
    reply = await world.call("GET", target, user=user)
    assert (reply.status, reply.body) == (status, body)


@pytest.mark.parametrize(
    ("user", "query", "counts"),
    [
        (ANN, "", {"total": 2}),
        (BEN, "", {"total": 3}),
        (ANN, f"?chat_dialog_ids={GROUP}", {"total": 2, GROUP: 2}),
        (BEN, f"?chat_dialog_ids={GROUP},{PAIR},{PUBLIC}", {"total": 3, GROUP: 2, PAIR: 1, PUBLIC: 0}),
        (ANN, f"?chat_dialog_ids={NO_DIALOG},{OTHER}", {"total": 2, NO_DIALOG: 0, OTHER: 0}),
    ],
)
async def test_unread_messages_are_counted_for_the_caller(
    world: World, user: int, query: str, counts: Mapping[str, int]
) -> None:
    reply = await world.call("GET", f"/chat/Message/unread.json{query}", user=user)
    assert (reply.status, json.loads(reply.body)) == (200, counts)


async def test_the_dialogs_to_count_may_stand_in_a_body_as_in_the_vendors_example(world: World) -> None:
    reply = await world.call("GET", "/chat/Message/unread.json", form={"chat_dialog_ids": GROUP})
    assert json.loads(reply.body) == {"total": 2, GROUP: 2}


async def test_what_is_read_is_unread_no_more(world: World) -> None:
    await world.put(None, {"chat_dialog_id": GROUP, "read": 1})
    reply = await world.call("GET", "/chat/Message/unread.json")
    assert json.loads(reply.body) == {"total": 0}


async def test_a_messages_own_keys_and_attachments_are_shown(world: World) -> None:
    id_ = "53aabe15e4b077ddd43e7f77"
    message = SeedMessage(
        id=id_,
        dialog=GROUP,
        sender=BEN,
        custom={"age": "25"},
        attachments=({"type": "image", "id": "47863"},),
    )
    world.sandbox.add(Seed(messages=(message,)))
    one = json.loads((await world.call("GET", f"/chat/Message/{id_}.json")).body)
    assert (one["age"], one["attachments"], one["message"]) == (
        "25",
        [{"type": "image", "id": "47863"}],
        None,
    )
