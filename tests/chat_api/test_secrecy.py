"""Neither the credential nor a message's text shows anywhere but on the wire."""

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator

import pytest

from reconciler.chat_api.client import ChatApiOptions
from reconciler.chat_api.credentials import ApiKey, Credential, UserToken
from reconciler.chat_api.errors import CallRefused, CredentialError, NoSession
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.url import ApiUrl
from tests.chat_api.actions import ALICE, BOB, update
from tests.chat_api.session_world import OURS
from tests.chat_api.wire import SUCCESS, Received, always, open_api, raw_service, response

TEXT = "canary text of a message"
TOKEN = "canary-token-eddf864695d72d33b959eec2ae6c640d817dfada"


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Log at DEBUG and find no canary in what was said."""
    caplog.set_level(logging.DEBUG)
    yield
    assert "canary" not in caplog.text
    assert not [record for record in caplog.records if "canary" in f"{record.args} {record.exc_info}"]


async def reset(request: Received) -> None:
    request.reset()


async def garbage(request: Received) -> None:
    await request.answer(b"canary is not HTTP\r\n\r\n")


async def garbage_that_quotes(request: Received) -> None:
    await request.answer(request.head + request.body)


async def quoting_page(request: Received) -> None:
    await request.answer(response(403, b"<html><title>" + request.head + request.body + b"</title>"))


async def quoting_error(request: Received) -> None:
    await request.answer(response(422, request.body))


@pytest.mark.parametrize(
    "script", [always(SUCCESS), reset, garbage, garbage_that_quotes, quoting_page, quoting_error]
)
@pytest.mark.parametrize("credential", [ApiKey(Secret(TOKEN)), UserToken(Secret(TOKEN), ALICE)])
async def test_no_answer_log_or_repr_shows_a_secret(
    script: Callable[[Received], Awaitable[None]], credential: Credential
) -> None:
    asyncio.get_running_loop().set_debug(True)
    told: list[str] = []
    async with (
        raw_service(unless_asked(script)) as service,
        open_api(
            service.url,
            credential=credential,
            limiter=Limiter(None),
            notice=lambda _level, words: told.append(words),
        ) as api,
    ):
        await api.prepare()
        answer = await api.send(update(TEXT))
        assert "canary" not in f"{answer!r} {told} {api!r} {vars(api)!r} {credential!r}"


def unless_asked(script: Callable[[Received], Awaitable[None]]) -> Callable[[Received], Awaitable[None]]:
    """Tell whose the token is; to all else answer by `script`."""

    async def told_or_not(request: Received) -> None:
        if request.head.startswith(b"GET"):
            await quoting_session(request)
        else:
            await script(request)

    return told_or_not


async def quoting_session(request: Received) -> None:
    user = 0 if request.head.startswith(b"POST") else ALICE.value
    made = {"session": {"token": TOKEN, "user_id": user, "said": (request.head + request.body).decode()}}
    await request.answer(response(201, json.dumps(made).encode(), f"X-Request-Id: {TOKEN}"))


async def quoting_session_of_nobody(request: Received) -> None:
    shown = {"session": {"token": TOKEN, "user_id": 0, "said": request.head.decode()}}
    await request.answer(response(200, json.dumps(shown).encode(), f"X-Request-Id: {TOKEN}"))


async def quoting_session_of_no_form(request: Received) -> None:
    shown = {"session": {"token": TOKEN, "user_id": TOKEN}, "errors": [request.head.decode()]}
    await request.answer(response(200, json.dumps(shown).encode(), f"X-Request-Id: {TOKEN}"))


async def quoting_refusal(request: Received) -> None:
    refusal = {"errors": {"base": [f"no session for {request.headers()['qb-token']}"]}}
    await request.answer(response(401, json.dumps(refusal).encode(), f"X-Request-Id: {TOKEN}"))


@pytest.mark.parametrize(
    "script",
    [
        *(reset, garbage, garbage_that_quotes, quoting_page, quoting_refusal),
        *(quoting_session_of_nobody, quoting_session_of_no_form),
    ],
)
async def test_nothing_that_is_answered_about_a_token_shows_it(
    script: Callable[[Received], Awaitable[None]],
) -> None:
    asyncio.get_running_loop().set_debug(True)
    told: list[str] = []
    token = UserToken(Secret(TOKEN))
    async with (
        raw_service(script) as service,
        open_api(
            service.url,
            credential=token,
            limiter=Limiter(None),
            notice=lambda _level, words: told.append(words),
        ) as api,
    ):
        answer = await api.prepare()
        assert answer is not None
        assert len(told) == 1
        shown = f"{answer!r} {told} {api!r} {vars(api)!r} {token!r}"
        assert "canary" not in shown
        try:
            shown = f"{await api.identify()!r}"
        except CredentialError as error:
            shown = "".join(traceback.format_exception(error))
        assert "canary" not in shown


@pytest.mark.parametrize(
    "script", [reset, garbage, garbage_that_quotes, quoting_page, quoting_error, quoting_session]
)
async def test_no_answer_log_or_repr_of_a_login_shows_a_secret(
    script: Callable[[Received], Awaitable[None]],
) -> None:
    asyncio.get_running_loop().set_debug(True)
    told: list[str] = []
    async with (
        raw_service(script) as service,
        open_api(
            service.url,
            credential=OURS,
            limiter=Limiter(None),
            notice=lambda _level, words: told.append(words),
        ) as api,
    ):
        answer = await api.prepare()
        assert answer is not None
        assert len(told) == 1
        shown = f"{answer!r} {told} {api!r} {vars(api)!r} {OURS!r}"
        assert not [secret for secret in ("canary", OURS.login) if secret in shown]


async def test_no_traceback_of_a_refused_call_shows_a_secret() -> None:
    token = UserToken(Secret(TOKEN), ALICE)
    async with (
        raw_service(quoting_session) as service,
        open_api(service.url, credential=token, writes=False, limiter=Limiter(None)) as api,
    ):
        with pytest.raises(NoSession):
            await api.send(update(TEXT))
        assert await api.prepare() is None
        for actor in (ALICE, BOB):
            with pytest.raises(CallRefused) as caught:
                await api.send(update(TEXT, by=actor))
            shown = "".join(traceback.format_exception(caught.value))
            assert "canary" not in shown
            assert "nothing was sent" in shown


def test_options_show_where_but_not_as_whom() -> None:
    options = ChatApiOptions(url=ApiUrl.parse("https://api.quickblox.com"), credential=ApiKey(Secret(TOKEN)))
    assert "canary" not in repr(options)
    assert "api.quickblox.com" in repr(options)
