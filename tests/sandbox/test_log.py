"""The log of every request, the counters, the state: in process and over HTTP."""

import asyncio
import json
from datetime import datetime

import pytest

from reconciler.sandbox.faults import Delay, FaultRule, When
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.rate_limit import RateLimit, SlidingWindow
from reconciler.sandbox.seed_file import parse_seed
from tests.sandbox.world import ANN, BEN, BY_ANN, BY_BEN, GROUP, NO_MESSAGE, World, running_world

DEADLINE = 30.0


async def mark(world: World, message: str | None = BY_BEN) -> int:
    return (await world.put(message, {"chat_dialog_id": GROUP, "read": 1})).status


async def test_an_entry_tells_all_about_a_request(world: World) -> None:
    fields = {"chat_dialog_id": GROUP, "message": "new", "delivered": 1}
    reply = await world.put(BY_BEN, fields, user=BEN)
    [entry] = world.sandbox.log.entries
    assert entry.fields == fields
    assert (entry.number, entry.method, entry.path) == (1, "PUT", f"/chat/Message/{BY_BEN}.json")
    assert (entry.user, entry.status, entry.applied, entry.faults) == (BEN, 200, True, ())
    assert (entry.request_id, entry.in_flight) == (reply.headers["X-Request-Id"], 1)
    assert entry.duration >= 0


async def test_the_log_is_read_as_json_lines(world: World) -> None:
    await mark(world)
    await mark(world, NO_MESSAGE)
    reply = await world.call("GET", "/_sandbox/log", headers={})
    lines = [json.loads(line) for line in reply.body.splitlines()]
    assert reply.headers["Content-Type"].startswith("application/x-ndjson")
    assert [(line["number"], line["status"], line["applied"]) for line in lines] == [
        (1, 200, True),
        (2, 404, False),
    ]
    assert lines[0]["fields"] == {"chat_dialog_id": GROUP, "read": 1}
    assert datetime.fromisoformat(lines[0]["at"]).tzinfo is not None


@pytest.mark.parametrize(("since", "numbers"), [(0, [1, 2, 3]), (2, [3]), (3, []), (99, [])])
async def test_the_log_is_read_from_where_one_left_off(world: World, since: int, numbers: list[int]) -> None:
    for _ in range(3):
        await mark(world)
    reply = await world.call("GET", f"/_sandbox/log?since={since}", headers={})
    assert [json.loads(line)["number"] for line in reply.body.splitlines()] == numbers
    assert [entry.number for entry in world.sandbox.log.puts(since)] == numbers


async def test_updates_are_told_from_reads(world: World) -> None:
    await world.call("GET", f"/chat/Message/{BY_ANN}.json")
    await mark(world)
    assert [entry.number for entry in world.sandbox.log.puts()] == [2]


async def test_a_reader_of_the_log_waits_for_the_next_request(world: World) -> None:
    await mark(world)
    target = f"/_sandbox/log?since=1&wait={DEADLINE}"
    waiting = asyncio.create_task(world.call("GET", target, headers={}))
    await mark(world)
    assert json.loads((await waiting).body)["number"] == 2


async def test_a_reader_of_the_log_waits_no_longer_than_asked(world: World) -> None:
    reply = await world.call("GET", "/_sandbox/log?wait=0.01", headers={})
    assert (reply.status, reply.body) == (200, "")


async def test_a_request_under_way_is_counted_before_it_is_logged(world: World) -> None:
    world.sandbox.faults.add(FaultRule(fault=Delay(seconds=3600), when=When(method="PUT")))
    hanging = asyncio.create_task(mark(world))
    reply = await world.call("GET", f"/_sandbox/counters?arrived=1&wait={DEADLINE}", headers={})
    counters = json.loads(reply.body)
    assert (counters["arrived"], counters["finished"], counters["in_flight"]) == (1, 0, 1)
    assert not world.sandbox.log.entries
    hanging.cancel()


async def test_in_process_a_test_waits_for_any_condition(world: World) -> None:
    log = world.sandbox.log
    marking = asyncio.create_task(mark(world))
    assert await log.wait_until(lambda: log.statuses[200] == 1, DEADLINE)
    assert not await log.wait_until(lambda: log.statuses[200] == 2, 0.01)
    assert await marking == 200


async def test_the_log_keeps_the_latest_and_the_counters_count_all() -> None:
    async with running_world(SandboxOptions(log_size=3)) as world:
        for message in (BY_BEN, BY_BEN, NO_MESSAGE, BY_BEN, BY_BEN):
            await mark(world, message)
        assert [entry.number for entry in world.sandbox.log.since(0)] == [3, 4, 5]
        assert [entry.number for entry in world.sandbox.log.since(4)] == [5]
        counters = json.loads((await world.call("GET", "/_sandbox/counters", headers={})).body)
        assert counters["statuses"] == {"200": 4, "404": 1}
        assert (counters["arrived"], counters["finished"], counters["peak_in_flight"]) == (5, 5, 1)
        assert 1 <= counters["peak_per_second"] <= 5


async def test_requests_to_the_sandbox_itself_are_neither_logged_nor_limited() -> None:
    async with running_world(SandboxOptions(rate_limit=RateLimit(calls=1))) as world:
        replies = [await world.call("GET", "/_sandbox/counters", headers={}) for _ in range(5)]
        assert [reply.status for reply in replies] == [200] * 5
        assert world.sandbox.log.arrived == 0


@pytest.mark.parametrize("query", ["log?since=x", "log?wait=-1", "log?wait=nan", "counters?arrived=one"])
async def test_a_wrong_number_is_refused(world: World, query: str) -> None:
    reply = await world.call("GET", f"/_sandbox/{query}", headers={})
    assert reply.status == 422
    assert "must be a number from 0" in reply.body


