"""Who may ask: API keys, user sessions, application sessions; and how a session is made."""

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.seed import Credentials
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


async def test_a_key_or_a_session_that_is_revoked_lets_nobody_in(world: World) -> None:
    key = {"Authorization": f"ApiKey {KEY}", "On-Behalf-Of": str(ANN)}
    world.sandbox.access.revoke(KEY)
    world.sandbox.access.revoke(TOKEN)
    assert (await mark(world, key)).body == UNAUTHORIZED
    assert (await mark(world, {"QB-Token": TOKEN})).body == SESSION_GONE
    world.sandbox.access.add(Credentials(api_keys=(KEY,)))
    assert (await mark(world, key)).status == 200


LOGIN = {
    "application_id": str(APPLICATION.id),
    "auth_key": APPLICATION.auth_key,
    "nonce": "33432",
    "timestamp": str(NOW),
    "user[login]": "ann",
    "user[password]": PASSWORD,
}
BY_EMAIL = {"user[email]": "ann@example.org"} | {k: v for k, v in LOGIN.items() if k != "user[login]"}
APPLICATION_ONLY = {k: v for k, v in LOGIN.items() if not k.startswith("user")}


def signed(given: Mapping[str, str], algorithm: str = "sha1") -> dict[str, str]:
    """Sign as the vendor tells it: the sorted pairs, the values as they are."""
    string = "&".join(f"{name}={given[name]}" for name in sorted(given))
    return {**given, "signature": hmac.new(b"AS", string.encode(), algorithm).hexdigest()}


async def create_session(world: World, form: Mapping[str, str]) -> Reply:
    return await world.call("POST", "/session.json", form=form, headers={})


@pytest.mark.parametrize(
    "signature",
    [
        "710e9e7161552a72c30d57da427b8c80274dfe83",
        "5cb87a6e4b3e132af6cca5544acf5c2b4c99796b5cc6c100675db0edc5ba5606",
    ],
)
async def test_signatures_made_by_another_program_are_accepted(signature: str) -> None:
    async with running_world(SandboxOptions(clock=Clock())) as world:
        assert (await create_session(world, {**LOGIN, "signature": signature})).status == 201


@pytest.mark.parametrize(
    ("given", "algorithm", "user"),
    [(LOGIN, "sha1", ANN), (LOGIN, "sha256", ANN), (BY_EMAIL, "sha1", ANN), (APPLICATION_ONLY, "sha1", 0)],
)
async def test_a_signed_request_creates_a_session_that_lets_in(
    given: Mapping[str, str], algorithm: str, user: int
) -> None:
    async with running_world(SandboxOptions(clock=Clock())) as world:
        reply = await create_session(world, signed(given, algorithm))
        session = json.loads(reply.body)["session"]
        assert reply.status == 201
        assert (session["user_id"], session["application_id"], session["ts"]) == (user, 92, NOW)
        assert len(session["token"]) == 40
        assert (await mark(world, {"QB-Token": session["token"]})).status == (200 if user else 403)


async def test_a_session_is_created_from_json_too() -> None:
    async with running_world(SandboxOptions(clock=Clock())) as world:
        body = {
            **{name: value for name, value in signed(LOGIN).items() if not name.startswith("user")},
            "application_id": APPLICATION.id,
            "timestamp": NOW,
            "user": {"login": "ann", "password": PASSWORD},
        }
        reply = await world.call("POST", "/session.json", json=body, headers={})
        assert reply.status == 201


BAD_SIGNATURE = '{"errors":{"base":["Unexpected signature"]}}'


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({**signed(LOGIN), "signature": "0" * 40}, 422, BAD_SIGNATURE),
        ({**signed(LOGIN), "signature": "é" * 40}, 422, BAD_SIGNATURE),
        ({**signed(LOGIN), "signature": "short"}, 422, BAD_SIGNATURE),
        ({**signed(LOGIN), "nonce": "changed"}, 422, BAD_SIGNATURE),
        (signed({**LOGIN, "application_id": "93"}), 422, BAD_SIGNATURE),
        (signed({**LOGIN, "application_id": "x"}), 422, BAD_SIGNATURE),
        (signed({**LOGIN, "auth_key": "other"}), 422, BAD_SIGNATURE),
        (LOGIN, 422, '{"errors":{"signature":["is required"]}}'),
        (signed({**LOGIN, "nonce": ""}), 422, '{"errors":{"nonce":["is required"]}}'),
        (
            signed({**LOGIN, "timestamp": str(NOW - 3601)}),
            422,
            '{"errors":{"timestamp":["must be within an hour of now"]}}',
        ),
        (signed({**LOGIN, "timestamp": "soon"}), 422, '{"errors":{"timestamp":["must be a unix time"]}}'),
        (signed({**LOGIN, "user[password]": "wrong"}), 401, UNAUTHORIZED),
        (signed({**LOGIN, "user[login]": "nobody"}), 401, UNAUTHORIZED),
    ],
)
async def test_a_session_is_refused(form: Mapping[str, str], status: int, words: str) -> None:
    async with running_world(SandboxOptions(clock=Clock())) as world:
        reply = await create_session(world, form)
        assert (reply.status, reply.body) == (status, words)


