"""A session of our own: made when it is needed, renewed in time, made anew once where it is refused."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from reconciler.chat_api.authenticator import Logins
from reconciler.chat_api.credentials import Credential, OwnSession, SignatureHash, UserToken
from reconciler.chat_api.errors import CredentialError, NoSession, WriteRefused, WrongActor
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.transport import open_transport, trusted
from reconciler.chat_api.url import ApiUrl
from reconciler.core.message import UserId
from reconciler.core.outcome import Answer, Answered, Unanswered
from reconciler.sandbox.faults import BodyShape, Delay, Drip, Drop, Fault, FaultRule, Status, When
from reconciler.sandbox.rate_limit import RateLimit
from tests.chat_api.actions import ALICE, BOB, update
from tests.chat_api.session_world import OURS, PASSWORD, SEED, alice, session_world, with_password
from tests.chat_api.wire import SUCCESS, Received, always, open_api, raw_service, response

LOGIN = When(method="POST", path="/session.json")


@pytest.mark.parametrize(
    "credential",
    [
        OURS,
        replace(OURS, signature_hash=SignatureHash.SHA256),
        replace(OURS, login="alice+1@example.org"),
        replace(OURS, user=ALICE),
    ],
    ids=["SHA-1", "SHA-256", "by email", "of a user known beforehand"],
)
async def test_it_logs_in_once_and_calls_as_its_user(credential: OwnSession) -> None:
    async with session_world(credential) as world:
        answers = [await world.call() for _ in range(3)]
        assert [answer.status for answer in answers if isinstance(answer, Answered)] == [200] * 3
        assert world.statuses() == [("POST", 201), *[("PUT", 200)] * 3]
        assert {put.user for put in world.sandbox.log.puts()} == {ALICE.value}
        assert world.told == []


async def test_whose_session_it_is_is_learned_from_the_answer() -> None:
    async with session_world(replace(OURS, login="bob")) as world:
        assert await world.api.identify() == BOB
        assert await world.api.identify() == BOB
        assert len(world.logins()) == 1


async def test_a_user_known_beforehand_needs_no_login_to_be_known() -> None:
    async with session_world(replace(OURS, user=ALICE)) as world:
        assert await world.api.identify() == ALICE
        assert world.sandbox.log.arrived == 0


async def test_nothing_is_sent_without_a_session_or_for_another_user() -> None:
    async with session_world() as world:
        with pytest.raises(NoSession, match="nothing was sent"):
            await world.api.send(update("Hello"))
        assert world.sandbox.log.arrived == 0
        await world.api.prepare()
        with pytest.raises(WrongActor, match="nothing was sent"):
            await world.api.send(update("Hello", by=BOB))
        assert world.statuses() == [("POST", 201)]


async def test_each_login_has_a_nonce_and_a_time_of_its_own() -> None:
    async with session_world() as world:
        for _ in range(3):
            await world.api.prepare()
            world.clock.now += 7200
        nonces, times = ({login.fields[name] for login in world.logins()} for name in ("nonce", "timestamp"))
        assert (len(nonces), len(times)) == (3, 3)


async def test_one_login_is_under_way_and_all_others_wait_for_it() -> None:
    async with session_world() as world:
        world.sandbox.faults.add(FaultRule(fault=Delay(seconds=0.1), when=LOGIN))
        assert await asyncio.gather(*(world.api.prepare() for _ in range(20))) == [None] * 20
        assert len(world.logins()) == 1


async def test_all_who_wait_for_a_login_get_its_refusal() -> None:
    async with session_world(with_password("wrong")) as world:
        world.sandbox.faults.add(FaultRule(fault=Delay(seconds=0.1), when=LOGIN))
        answers = await asyncio.gather(*(world.api.prepare() for _ in range(20)))
        assert {answer.status for answer in answers if isinstance(answer, Answered)} == {401}
        assert len(world.logins()) == 1


async def test_who_gives_up_waiting_ends_the_login_for_nobody_else() -> None:
    async with session_world() as world:
        world.sandbox.faults.add(FaultRule(fault=Delay(seconds=0.1), when=LOGIN))
        impatient, patient = (asyncio.create_task(world.api.prepare()) for _ in range(2))
        assert await world.sandbox.log.wait_until(lambda: world.sandbox.log.arrived == 1, 30)
        impatient.cancel()
        assert await patient is None
        assert len(world.logins()) == 1
        assert impatient.cancelled()


async def test_a_client_that_is_closed_gives_a_login_up() -> None:
    async with session_world() as world:
        world.sandbox.faults.add(FaultRule(fault=Delay(seconds=3600), when=LOGIN))
        login = asyncio.create_task(world.api.prepare())
        assert await world.sandbox.log.wait_until(lambda: world.sandbox.log.arrived == 1, 30)
        await world.api.aclose()
        with pytest.raises(asyncio.CancelledError):
            await login


async def test_it_is_renewed_minutes_before_two_hours_without_a_call_are_over() -> None:
    async with session_world() as world:
        await world.call()
        world.clock.now += 6899
        await world.api.prepare()
        assert len(world.logins()) == 1
        world.clock.now += 1
        await world.api.prepare()
        assert len(world.logins()) == 2
        assert len(world.tokens()) == 2, "the service ends the first one by itself"


async def test_each_call_moves_its_end() -> None:
    async with session_world() as world:
        for _ in range(10):
            await world.call()
            world.clock.now += 6000
        assert [status for _, status in world.statuses()] == [201, *[200] * 10]


async def test_when_its_session_ends_is_told_as_far_as_it_is_known() -> None:
    async with session_world(lifetime=600) as world:
        assert world.api.logins() == Logins()
        await world.call()
        assert world.api.logins() == Logins(session_ends_at=world.clock.now + 600)
        world.clock.now += 100
        await world.call()
        assert world.api.logins() == Logins(session_ends_at=world.clock.now + 600)
        world.sandbox.access.end_sessions()
        await world.call()
        assert await world.api.refused()
        assert world.api.logins() == Logins(), "it is over, and there is no other yet"


async def test_a_shorter_life_that_replies_tell_of_is_believed() -> None:
    async with session_world(lifetime=600) as world:
        await world.call()
        world.clock.now += 449
        await world.call()
        assert len(world.logins()) == 1
        world.clock.now += 450
        await world.api.prepare()
        assert len(world.logins()) == 2


@pytest.mark.parametrize("told", ["1970-01-01 00:00:00 +0000", "soon", "2026-09-21 14:13:19 UTC"])
async def test_an_end_that_cannot_be_makes_no_more_logins(told: str) -> None:
    async def answer(request: Received) -> None:
        made = json.dumps({"session": {"token": "t", "user_id": ALICE.value}}).encode()
        header = f"QB-Token-ExpirationDate: {told}"
        post = request.head.startswith(b"POST")
        await request.answer(response(201, made, header) if post else response(200, b"", header))

    async with (
        raw_service(answer) as service,
        open_api(service.url, credential=OURS, limiter=Limiter(None), clock=lambda: 1_790_000_000.0) as api,
    ):
        for _ in range(3):
            assert await api.prepare() is None
            assert await api.send(update("Hello")) == Answered(status=200)
    assert [request.head.split()[0] for request in service.received] == [b"POST", *[b"PUT"] * 3]


async def test_a_renewal_that_fails_leaves_the_present_session_in_use() -> None:
    async with session_world() as world:
        await world.call()
        world.sandbox.faults.add(FaultRule(fault=Status(status=503), when=LOGIN))
        world.clock.now += 7000
        assert [await world.api.prepare() for _ in range(3)] == [None] * 3
        assert [login.status for login in world.logins()] == [201, 503]
        assert world.told == ["WARNING the login failed: 503 Service Unavailable"]
        assert await world.call() == Answered(status=200, request_id="sandbox-00000004")


async def test_a_session_that_ended_is_no_longer_used() -> None:
    async with session_world() as world:
        await world.call()
        world.sandbox.faults.add(FaultRule(fault=Status(status=503), when=LOGIN, times=2))
        world.clock.now += 7200
        for _ in range(2):
            answer = await world.api.prepare()
            assert isinstance(answer, Answered)
            assert answer.status == 503
        assert len(world.sandbox.log.puts()) == 1
        assert await world.call() == Answered(status=200, request_id="sandbox-00000006")


async def test_a_session_that_is_refused_is_made_anew_for_one_replay() -> None:
    async with session_world() as world:
        await world.call()
        world.sandbox.access.end_sessions()
        refused = await world.call()
        assert isinstance(refused, Answered)
        assert (refused.status, refused.words) == (401, "Required session does not exist")
        assert await world.api.refused()
        await world.call()
        assert [status for _, status in world.statuses()] == [201, 200, 401, 201, 200]


async def test_a_session_that_never_worked_is_made_anew_once() -> None:
    async with session_world() as world:
        await world.api.prepare()
        world.sandbox.access.end_sessions()
        await world.call()
        assert await world.api.refused()
        await world.call()
        assert [status for _, status in world.statuses()] == [201, 401, 201, 200]


async def test_a_second_refusal_on_end_is_worth_no_replay_until_something_worked() -> None:
    async with session_world() as world:
        verdicts = []
        for _ in range(3):
            await world.api.prepare()
            world.sandbox.access.end_sessions()
            await world.call()
            verdicts.append(await world.api.refused())
        assert verdicts == [True, False, False]
        await world.call()
        world.sandbox.access.end_sessions()
        await world.call()
        assert await world.api.refused()


@pytest.mark.parametrize("status", [429, 502])
async def test_what_a_gateway_says_proves_no_session(status: int) -> None:
    async with session_world() as world:
        await world.call()
        world.sandbox.access.end_sessions()
        await world.call()
        assert await world.api.refused()
        await world.api.prepare()
        world.sandbox.access.end_sessions()
        world.sandbox.faults.add(FaultRule(fault=Status(status=status), when=When(method="PUT"), times=1))
        assert [
            answer.status
            for answer in (await world.call(), await world.call())
            if isinstance(answer, Answered)
        ] == [status, 401]
        assert not await world.api.refused()


async def test_a_refusal_is_worth_a_replay_once() -> None:
    async with session_world() as world:
        await world.call()
        world.sandbox.access.end_sessions()
        await world.call()
        assert [await world.api.refused() for _ in range(3)] == [True, False, False]


async def test_calls_that_met_the_same_refusal_share_the_new_session() -> None:
    async with session_world() as world:
        await world.call()
        world.sandbox.access.end_sessions()

        async def call_and_replay() -> Answer:
            answer = await world.call()
            assert await world.api.refused()
            await world.api.prepare()
            return await world.api.send(update("Hello")) if answer != Answered(status=200) else answer

        answers = await asyncio.gather(*(call_and_replay() for _ in range(8)))
        assert {answer.status for answer in answers if isinstance(answer, Answered)} == {200}
        assert len(world.logins()) == 2


async def test_a_late_refusal_of_an_old_session_does_not_end_the_new_one() -> None:
    async with session_world() as world:
        await world.call()
        rule = FaultRule(fault=Delay(seconds=0.2), when=When(method="PUT"), times=1)
        world.sandbox.faults.add(rule)
        world.sandbox.access.end_sessions()

        async def slow() -> bool:
            answer = await world.call()
            assert isinstance(answer, Answered)
            assert answer.status == 401
            return await world.api.refused()

        late = asyncio.create_task(slow())
        arrived = world.sandbox.log.arrived
        assert await world.sandbox.log.wait_until(lambda: world.sandbox.log.arrived > arrived, 30)
        await world.call()
        assert await world.api.refused()
        await world.call()
        assert await late
        await world.call()
        assert len(world.logins()) == 2


@pytest.mark.parametrize(
    ("credential", "status", "words"),
    [
        (with_password("wrong"), 401, "Unauthorized"),
        (replace(OURS, login="nobody"), 401, "Unauthorized"),
        (replace(OURS, auth_secret=Secret("wrong")), 422, "Unexpected signature"),
        (replace(OURS, auth_key=Secret("wrong")), 422, "Unexpected signature"),
        (replace(OURS, application_id=93), 422, "Unexpected signature"),
    ],
)
async def test_a_refused_login_is_an_answer_and_not_tried_again(
    credential: OwnSession, status: int, words: str
) -> None:
    async with session_world(credential) as world:
        answer = await world.api.prepare()
        assert answer == Answered(status=status, words=words, request_id="sandbox-00000001")
        assert len(world.logins()) == 1
        assert world.told == [f"WARNING the login failed: {status} {words}"]
        assert await world.api.identify() == replace(answer, request_id="sandbox-00000002")


async def test_a_clock_that_is_hours_wrong_is_told_of() -> None:
    async with session_world() as world:
        async with open_api(
            world.sandbox.url,
            credential=OURS,
            limiter=Limiter(None),
            clock=lambda: world.clock.now + 3700,
        ) as api:
            answer = await api.prepare()
        assert isinstance(answer, Answered)
        assert (answer.status, answer.words) == (422, "timestamp: must be within an hour of now")


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Drop(), Unanswered(words="the connection was lost before an answer came", sent=True)),
        (Drip(interval=0.01, size=10_000), Unanswered(words="no whole answer within 0.6 s", sent=True)),
        (
            Status(status=502, body=BodyShape.HTML),
            Answered(status=502, words="502", page=True, request_id="sandbox-00000001"),
        ),
    ],
)
async def test_a_login_without_a_useful_answer_says_why(fault: Fault, answer: Answer) -> None:
    async with session_world(deadline=0.6) as world:
        world.sandbox.faults.add(FaultRule(fault=fault, when=LOGIN, times=1))
        assert await world.api.prepare() == answer
        assert await world.api.prepare() is None


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"<html><title>Welcome</title>", b'{"session": {"user_id": 123}}', b"x" * 1_000_000],
)
async def test_an_answer_that_holds_no_session_is_none(body: bytes) -> None:
    async with (
        raw_service(always(response(201, body))) as service,
        open_api(service.url, credential=OURS, limiter=Limiter(None)) as api,
    ):
        answer = await api.prepare()
    assert answer == Answered(status=201, words="an answer without a session in it", page=True)


@pytest.mark.parametrize("user", [0, None, "123"])
async def test_a_session_of_nobody_only_reads_and_is_refused_with_that_reason(user: object) -> None:
    made = json.dumps({"session": {"token": "canary", "user_id": user}}).encode()
    async with (
        raw_service(always(response(201, made))) as service,
        open_api(service.url, credential=OURS, limiter=Limiter(None)) as api,
    ):
        answer = await api.prepare()
        assert isinstance(answer, Answered)
        assert answer.status == 201
        assert "application session, which can only read" in answer.words
        with pytest.raises(CredentialError, match="application session, which can only read") as caught:
            await api.identify()
        with pytest.raises(NoSession):
            await api.send(update("Hello"))
    assert caught.value.setting == "RECONCILER_LOGIN"
    assert "canary" not in f"{answer} {caught.value}"


async def test_a_session_of_another_user_than_the_settings_name_is_not_used() -> None:
    async with session_world(replace(OURS, user=BOB)) as world:
        answer = await world.api.prepare()
        assert isinstance(answer, Answered)
        assert answer.words == (
            "RECONCILER_ACT_AS: the session is of user 123, and user 456 is to act; "
            "set it to 123, or give the login of user 456"
        )
        with pytest.raises(NoSession):
            await world.api.send(update("Hello", by=BOB))
        assert world.sandbox.log.puts() == ()


async def test_a_login_that_becomes_another_users_is_not_used() -> None:
    async with session_world() as world:
        await world.call()
        world.sandbox.access.add(
            replace(world.sandbox.options.seed.credentials, logins=(replace(alice(), user=BOB.value),))
        )
        world.clock.now += 7200
        answer = await world.api.prepare()
        assert isinstance(answer, Answered)
        assert "the session is of user 456, and user 123 is to act" in answer.words


class GatedTime:
    """A limiter's time: it passes in sleeping, and each sleep ends when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.gate = asyncio.Semaphore(0)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await self.gate.acquire()
        self.now += seconds


