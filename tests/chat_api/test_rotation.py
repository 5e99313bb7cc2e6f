"""A secret that is replaced on disk is used without a restart, and at the cost of one 401 at most."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reconciler.chat_api.client import ChatApi
from reconciler.chat_api.credentials import ApiKey, Credential, OwnSession, UserToken
from reconciler.chat_api.errors import CredentialError
from reconciler.chat_api.limiter import Limiter
from reconciler.chat_api.secret import PHRASE, Secret
from reconciler.chat_api.secret_file import SecretFile
from reconciler.core.message import UserId
from reconciler.core.outcome import Answered
from reconciler.sandbox.faults import FaultRule, Status, When
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.sandbox import Sandbox
from reconciler.sandbox.seed import Application, Credentials
from reconciler.sandbox.server import running_sandbox
from reconciler.sandbox.session import Session
from tests.chat_api.actions import ALICE, BOB, update
from tests.chat_api.session_world import AUTH_KEY, AUTH_SECRET, OURS, PASSWORD, SEED, Clock, alice
from tests.chat_api.wire import open_api

OLD, NEW = "old-key", "new-key"
KEYS = replace(SEED, credentials=Credentials(api_keys=(OLD, NEW), tokens={}))


def swap(path: Path, content: str) -> None:
    """Replace a file as Kubernetes does: by a link to another folder that holds it."""
    folder = path.parent / f"..{content}"
    folder.mkdir()
    (folder / path.name).write_text(content)
    link = path.parent / "..link"
    link.symlink_to(folder / path.name)
    link.rename(path)


def rename_over(path: Path, content: str) -> None:
    new = path.with_name("new")
    new.write_text(content)
    new.rename(path)


def write_in_place(path: Path, content: str) -> None:
    path.write_text(content)


ATOMIC = [swap, rename_over]
"""How careful writers replace a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A client whose key stands in `path`."""

    sandbox: Sandbox
    api: ChatApi
    path: Path

    async def call(self) -> int:
        assert await self.api.prepare() is None
        answer = await self.api.send(update("Hello"))
        assert isinstance(answer, Answered)
        return answer.status

    def statuses(self) -> list[int | None]:
        return [put.status for put in self.sandbox.log.puts()]

    def questions(self) -> list[int | None]:
        """Give what was answered to the question whose the token is."""
        return [entry.status for entry in self.sandbox.log.entries if entry.method == "GET"]


def api_key(path: Path) -> Credential:
    return ApiKey(SecretFile(path, setting="RECONCILER_API_KEY_FILE"))


def token(path: Path) -> Credential:
    return UserToken(SecretFile(path, setting="RECONCILER_TOKEN_FILE"))


@asynccontextmanager
async def rotation(path: Path, credential: Callable[[Path], Credential]) -> AsyncIterator[Rotation]:
    """Run a service that takes the old and the new secret, as key and as token."""
    write_in_place(path, OLD)
    async with running_sandbox(SandboxOptions(seed=KEYS)) as sandbox:
        now = sandbox.options.clock()
        sandbox.access.sessions |= {each: Session(user=ALICE.value, last_request=now) for each in (OLD, NEW)}
        async with open_api(sandbox.url, credential=credential(path), limiter=Limiter(None)) as api:
            yield Rotation(sandbox=sandbox, api=api, path=path)


@pytest.mark.parametrize("credential", [api_key, token])
@pytest.mark.parametrize("put", ATOMIC)
async def test_a_secret_that_replaces_a_revoked_one_costs_no_call(
    put: Callable[[Path, str], None], credential: Callable[[Path], Credential], tmp_path: Path
) -> None:
    async with rotation(tmp_path / "key", credential) as world:
        assert await world.call() == 200
        put(world.path, NEW)
        world.sandbox.access.revoke(OLD)
        assert await world.call() == 200
        assert world.statuses() == [200, 200]


@pytest.mark.parametrize("credential", [api_key, token])
async def test_a_secret_written_over_a_revoked_one_costs_one_401(
    credential: Callable[[Path], Credential], tmp_path: Path
) -> None:
    async with rotation(tmp_path / "key", credential) as world:
        assert await world.call() == 200
        write_in_place(world.path, NEW)
        world.sandbox.access.revoke(OLD)
        assert await world.call() == 401
        assert await world.api.refused()
        assert await world.call() == 200
        assert world.statuses() == [200, 401, 200]


@pytest.mark.parametrize("credential", [api_key, token])
async def test_a_refused_secret_is_worth_no_replay_while_nothing_changes(
    credential: Callable[[Path], Credential], tmp_path: Path
) -> None:
    async with rotation(tmp_path / "key", credential) as world:
        assert await world.call() == 200
        world.sandbox.access.revoke(OLD)
        for _ in range(2):
            assert await world.call() == 401
            assert not await world.api.refused()
        assert not world.api.rotated()
        write_in_place(world.path, NEW)
        assert world.api.rotated(), "what is refused is given up at once"
        assert not world.api.rotated(), "that was told"
        assert await world.call() == 200


async def test_a_new_secret_that_is_refused_too_is_worth_no_second_replay(tmp_path: Path) -> None:
    async with rotation(tmp_path / "key", api_key) as world:
        world.sandbox.access.revoke(OLD)
        assert await world.call() == 401
        rename_over(world.path, "worse")
        assert [await world.api.refused() for _ in range(2)] == [True, False]
        assert await world.call() == 401
        assert not await world.api.refused()


async def test_a_late_refusal_of_the_old_secret_is_worth_a_replay(tmp_path: Path) -> None:
    async with rotation(tmp_path / "key", api_key) as world:
        world.sandbox.access.revoke(OLD)
        assert await world.call() == 401
        rename_over(world.path, NEW)
        assert world.api.rotated()
        assert await world.api.refused()


async def test_what_is_used_was_not_rotated(tmp_path: Path) -> None:
    async with rotation(tmp_path / "key", api_key) as world:
        assert not world.api.rotated()
        rename_over(world.path, NEW)
        assert await world.call() == 200
        assert not world.api.rotated()


async def test_a_secret_of_the_environment_never_rotates(tmp_path: Path) -> None:
    async with rotation(tmp_path / "key", lambda _: ApiKey(Secret(OLD))) as world:
        world.sandbox.access.revoke(OLD)
        assert await world.call() == 401
        assert not await world.api.refused()
        assert not world.api.rotated()


async def test_a_file_that_is_gone_stops_no_call(tmp_path: Path) -> None:
    async with rotation(tmp_path / "key", api_key) as world:
        world.path.unlink()
        assert await world.call() == 200
        write_in_place(world.path, "")
        assert await world.call() == 200
        assert not await world.api.refused()


BOBS, APPLICATIONS = "canary-of-bob", "canary-of-an-application"
OTHERS = Credentials(tokens={BOBS: BOB.value}, application_tokens=(APPLICATIONS,))
"""Tokens that no calls of Alice may be made with."""

NOT_USED = [
    (BOBS, "RECONCILER_ACT_AS: the session is of user 456, and user 123 is to act"),
    (APPLICATIONS, "RECONCILER_TOKEN_FILE: is the token of an application session, which can only read"),
]


async def test_a_new_token_is_asked_about_before_the_first_call_with_it(tmp_path: Path) -> None:
    async with rotation(tmp_path / "token", token) as world:
        for content in (OLD, NEW):
            rename_over(world.path, content)
            assert [await world.call() for _ in range(2)] == [200, 200]
        assert [entry.method for entry in world.sandbox.log.entries] == ["GET", "PUT", "PUT"] * 2


@pytest.mark.parametrize("user", [None, ALICE])
@pytest.mark.parametrize(("content", "words"), NOT_USED)
async def test_a_new_token_that_must_not_be_used_stops_all_calls_until_there_is_another(
    content: str, words: str, user: UserId | None, tmp_path: Path
) -> None:
    def token(path: Path) -> Credential:
        return UserToken(SecretFile(path, setting="RECONCILER_TOKEN_FILE"), user)

    async with rotation(tmp_path / "token", token) as world:
        world.sandbox.access.add(OTHERS)
        assert await world.call() == 200
        rename_over(world.path, content)
        assert world.api.rotated()
        for _ in range(2):
            answer = await world.api.prepare()
            assert isinstance(answer, Answered)
            assert answer.status == 200
            assert words in answer.words
        assert not world.api.rotated(), "it was tried"
        rename_over(world.path, NEW)
        assert world.api.rotated()
        assert await world.call() == 200
        assert {put.user for put in world.sandbox.log.puts()} == {ALICE.value}
        assert world.questions() == [200] * 4


async def test_what_is_wrong_with_one_token_is_not_said_of_the_next(tmp_path: Path) -> None:
    async with rotation(tmp_path / "token", token) as world:
        world.sandbox.access.add(OTHERS)
        rename_over(world.path, APPLICATIONS)
        with pytest.raises(CredentialError, match="application session"):
            await world.api.identify()
        rename_over(world.path, NEW)
        when = When(method="GET", path="/session.json")
        world.sandbox.faults.add(FaultRule(fault=Status(status=503), when=when, times=1))
        answer = await world.api.identify()
        assert isinstance(answer, Answered)
        assert answer.status == 503
        assert await world.api.identify() == ALICE


async def test_a_token_that_changes_just_before_a_call_is_not_sent_unasked(tmp_path: Path) -> None:
    async with rotation(tmp_path / "token", token) as world:
        world.sandbox.access.add(OTHERS)
        assert await world.api.prepare() is None
        rename_over(world.path, BOBS)
        assert world.api.rotated()
        assert (await world.api.send(update("Hello"))) == Answered(status=200, request_id="sandbox-00000002")
        assert [put.user for put in world.sandbox.log.puts()] == [ALICE.value]


async def test_a_call_with_a_revoked_token_is_worth_a_replay_where_another_one_came_meanwhile(
    tmp_path: Path,
) -> None:
    async with rotation(tmp_path / "token", token) as world:
        assert await world.call() == 200
        assert await world.api.prepare() is None
        rename_over(world.path, NEW)
        assert world.api.rotated()
        world.sandbox.access.revoke(OLD)
        answer = await world.api.send(update("Hello"))
        assert isinstance(answer, Answered)
        assert answer.status == 401
        assert await world.api.refused()
        assert await world.call() == 200


async def test_a_token_that_was_refused_gives_way_at_once_to_what_is_written_over_it(tmp_path: Path) -> None:
    async with rotation(tmp_path / "token", token) as world:
        world.sandbox.access.revoke(OLD)
        answer = await world.api.identify()
        assert isinstance(answer, Answered)
        assert answer.status == 401
        assert not world.api.rotated()
        write_in_place(world.path, NEW)
        assert world.api.rotated(), "what is refused is given up at once"
        assert await world.api.identify() == ALICE


@pytest.mark.parametrize("status", [401, 503])
async def test_a_new_token_without_a_useful_answer_is_asked_about_again(status: int, tmp_path: Path) -> None:
    async with rotation(tmp_path / "token", token) as world:
        assert await world.call() == 200
        rename_over(world.path, NEW)
        when = When(method="GET", path="/session.json")
        world.sandbox.faults.add(FaultRule(fault=Status(status=status), when=when, times=1))
        answer = await world.api.prepare()
        assert isinstance(answer, Answered)
        assert answer.status == status
        assert await world.call() == 200
        assert world.questions() == [200, status, 200]


@pytest.mark.parametrize("user", [None, ALICE])
async def test_a_new_token_of_nobody_knows_whom_is_used_only_where_the_settings_say_whose(
    user: UserId | None, tmp_path: Path
) -> None:
    def token(path: Path) -> Credential:
        return UserToken(SecretFile(path, setting="RECONCILER_TOKEN_FILE"), user)

    async with rotation(tmp_path / "token", token) as world:
        assert await world.call() == 200
        rename_over(world.path, NEW)
        world.sandbox.faults.add(FaultRule(fault=Status(status=404), when=When(path="/session.json")))
        answer = await world.api.prepare()
        if user is not None:
            assert answer is None
            assert await world.call() == 200
        else:
            assert isinstance(answer, Answered)
            assert "RECONCILER_ACT_AS: is not set, and the chat service does not tell" in answer.words


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRotation:
    """A client whose password and auth secret stand in files."""

    sandbox: Sandbox
    api: ChatApi
    clock: Clock
    password: Path
    auth_secret: Path

    def statuses(self) -> list[int | None]:
        return [entry.status for entry in self.sandbox.log.entries]

    def change_password(self, password: str) -> None:
        self.sandbox.access.add(Credentials(logins=(alice(password),)))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SessionRotation]:
    password, auth_secret = tmp_path / "password", tmp_path / "auth-secret"
    password.write_text(f"{PASSWORD}\n")
    auth_secret.write_text(AUTH_SECRET)
    clock = Clock()
    credential: OwnSession = replace(
        OURS,
        password=SecretFile(password, setting="RECONCILER_PASSWORD_FILE", form=PHRASE),
        auth_secret=SecretFile(auth_secret, setting="RECONCILER_AUTH_SECRET_FILE"),
    )
    async with (
        running_sandbox(SandboxOptions(seed=SEED, clock=clock)) as sandbox,
        open_api(sandbox.url, credential=credential, limiter=Limiter(None), clock=clock) as api,
    ):
        yield SessionRotation(
            sandbox=sandbox, api=api, clock=clock, password=password, auth_secret=auth_secret
        )


async def test_a_new_password_is_proven_at_the_next_call(world: SessionRotation) -> None:
    assert await world.api.prepare() is None
    world.change_password("another one")
    rename_over(world.password, "another one")
    assert world.api.rotated()
    for _ in range(2):
        assert await world.api.prepare() is None
    assert world.statuses() == [201, 201]
    assert not world.api.rotated()


async def test_a_new_auth_secret_is_proven_at_the_next_call(world: SessionRotation) -> None:
    assert await world.api.prepare() is None
    world.sandbox.access.add(
        Credentials(applications=(Application(id=92, auth_key=AUTH_KEY, auth_secret="another"),))
    )
    swap(world.auth_secret, "another")
    for _ in range(2):
        assert await world.api.prepare() is None
    assert world.statuses() == [201, 201]


async def test_a_new_password_that_is_wrong_costs_one_login_while_the_session_lives(
    world: SessionRotation,
) -> None:
    assert await world.api.prepare() is None
    rename_over(world.password, "wrong")
    for _ in range(3):
        assert await world.api.prepare() is None
        answer = await world.api.send(update("Hello"))
        assert isinstance(answer, Answered)
        assert answer.status == 200
    assert world.statuses() == [201, 401, 200, 200, 200]
    rename_over(world.password, PASSWORD)
    assert await world.api.prepare() is None
    assert world.statuses()[5:] == [201]


async def test_a_refused_session_with_a_new_password_is_worth_a_replay(world: SessionRotation) -> None:
    for _ in range(2):
        await world.api.prepare()
        world.sandbox.access.end_sessions()
        await world.api.send(update("Hello"))
        verdict = await world.api.refused()
    assert not verdict
    assert await world.api.prepare() is None
    world.sandbox.access.end_sessions()
    await world.api.send(update("Hello"))
    world.change_password("another one")
    write_in_place(world.password, "another one")
    assert await world.api.refused()
    assert await world.api.prepare() is None


async def test_a_refused_login_waits_for_another_password(world: SessionRotation) -> None:
    world.change_password("another one")
    answer = await world.api.prepare()
    assert isinstance(answer, Answered)
    assert answer.status == 401
    assert not world.api.rotated()
    rename_over(world.password, "another one")
    assert world.api.rotated()
    assert await world.api.prepare() is None
