"""Who may ask: API keys, user sessions, application sessions; and how a session is made."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from reconciler.sandbox.options import SandboxOptions
from tests.sandbox.world import (
    ANN,
    APPLICATION,
    APPLICATION_TOKEN,
    BEN,
    BY_BEN,
    GROUP,
    KEY,
    PASSWORD,
    TOKEN,
    Reply,
    World,
    running_world,
)

NOW = 1_790_000_000
SESSION_GONE = '{"errors":["Required session does not exist"]}'
NO_TOKEN = '{"errors":["Token is required"]}'
UNAUTHORIZED = '{"errors":["Unauthorized"]}'


class Clock:
    """Unix time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


async def mark(world: World, headers: Mapping[str, str]) -> Reply:
    return await world.call(
        "PUT", f"/chat/Message/{BY_BEN}.json", json={"chat_dialog_id": GROUP, "read": 1}, headers=headers
    )


@pytest.mark.parametrize(
    ("headers", "reader"),
    [
        ({"QB-Token": TOKEN}, ANN),
        ({"QB-Token": TOKEN, "On-Behalf-Of": str(BEN)}, ANN),
        ({"Authorization": f"ApiKey {KEY}", "On-Behalf-Of": str(ANN)}, ANN),
        ({"authorization": f"ApiKey {KEY}", "on-behalf-of": str(ANN)}, ANN),
    ],
)
async def test_a_credential_acts_for_one_user(world: World, headers: Mapping[str, str], reader: int) -> None:
    assert (await mark(world, headers)).status == 200
    assert world.marks() == {BY_BEN: ({reader}, set())}
    assert world.sandbox.log.entries[-1].user == reader


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({}, 401, NO_TOKEN),
        ({"QB-Token": ""}, 401, NO_TOKEN),
        ({"QB-Token": "0" * 40}, 401, SESSION_GONE),
        ({"QB-Token": KEY}, 401, SESSION_GONE),
        ({"Authorization": "ApiKey wrong", "On-Behalf-Of": "111"}, 401, UNAUTHORIZED),
        ({"Authorization": f"Bearer {KEY}", "On-Behalf-Of": "111"}, 401, UNAUTHORIZED),
        ({"Authorization": KEY, "On-Behalf-Of": "111"}, 401, UNAUTHORIZED),
        ({"Authorization": f"ApiKey {KEY}", "QB-Token": TOKEN}, 401, UNAUTHORIZED),
        (
            {"Authorization": f"ApiKey {KEY}", "On-Behalf-Of": "ann"},
            422,
            '{"errors":{"base":["On-Behalf-Of must be a user ID"]}}',
        ),
    ],
)
async def test_a_wrong_credential_is_refused_as_documented(
    world: World, headers: Mapping[str, str], status: int, body: str
) -> None:
    reply = await mark(world, headers)
    assert (reply.status, reply.body) == (status, body)
    assert world.marks() == {}
    assert world.sandbox.log.entries[-1].user is None


async def test_a_session_lives_two_hours_after_its_last_request_and_says_so() -> None:
    clock = Clock()
    async with running_world(SandboxOptions(clock=clock)) as world:
        for _ in range(3):
            clock.now += 7199
            reply = await mark(world, {"QB-Token": TOKEN})
            end = datetime.fromtimestamp(clock.now + 7200, UTC)
            assert reply.status == 200
            assert reply.headers["QB-Token-ExpirationDate"] == end.strftime("%Y-%m-%d %H:%M:%S UTC")
        clock.now += 7200
        reply = await mark(world, {"QB-Token": TOKEN})
        assert (reply.status, reply.body) == (401, SESSION_GONE)


async def test_an_api_key_never_expires() -> None:
    clock = Clock()
    async with running_world(SandboxOptions(clock=clock)) as world:
        clock.now += 10**8
        reply = await mark(world, {"Authorization": f"ApiKey {KEY}", "On-Behalf-Of": "111"})
        assert reply.status == 200
        assert "QB-Token-ExpirationDate" not in reply.headers


async def test_all_sessions_end_when_a_test_says_so(world: World) -> None:
    assert (await world.call("DELETE", "/_sandbox/sessions")).status == 204
    assert (await mark(world, {"QB-Token": TOKEN})).body == SESSION_GONE


def signed(
    given: Mapping[str, str], algorithm: Callable[[bytes], object] = hashlib.sha1
) -> dict[str, str]:
    """Sign as the vendor tells it: the sorted pairs, the values as they are."""
    string = "&".join(f"{name}={given[name]}" for name in sorted(given))
    name = "sha1" if algorithm is hashlib.sha1 else "sha256"
    return {**given, "signature": hmac.new(b"AS", string.encode(), name).hexdigest()}


LOGIN = {
    "application_id": str(APPLICATION.id),
    "auth_key": APPLICATION.auth_key,
    "nonce": "33432",
    "timestamp": str(NOW),
    "user[login]": "ann",
    "user[password]": PASSWORD,
}
