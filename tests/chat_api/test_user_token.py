"""A user's token is used once the service told whose it is; an application's only reads, and is refused."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.chat_api.credentials import UserToken
from reconciler.chat_api.errors import CredentialError, NoSession, WriteRefused, WrongActor
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.secret_file import SecretFile
from reconciler.core.message import UserId
from reconciler.core.outcome import Answer, Answered, Unanswered
from reconciler.sandbox.faults import BodyShape, Delay, Drip, Drop, Fault, FaultRule, Redirect, Status, When
from reconciler.sandbox.rate_limit import RateLimit
from reconciler.sandbox.seed import Credentials
from tests.chat_api.actions import ALICE, BOB, update
from tests.chat_api.session_world import SEED, SessionWorld, session_world
from tests.chat_api.wire import always, open_api, raw_service, response

ALICES, BOBS, APPLICATIONS = "canary-of-alice", "canary-of-bob", "canary-of-an-application"
TOKENS = Credentials(tokens={ALICES: ALICE.value, BOBS: BOB.value}, application_tokens=(APPLICATIONS,))
ASKED = When(method="GET", path="/session.json")


def token_world(
    token: str = ALICES, user: UserId | None = None, **options: Any
) -> AbstractAsyncContextManager[SessionWorld]:
    """Run a service that takes these tokens, and a client with one; `user` is who acts by the settings."""
    seed = replace(SEED, credentials=TOKENS)
    return session_world(UserToken(Secret(token), user), seed=seed, **options)


@pytest.mark.parametrize("user", [None, ALICE])
async def test_whose_a_token_is_is_asked_once_before_all_calls(user: UserId | None) -> None:
    async with token_world(user=user) as world:
        assert await world.api.identify() == ALICE
        answers = [await world.call() for _ in range(3)]
        assert await world.api.identify() == ALICE
        assert [answer.status for answer in answers if isinstance(answer, Answered)] == [200] * 3
        assert world.statuses() == [("GET", 200), *[("PUT", 200)] * 3]
        assert {entry.user for entry in world.sandbox.log.entries} == {ALICE.value}
        assert world.told == []


async def test_nothing_is_sent_before_that_or_for_another_user() -> None:
    async with token_world() as world:
        with pytest.raises(NoSession, match="nothing was sent"):
            await world.api.send(update("Hello"))
        assert world.sandbox.log.arrived == 0
        assert await world.api.prepare() is None
        with pytest.raises(WrongActor, match="nothing was sent"):
            await world.api.send(update("Hello", by=BOB))
        assert world.statuses() == [("GET", 200)]


async def refusal_of(world: SessionWorld) -> str:
    """Give the words in which the token is refused, after which nothing can be sent."""
    with pytest.raises(CredentialError) as caught:
        await world.api.identify()
    words = str(caught.value)
    answer = await world.api.prepare()
    assert isinstance(answer, Answered)
    assert (answer.status, answer.words) == (200, words)
    with pytest.raises(NoSession):
        await world.api.send(update("Hello"))
    assert world.sandbox.log.puts() == ()
    assert world.told == [f"WARNING {words}"] * 2
    assert "canary" not in words
    return words


async def test_a_token_of_another_user_than_the_settings_name_is_refused() -> None:
    async with token_world(BOBS, ALICE) as world:
        assert await refusal_of(world) == (
            "RECONCILER_ACT_AS: the session is of user 456, and user 123 is to act; "
            "set it to 456, or give a token of user 123"
        )


@pytest.mark.parametrize("user", [None, ALICE])
async def test_a_token_of_an_application_only_reads_and_is_refused_with_that_reason(
    user: UserId | None,
) -> None:
    async with token_world(APPLICATIONS, user) as world:
        assert await refusal_of(world) == (
            "RECONCILER_TOKEN: is the token of an application session, which can only read; "
            "give the token of a user's session"
        )


async def test_a_token_of_a_file_is_refused_by_the_file_s_setting(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(APPLICATIONS)
    token = UserToken(SecretFile(tmp_path / "token", setting="RECONCILER_TOKEN_FILE"))
    async with session_world(token, seed=replace(SEED, credentials=TOKENS)) as world:
        assert (await refusal_of(world)).startswith("RECONCILER_TOKEN_FILE: is the token of an application")


def shown(**session: object) -> bytes:
    """Give an answer that shows a session with these fields."""
    return json.dumps({"session": {"token": ALICES, "application_id": 92, **session}}).encode()


@pytest.mark.parametrize("body", [shown(user_id=0), shown(user_id=None), shown()])
async def test_a_session_without_a_user_is_an_application_s(body: bytes) -> None:
    async with (
        raw_service(always(response(200, body))) as service,
        open_api(service.url, credential=UserToken(Secret(ALICES), ALICE), limiter=Limiter(None)) as api,
    ):
        with pytest.raises(CredentialError, match="application session, which can only read"):
            await api.identify()


async def test_a_token_that_is_refused_is_an_answer_and_not_tried_again_by_itself() -> None:
    async with token_world("canary-of-nobody", ALICE) as world:
        words = "Required session does not exist"
        answer = await world.api.prepare()
        assert answer == Answered(status=401, words=words, request_id="sandbox-00000001")
        assert len(world.questions()) == 1
        assert world.told == [f"WARNING the token is of no use now: 401 {words}"]
        assert await world.api.identify() == replace(answer, request_id="sandbox-00000002")
        with pytest.raises(NoSession):
            await world.api.send(update("Hello"))


async def test_a_token_that_is_taken_later_is_used_then() -> None:
    async with token_world("canary-of-somebody-new") as world:
        assert await world.api.prepare() is not None
        world.sandbox.access.add(Credentials(tokens={"canary-of-somebody-new": ALICE.value}))
        assert await world.api.identify() == ALICE
        await world.call()
        assert world.statuses() == [("GET", 401), ("GET", 200), ("PUT", 200)]


DOES_NOT_TELL = (400, 403, 404, 405, 410, 422, 501)
"""Statuses of a service that does not know the question."""


@pytest.mark.parametrize("status", DOES_NOT_TELL)
async def test_where_the_service_does_not_tell_the_settings_do(status: int) -> None:
    async with token_world(user=ALICE) as world:
        world.sandbox.faults.add(FaultRule(fault=Status(status=status), when=ASKED))
        assert await world.api.identify() == ALICE
        for _ in range(3):
            await world.call()
        assert world.statuses() == [("GET", status), *[("PUT", 200)] * 3]
        (told,) = world.told
        assert told == (
            f"WARNING the chat service does not tell whose the token is: it answered {status}; "
            "it is taken for that of user 123"
        )


@pytest.mark.parametrize("status", DOES_NOT_TELL)
async def test_where_nobody_tells_whose_the_token_is_it_is_refused(status: int) -> None:
    async with token_world() as world:
        world.sandbox.faults.add(FaultRule(fault=Status(status=status), when=ASKED))
        assert await refusal_of(world) == (
            "RECONCILER_ACT_AS: is not set, and the chat service does not tell whose the token is: "
            f"it answered {status}; set it to the user whose token it is"
        )


OTHER_FORMS = [
    *(b"", b"null", b"[]", b"{}", b'{"session": null}', b'{"session": []}', b'{"token": "t"}', b"OK"),
    *(shown(user_id=user) for user in (-1, 2**63, True, "123", [123], 1.5)),
    shown(user_id=123)[:-5],
]
"""Answers of success that tell nothing of a session."""


@pytest.mark.parametrize("body", OTHER_FORMS)
async def test_an_answer_of_another_form_does_not_tell_either(body: bytes) -> None:
    async with (
        raw_service(always(response(200, body))) as service,
        open_api(service.url, credential=UserToken(Secret(ALICES), ALICE), limiter=Limiter(None)) as settled,
        open_api(service.url, credential=UserToken(Secret(ALICES)), limiter=Limiter(None)) as unsettled,
    ):
        assert await settled.identify() == ALICE
        with pytest.raises(
            CredentialError, match="does not tell whose the token is: it answered 200"
        ) as caught:
            await unsettled.identify()
    assert caught.value.setting == "RECONCILER_ACT_AS"


@pytest.mark.parametrize("user", [None, ALICE])
@pytest.mark.parametrize("status", [200, 403, 404])
async def test_a_page_is_of_somebody_in_the_service_s_place_and_the_service_is_asked_again(
    status: int, user: UserId | None
) -> None:
    page = FaultRule(fault=Status(status=status, body=BodyShape.HTML), when=ASKED, times=1)
    async with token_world(user=user) as world:
        world.sandbox.faults.add(page)
        answer = await world.api.identify()
        assert isinstance(answer, Answered)
        assert (answer.status, answer.page) == (status, True)
        assert await world.api.identify() == ALICE
        assert len(world.questions()) == 2


@pytest.mark.parametrize("user", [None, ALICE])
@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Drop(), Unanswered(words="the connection was lost before an answer came", sent=True)),
        (Drip(interval=0.01, size=10_000), Unanswered(words="no whole answer within 0.6 s", sent=True)),
        *(
            (Status(status=status), Answered(status=status, words=words, request_id="sandbox-00000001"))
            for status, words in (
                (408, "Request Timeout"),
                (429, "Too Many Requests"),
                (500, "Internal Server Error"),
                (503, "Service Unavailable"),
            )
        ),
        (
            Status(status=502, body=BodyShape.HTML),
            Answered(status=502, words="502", page=True, request_id="sandbox-00000001"),
        ),
        (
            Redirect(location="http://127.0.0.1:1/session.json"),
            Answered(status=307, request_id="sandbox-00000001"),
        ),
    ],
)
async def test_a_question_without_a_useful_answer_says_why_and_is_asked_again(
    fault: Fault, answer: Answer, user: UserId | None
) -> None:
    async with token_world(user=user, deadline=0.6) as world:
        world.sandbox.faults.add(FaultRule(fault=fault, when=ASKED, times=1))
        assert await world.api.identify() == answer
        with pytest.raises(NoSession):
            await world.api.send(update("Hello"))
        assert await world.api.identify() == ALICE
        assert [method for method, _ in world.statuses()] == ["GET", "GET"]


async def test_an_endless_answer_is_read_no_further_than_any_other() -> None:
    endless = shown(user_id=123, padding="x" * 1_000_000)
    async with (
        raw_service(always(response(200, endless))) as service,
        open_api(service.url, credential=UserToken(Secret(ALICES)), limiter=Limiter(None)) as api,
    ):
        with pytest.raises(CredentialError, match="does not tell"):
            await api.identify()


async def test_one_question_is_under_way_and_all_others_wait_for_it() -> None:
    async with token_world() as world:
        world.sandbox.faults.add(FaultRule(fault=Delay(seconds=0.1), when=ASKED))
        assert await asyncio.gather(*(world.api.prepare() for _ in range(20))) == [None] * 20
        assert len(world.questions()) == 1


async def test_who_gives_up_waiting_ends_the_question_for_nobody_else() -> None:
    async with token_world() as world:
        world.sandbox.faults.add(FaultRule(fault=Delay(seconds=0.1), when=ASKED))
        impatient, patient = (asyncio.create_task(world.api.prepare()) for _ in range(2))
        assert await world.sandbox.log.wait_until(lambda: world.sandbox.log.arrived == 1, 30)
        impatient.cancel()
        assert await patient is None
        assert len(world.questions()) == 1
        assert impatient.cancelled()


async def test_a_client_that_is_closed_gives_a_question_up() -> None:
    async with token_world() as world:
        world.sandbox.faults.add(FaultRule(fault=Delay(seconds=3600), when=ASKED))
        question = asyncio.create_task(world.api.prepare())
        assert await world.sandbox.log.wait_until(lambda: world.sandbox.log.arrived == 1, 30)
        await world.api.aclose()
        with pytest.raises(asyncio.CancelledError):
            await question


async def test_a_question_that_is_too_fast_slows_everything_down() -> None:
    async with token_world(limiter=Limiter(100)) as world:
        world.sandbox.rate_limit = RateLimit(calls=0)
        answer = await world.api.prepare()
        assert isinstance(answer, Answered)
        assert answer.status == 429
        assert world.limiter.present_rate == 50


async def test_a_client_that_only_reads_asks_and_writes_nothing() -> None:
    async with token_world(writes=False) as world:
        assert await world.api.identify() == ALICE
        with pytest.raises(WriteRefused):
            await world.api.send(update("Hello"))
        assert world.statuses() == [("GET", 200)]


async def test_nothing_shows_a_token() -> None:
    async with token_world() as world:
        await world.call()
        said = f"{world.api!r} {vars(world.api)!r} {world.told} {world.sandbox.log.entries!r}"
        assert "canary" not in said