WITH_TOKEN = replace(SEED, credentials=replace(SEED.credentials, tokens={"token": ALICE.value}))
EITHER = pytest.mark.parametrize(
    "credential", [OURS, UserToken(Secret("token"))], ids=["a login", "the question whose a token is"]
)


@EITHER
async def test_a_login_takes_its_leave_from_the_limiter(credential: Credential) -> None:
    time = GatedTime()
    limiter = Limiter(0.1, clock=time, sleep=time.sleep)
    async with session_world(credential, seed=WITH_TOKEN, limiter=limiter) as world:
        await world.limiter.acquire()
        login = asyncio.create_task(world.api.prepare())
        await until(lambda: world.limiter.waiting == 1)
        assert world.sandbox.log.arrived == 0
        time.gate.release()
        assert await login is None
        assert time.now == pytest.approx(10, rel=0.02)


@EITHER
async def test_a_login_goes_before_the_calls_that_wait(credential: Credential) -> None:
    time = GatedTime()
    limiter = Limiter(1, clock=time, sleep=time.sleep)
    async with session_world(credential, seed=WITH_TOKEN, limiter=limiter) as world:
        await world.limiter.acquire()
        texts = [asyncio.create_task(world.limiter.acquire(0)) for _ in range(3)]
        await until(lambda: world.limiter.waiting == 3)
        login = asyncio.create_task(world.api.prepare())
        await until(lambda: world.limiter.waiting == 4)
        for _ in ("the first text", "the login"):
            time.gate.release()
        assert await login is None
        assert not [text for text in texts if text.done()]
        for _ in texts:
            time.gate.release()
        await asyncio.gather(*texts)


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop go on until a condition holds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # nothing tells of it but the loop's next turn
            await asyncio.sleep(0)