async def test_a_nonce_serves_once() -> None:
    async with running_world(SandboxOptions(clock=Clock())) as world:
        assert (await create_session(world, signed(LOGIN))).status == 201
        assert (await create_session(world, signed(LOGIN))).status == 422


async def test_a_password_never_reaches_the_log() -> None:
    async with running_world(SandboxOptions(clock=Clock())) as world:
        await create_session(world, signed(LOGIN))
        assert PASSWORD not in repr(world.sandbox.log.entries)
        assert world.sandbox.log.entries[-1].fields["user[login]"] == "ann"


async def test_an_application_session_reads_any_dialog_and_marks_nothing(world: World) -> None:
    reply = await world.call(
        "GET", f"/chat/Message.json?chat_dialog_id={GROUP}", headers={"QB-Token": APPLICATION_TOKEN}
    )
    assert (reply.status, len(json.loads(reply.body)["items"]), world.marks()) == (200, 3, {})


async def show_session(world: World, headers: Mapping[str, str]) -> Reply:
    return await world.call("GET", "/session.json", headers=headers)


@pytest.mark.parametrize(("token", "user"), [(TOKEN, ANN), (APPLICATION_TOKEN, 0)])
async def test_a_session_shows_whose_it_is(world: World, token: str, user: int) -> None:
    reply = await show_session(world, {"QB-Token": token})
    session = json.loads(reply.body)["session"]
    assert reply.status == 200
    assert session.keys() == {
        *("_id", "application_id", "created_at", "id", "nonce", "token", "ts", "updated_at", "user_id")
    }
    assert (session["token"], session["user_id"], session["application_id"]) == (token, user, APPLICATION.id)
    assert "QB-Token-ExpirationDate" in reply.headers
    assert token not in repr(world.sandbox.log.entries)


async def test_a_session_that_a_login_made_is_shown_as_it_was_made() -> None:
    clock = Clock()
    async with running_world(SandboxOptions(clock=clock)) as world:
        made = json.loads((await create_session(world, signed(LOGIN))).body)["session"]
        clock.now += 60
        shown = json.loads((await show_session(world, {"QB-Token": made["token"]})).body)["session"]
        assert (shown["user_id"], shown["nonce"], shown["ts"]) == (ANN, LOGIN["nonce"], NOW)
        assert shown.pop("updated_at") > made.pop("updated_at")
        assert shown == made


async def test_a_session_that_is_shown_lives_on_from_there() -> None:
    clock = Clock()
    async with running_world(SandboxOptions(clock=clock)) as world:
        clock.now += 7199
        assert (await show_session(world, {"QB-Token": TOKEN})).status == 200
        clock.now += 7199
        assert (await mark(world, {"QB-Token": TOKEN})).status == 200
        clock.now += 7200
        assert (await show_session(world, {"QB-Token": TOKEN})).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"QB-Token": ""},
        {"QB-Token": "0" * 40},
        {"QB-Token": KEY},
        {"Authorization": f"ApiKey {KEY}"},
        {"Authorization": f"ApiKey {KEY}", "On-Behalf-Of": str(ANN)},
        {"Authorization": f"ApiKey {KEY}", "QB-Token": TOKEN},
    ],
)
async def test_without_a_living_session_there_is_none_to_show(
    world: World, headers: Mapping[str, str]
) -> None:
    reply = await show_session(world, headers)
    assert (reply.status, reply.body) == (401, '{"errors":{"base":["Required session does not exist"]}}')


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_a_session_is_made_and_shown_and_no_more(world: World, method: str) -> None:
    reply = await world.call(method, "/session.json", headers={"QB-Token": TOKEN})
    assert (reply.status, reply.body) == (404, '{"errors":["The resource wasn\'t found"]}')
