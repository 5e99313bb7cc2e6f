"""One action is one request on the wire, and one answer from it."""

import json

import httpx
import pytest

from reconciler import __version__
from reconciler.chat_api.credentials import UserToken
from reconciler.chat_api.errors import WriteRefused, WrongActor
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.transport import open_transport, trusted
from reconciler.chat_api.url import ApiUrl
from reconciler.core.action import Action
from reconciler.core.message import Mark
from reconciler.core.outcome import Answered
from tests.chat_api.actions import ALICE, BOB, mark_dialog, update
from tests.chat_api.wire import KEY, SUCCESS, Received, always, open_api, raw_service, response


async def test_a_put_goes_out_as_the_vendor_documents_it() -> None:
    async with raw_service(always(SUCCESS)) as service, open_api(service.url) as api:
        answer = await api.send(update("Zoë", marks=[Mark.READ]))
    [request] = service.received
    assert answer == Answered(status=200)
    assert request.head.startswith(b"PUT /chat/Message/53aabe15e4b077ddd43e7fd3.json HTTP/1.1\r\n")
    assert json.loads(request.body) == {
        "chat_dialog_id": "53a99a7be4b094c7c6d31b41",
        "message": "Zoë",
        "read": 1,
    }
    assert request.headers() == {
        "host": service.url.removeprefix("http://"),
        "authorization": f"ApiKey {KEY}",
        "on-behalf-of": "123",
        "content-type": "application/json",
        "content-length": str(len(request.body)),
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": f"reconciler/{__version__}",
    }


async def test_a_whole_dialog_is_marked_at_the_collection() -> None:
    async with raw_service(always(SUCCESS)) as service, open_api(service.url + "/gateway/v1/") as api:
        await api.send(mark_dialog(Mark.DELIVERED, by=BOB))
    [request] = service.received
    assert request.head.startswith(b"PUT /gateway/v1/chat/Message.json HTTP/1.1\r\n")
    assert json.loads(request.body) == {"chat_dialog_id": "53a99a7be4b094c7c6d31b41", "delivered": 1}
    assert request.headers()["on-behalf-of"] == "456"


async def test_a_user_token_goes_alone_and_for_its_user_only() -> None:
    token = UserToken(Secret("token"), ALICE)
    async with (
        raw_service(always(SUCCESS)) as service,
        open_api(service.url, credential=token, limiter=Limiter(None)) as api,
    ):
        await api.prepare()
        await api.send(update("Hello"))
        with pytest.raises(WrongActor):
            await api.send(update("Hello", by=BOB))
    assert [request.head.split()[0] for request in service.received] == [b"GET", b"PUT"]
    for request in service.received:
        assert request.headers()["qb-token"] == "token"
        assert not {"authorization", "on-behalf-of"} & request.headers().keys()


async def test_whose_a_token_is_is_asked_as_the_vendor_documents_it() -> None:
    async with (
        raw_service(always(SUCCESS)) as service,
        open_api(
            service.url + "/gateway", credential=UserToken(Secret("token"), ALICE), limiter=Limiter(None)
        ) as api,
    ):
        await api.prepare()
    [request] = service.received
    assert request.head.startswith(b"GET /gateway/session.json HTTP/1.1\r\n")
    assert request.body == b""
    assert request.headers() == {
        "host": service.url.removeprefix("http://"),
        "qb-token": "token",
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": f"reconciler/{__version__}",
    }


@pytest.mark.parametrize("action", [update("Hello"), update(marks=[Mark.READ]), mark_dialog(Mark.READ)])
async def test_a_client_that_only_reads_cannot_write(action: Action) -> None:
    async with raw_service(always(SUCCESS)) as service, open_api(service.url, writes=False) as api:
        with pytest.raises(WriteRefused, match="opened to read only, and nothing was sent"):
            await api.send(action)
    assert service.connections == 0


