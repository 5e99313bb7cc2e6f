"""The client and the sandbox, built apart from one contract, understand each other."""

from collections.abc import AsyncIterator

import pytest

from reconciler.chat_api.client import ChatApi
from reconciler.chat_api.credentials import ApiKey, Credential, UserToken
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.secret import Secret
from reconciler.core.action import Action
from reconciler.core.message import Mark
from reconciler.core.outcome import Answered, Unanswered
from reconciler.sandbox.faults import (
    BodyShape,
    Drop,
    EndlessHeader,
    Fault,
    FaultRule,
    Garbage,
    GzipBomb,
    Redirect,
    Status,
    Truncate,
)
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.rate_limit import RateLimit
from reconciler.sandbox.sandbox import Sandbox
from reconciler.sandbox.seed import Credentials, Seed, SeedDialog, SeedMessage
from reconciler.sandbox.server import running_sandbox
from tests.chat_api.actions import ALICE, BOB, DIALOG, MESSAGE, mark_dialog, update
from tests.chat_api.wire import KEY, open_api

OTHER = "53aabe15e4b077ddd43e7fff"
SEED = Seed(
    dialogs=(SeedDialog(id=str(DIALOG), occupants=(ALICE.value, BOB.value)),),
    messages=(
        SeedMessage(id=str(MESSAGE), dialog=str(DIALOG), sender=ALICE.value, text="Hi"),
        SeedMessage(id=OTHER, dialog=str(DIALOG), sender=ALICE.value, text="Ho"),
    ),
    credentials=Credentials(api_keys=(KEY,), tokens={"token": BOB.value}),
)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox(SandboxOptions(seed=SEED)) as running:
        yield running


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[ChatApi]:
    async with open_api(sandbox.url) as opened:
        yield opened


def answered(number: int, status: int, words: str = "", *, page: bool = False) -> Answered:
    return Answered(status=status, words=words, request_id=f"sandbox-{number:08d}", page=page)


async def test_a_text_is_changed_by_its_author(sandbox: Sandbox, api: ChatApi) -> None:
    assert await api.send(update("Hello, Zoë")) == answered(1, 200)
    assert sandbox.chat.messages[str(MESSAGE)].text == "Hello, Zoë"


async def test_one_message_is_marked_for_whoever_acts(sandbox: Sandbox, api: ChatApi) -> None:
    assert await api.send(update(marks=[Mark.READ, Mark.DELIVERED], by=BOB)) == answered(1, 200)
    [put] = sandbox.log.puts()
    assert (put.user, put.applied) == (BOB.value, True)
    assert put.fields == {"chat_dialog_id": str(DIALOG), "read": 1, "delivered": 1}


@pytest.mark.parametrize("credential", [ApiKey(Secret(KEY)), UserToken(Secret("token"))])
async def test_a_whole_dialog_is_marked_for_whoever_acts(sandbox: Sandbox, credential: Credential) -> None:
    async with open_api(sandbox.url, credential=credential, limiter=Limiter(None)) as opened:
        assert await opened.prepare() is None
        asked = sandbox.log.arrived
        assert await opened.send(mark_dialog(Mark.READ, by=BOB)) == answered(asked + 1, 200)
    [put] = sandbox.log.puts()
    assert (put.path, put.user, put.applied) == ("/chat/Message.json", BOB.value, True)


@pytest.mark.parametrize(
    ("action", "key", "status", "words"),
    [
        (update("Hello"), "wrong", 401, "Unauthorized"),
        (
            update("Hello", by=BOB),
            KEY,
            403,
            "You don't have appropriate permissions to perform this operation",
        ),
    ],
)
async def test_a_refusal_is_told_in_the_services_own_words(
    sandbox: Sandbox, action: Action, key: str, status: int, words: str
) -> None:
    async with open_api(sandbox.url, credential=ApiKey(Secret(key))) as opened:
        assert await opened.send(action) == answered(1, status, words)


@pytest.mark.parametrize(
    ("shape", "words", "page"),
    [
        (BodyShape.ERRORS, "no, Hello there is wrong", False),
        (BodyShape.BASE, "no, Hello there is wrong", False),
        (BodyShape.FIELD, "message: no, Hello there is wrong", False),
        (BodyShape.FIELD_TEXT, "message: no, Hello there is wrong", False),
        (BodyShape.MESSAGE, "no, Hello there is wrong", False),
        (BodyShape.EMPTY, "", False),
        (BodyShape.HTML, "422", True),
        (BodyShape.XML, "an XML page", True),
        (BodyShape.GARBAGE, "a body that is not text", True),
    ],
)
async def test_every_shape_of_error_is_understood_and_no_text_comes_back(
    sandbox: Sandbox, api: ChatApi, shape: BodyShape, words: str, *, page: bool
) -> None:
    sandbox.faults.add(FaultRule(fault=Status(status=422, body=shape, words="no, Hello there is wrong")))
    shown = words.replace("Hello there", "[...]")
    assert await api.send(update("Hello there")) == answered(1, 422, shown, page=page)


LOST = Unanswered(words="the connection was lost before an answer came", sent=True)


@pytest.mark.parametrize("applied", [False, True], ids=["before it was applied", "after it was applied"])
@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Drop(), LOST),
        (Truncate(), Unanswered(words="the answer broke off", sent=True)),
        (Garbage(), Unanswered(words="what came back is not HTTP", sent=True)),
        (EndlessHeader(interval=0.001), Unanswered(words="what came back is not HTTP", sent=True)),
        (Redirect(location="http://127.0.0.1:1/"), answered(1, 307)),
        (GzipBomb(megabytes=5), answered(1, 200, "a body that is not text", page=True)),
    ],
)
async def test_whatever_breaks_the_call_was_made_once(
    sandbox: Sandbox, api: ChatApi, fault: Fault, answer: Answered | Unanswered, *, applied: bool
) -> None:
    sandbox.faults.add(FaultRule(fault=fault, applied=applied))
    assert await api.send(update("Hello")) == answer
    assert [put.applied for put in sandbox.log.puts()] == [applied]


async def test_a_call_too_fast_is_told_how_long_to_wait(sandbox: Sandbox, api: ChatApi) -> None:
    sandbox.rate_limit = RateLimit(calls=1, retry_after=7)
    await api.send(update("Hello"))
    answer = await api.send(update("Hello"))
    assert isinstance(answer, Answered)
    assert (answer.status, answer.retry_after) == (429, 7.0)