async def test_a_login_that_is_too_fast_slows_everything_down() -> None:
    async with session_world(limiter=Limiter(100)) as world:
        world.sandbox.rate_limit = RateLimit(calls=1)
        await world.api.prepare()
        world.clock.now += 7200
        answer = await world.api.prepare()
        assert isinstance(answer, Answered)
        assert answer.status == 429
        assert world.limiter.present_rate == 50
        assert world.api.logins().throttled == 1


@pytest.mark.parametrize("credential", [OURS, UserToken(Secret("token"), ALICE)])
async def test_neither_a_session_nor_a_token_is_used_without_the_limiter(credential: Credential) -> None:
    with pytest.raises(ValueError, match="needs the limiter"):
        async with open_api("http://127.0.0.1:1", credential=credential):
            pass


async def test_a_client_that_only_reads_logs_in_and_does_no_more() -> None:
    async with session_world(writes=False) as world:
        assert await world.api.identify() == UserId(ALICE.value)
        with pytest.raises(WriteRefused):
            await world.api.send(update("Hello"))
        assert world.statuses() == [("POST", 201)]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/session.json"),
        ("DELETE", "/session.json"),
        ("post", "/session.json"),
        ("POST", "/session.json?x=1"),
        ("POST", "/session.json/"),
        ("POST", "/session"),
        ("POST", "/chat/Message.json"),
        ("POST", "//session.json"),
    ],
)
async def test_the_login_is_all_that_a_client_that_only_reads_may_post(method: str, path: str) -> None:
    async with raw_service(always(SUCCESS)) as service:
        transport = open_transport(
            ApiUrl.parse(service.url),
            connections=1,
            trust=trusted(None, secure=False),
            writes=False,
            login=f"{service.url}/session.json",
        )
        request = httpx.Request("POST", f"{service.url}{path}")
        request.method = method
        with pytest.raises(WriteRefused):
            await transport.handle_async_request(request)
        elsewhere = httpx.Request("POST", "http://localhost:1/session.json")
        with pytest.raises(WriteRefused):
            await transport.handle_async_request(elsewhere)
        target = {"target": path.encode()}
        disguised = httpx.Request("POST", f"{service.url}/session.json", extensions=target)
        disguised.method = method
        with pytest.raises(WriteRefused):
            await transport.handle_async_request(disguised)
        await transport.aclose()
    assert service.connections == 0


async def test_nothing_shows_a_password_or_a_token() -> None:
    async with session_world() as world:
        await world.call()
        assert PASSWORD not in repr(world.sandbox.log.entries)
        shown = f"{world.api!r} {vars(world.api)!r} {world.told}"
        assert not [secret for secret in (*world.tokens(), "canary") if secret in shown]


async def test_what_a_refusal_quotes_of_a_login_is_cut() -> None:
    async def quote(request: Received) -> None:
        await request.answer(response(422, json.dumps({"errors": [request.body.decode()]}).encode()))

    async with (
        raw_service(quote) as service,
        open_api(service.url, credential=OURS, limiter=Limiter(None)) as api,
    ):
        answer = await api.prepare()
    assert isinstance(answer, Answered)
    assert "application_id=92" in answer.words
    assert "canary" not in answer.words
    assert "alice" not in answer.words