def read_only(url: str) -> httpx.AsyncBaseTransport:
    return open_transport(ApiUrl.parse(url), connections=1, trust=trusted(None, secure=False), writes=False)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_transport_that_only_reads_does_read(method: str) -> None:
    async with raw_service(always(SUCCESS)) as service:
        transport = read_only(service.url)
        response = await transport.handle_async_request(httpx.Request(method, service.url))
        await response.aclose()
        await transport.aclose()
    assert response.status_code == 200


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE", "OPTIONS", "get", "QUERY"])
async def test_a_transport_that_only_reads_refuses_all_else(method: str) -> None:
    async with raw_service(always(SUCCESS)) as service:
        transport = read_only(service.url)
        request = httpx.Request("GET", service.url)
        request.method = method
        with pytest.raises(WriteRefused):
            await transport.handle_async_request(request)
        await transport.aclose()
    assert service.connections == 0


async def test_a_target_does_not_get_past_a_transport_that_only_reads() -> None:
    async with raw_service(always(SUCCESS)) as service:
        transport = read_only(service.url)
        for method, url in (("PUT", service.url), ("POST", f"{service.url}/session.json")):
            target = {"target": b"/chat/Message.json"}
            with pytest.raises(WriteRefused):
                await transport.handle_async_request(httpx.Request(method, url, extensions=target))
        await transport.aclose()
    assert service.connections == 0


async def test_what_the_service_said_is_in_the_answer() -> None:
    refusal = response(
        403,
        b'{"errors":["You don\'t have permission"]}',
        "X-Request-Id: 7f",
        "Retry-After: 3",
        "Set-Cookie: a=b",
    )
    async with raw_service(always(refusal)) as service, open_api(service.url) as api:
        answers = [await api.send(update("Hello")) for _ in range(2)]
    refused = Answered(status=403, words="You don't have permission", request_id="7f", retry_after=3.0)
    assert answers == [refused, refused]
    assert "cookie" not in service.received[1].headers()


@pytest.mark.parametrize("waits", [("120", "3"), ("3", "120"), ("120",)], ids=", ".join)
async def test_the_longest_of_the_waits_that_are_asked_for_is_the_one(waits: tuple[str, ...]) -> None:
    refusal = response(429, b"", *(f"Retry-After: {wait}" for wait in waits))
    async with raw_service(always(refusal)) as service, open_api(service.url) as api:
        assert await api.send(update("Hello")) == Answered(status=429, retry_after=120.0)


async def test_a_text_that_the_service_quotes_is_not_in_the_answer() -> None:
    async def quote_it(request: Received) -> None:
        said = f"{request.headers()['authorization']} may not say {json.loads(request.body)['message']}"
        await request.answer(response(422, json.dumps({"errors": [said]}).encode()))

    async with raw_service(quote_it) as service, open_api(service.url) as api:
        answer = await api.send(update("the vault code is 4711"))
    assert answer == Answered(status=422, words="ApiKey [...] may not say [...]")


async def test_calls_share_connections() -> None:
    async with raw_service(always(SUCCESS)) as service, open_api(service.url) as api:
        for _ in range(20):
            await api.send(update("Hello"))
    assert (len(service.received), service.connections) == (20, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_the_credential_stays_here(status: int) -> None:
    async with raw_service(always(SUCCESS)) as elsewhere:
        moved = response(status, b"", f"Location: {elsewhere.url}/chat/Message.json")
        async with raw_service(always(moved)) as service, open_api(service.url) as api:
            assert await api.send(update("Hello")) == Answered(status=status)
    assert (len(service.received), elsewhere.connections) == (1, 0)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_no_proxy_is_taken_from_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_service(always(SUCCESS)) as proxy, raw_service(always(SUCCESS)) as service:
        monkeypatch.setenv(name, proxy.url)
        async with open_api(service.url) as api:
            assert await api.send(update("Hello")) == Answered(status=200)
    assert (len(service.received), proxy.connections) == (1, 0)


async def test_no_password_is_taken_from_a_netrc(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / ".netrc"
    netrc.write_text("default login someone password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with raw_service(always(SUCCESS)) as service, open_api(service.url) as api:
        await api.send(update("Hello"))
    assert service.received[0].headers()["authorization"] == f"ApiKey {KEY}"