@pytest.mark.parametrize(("method", "path"), [("GET", "nonsense"), ("POST", "log"), ("DELETE", "state")])
async def test_what_the_sandbox_does_not_offer_is_not_found(world: World, method: str, path: str) -> None:
    assert (await world.call(method, f"/_sandbox/{path}", headers={})).status == 404


async def test_the_state_is_a_seed_again(world: World) -> None:
    await world.put(BY_ANN, {"chat_dialog_id": GROUP, "message": "new", "read": 1})
    reply = await world.call("GET", "/_sandbox/state", headers={})
    seed = parse_seed(reply.body)
    assert {message.id: message.text for message in seed.messages} == world.texts()
    assert {dialog.id: set(dialog.occupants) for dialog in seed.dialogs} == {
        dialog.id: dialog.occupants for dialog in world.sandbox.chat.dialogs.values()
    }


async def test_a_seed_is_added_at_run_time_whole_or_not_at_all(world: World) -> None:
    id_ = "53aabe15e4b077ddd43e7f99"
    new = {"_id": id_, "chat_dialog_id": GROUP, "sender_id": ANN, "message": "new"}
    bad = {**new, "_id": "53aabe15e4b077ddd43e7f98", "sender_id": 4}
    refused = await world.call("POST", "/_sandbox/seed", json={"messages": [new, bad]}, headers={})
    assert refused.status == 422
    assert json.loads(refused.body)["errors"] == [
        f"message {bad['_id']}: user 4 is no occupant of dialog {GROUP}; add the user to it"
    ]
    added = await world.call("POST", "/_sandbox/seed", json={"messages": [new]}, headers={})
    assert (added.status, world.texts()[id_]) == (204, "new")


async def test_a_large_seed_is_added_in_one_request(world: World) -> None:
    messages = [
        {"_id": f"{number:024x}", "chat_dialog_id": GROUP, "sender_id": ANN, "message": "x" * 1000}
        for number in range(2000)
    ]
    body = json.dumps({"messages": messages}).encode()
    reply = await world.call("POST", "/_sandbox/seed", data=body, headers={})
    assert len(body) > 2_000_000
    assert (reply.status, len(world.sandbox.chat.messages)) == (204, 2006)


async def test_calls_beyond_the_rate_limit_are_answered_429() -> None:
    async with running_world(SandboxOptions(rate_limit=RateLimit(calls=3, retry_after=2))) as world:
        replies = await asyncio.gather(
            *(world.put(BY_BEN, {"chat_dialog_id": GROUP, "read": 1}) for _ in range(8))
        )
        refused = [reply for reply in replies if reply.status == 429]
        assert 8 - len(refused) == 3
        assert {(reply.body, reply.headers["Retry-After"]) for reply in refused} == {
            ('{"errors":["Too many requests"]}', "2")
        }
        assert sum(entry.applied for entry in world.sandbox.log.entries) == 3


async def test_the_rate_limit_is_set_and_lifted_at_run_time(world: World) -> None:
    limited = await world.call("PUT", "/_sandbox/rate-limit", json={"calls": 1}, headers={})
    statuses = [await mark(world) for _ in range(2)]
    lifted = await world.call("DELETE", "/_sandbox/rate-limit", headers={})
    assert (limited.status, statuses, lifted.status, await mark(world)) == (204, [200, 429], 204, 200)


@pytest.mark.parametrize("body", [{"calls": 0}, {}, {"calls": 1, "retry": 2}, []])
async def test_a_wrong_rate_limit_is_refused(world: World, body: object) -> None:
    assert (await world.call("PUT", "/_sandbox/rate-limit", json=body, headers={})).status == 422
    assert world.sandbox.rate_limit is None


def test_a_window_counts_the_calls_of_the_last_second_and_remembers_its_peak() -> None:
    window = SlidingWindow()
    for now in (0.0, 0.5, 0.9, 1.4):
        window.add(now)
    assert (window.count(1.4), window.count(1.5), window.count(2.4)) == (3, 2, 0)
    assert window.peak == 3


async def test_the_window_slides_so_that_a_limited_caller_gets_through_again() -> None:
    async with running_world(SandboxOptions(rate_limit=RateLimit(calls=2))) as world:
        sandbox = world.sandbox
        admitted = [now for now in (0.0, 0.1, 0.2, 0.9, 1.0, 1.05, 1.1) if sandbox.admits(now)]
    assert admitted == [0.0, 0.1, 1.0, 1.1]


async def test_a_caller_that_goes_away_in_mid_request_is_logged_as_unanswered(world: World) -> None:
    host, port = world.sandbox.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"PUT /chat/Message/{BY_BEN}.json HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\n{{"
    writer.write(head.encode())
    await writer.drain()
    log = world.sandbox.log
    assert await log.wait_until(lambda: log.arrived == 1, DEADLINE)
    writer.close()
    assert await log.wait_until(lambda: log.finished == 1, DEADLINE)
    assert (log.entries[0].status, log.entries[0].applied) == (None, False)


async def test_a_request_held_up_by_a_delay_does_not_keep_the_sandbox_from_stopping() -> None:
    async with asyncio.timeout(DEADLINE):
        async with running_world() as world:
            world.sandbox.faults.add(FaultRule(fault=Delay(seconds=3600)))
            log = world.sandbox.log
            hanging = asyncio.create_task(
                world.call("GET", "/chat/Message.json", headers={}),
            )
            assert await log.wait_until(lambda: log.arrived == 1, DEADLINE)
            hanging.cancel()
