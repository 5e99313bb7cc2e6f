"""A user's token: the program asks whose it is before all else, and an application's token is refused."""

from collections.abc import Mapping, Sequence

import pytest

from reconciler.sandbox.faults import FaultRule, Status, When
from reconciler.sandbox.seed import Credentials
from tests.program.chat import ANN, BEN, TOKEN, manifest
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program
from tests.program.rate_audit import assert_within

BENS, APPLICATIONS, NEW = "canary-of-ben", "canary-of-an-application", "canary-of-ann-anew"
ASKED = When(method="GET", path="/session.json")
AS_ANN: Mapping[str, str] = {"RECONCILER_ACT_AS": str(ANN)}
LISTEN = {"RECONCILER_LISTEN": "127.0.0.1:0"}


@pytest.fixture
def ours(program: Program, sandbox: LiveSandbox) -> Program:
    """The program with a token of Ann in a file, in place of a key."""
    given = Credentials(tokens={BENS: BEN, NEW: ANN}, application_tokens=(APPLICATIONS,))
    sandbox.look(lambda inside: inside.access.add(given))
    del program.environ["RECONCILER_API_KEY"]
    program.environ["RECONCILER_TOKEN_FILE"] = "token"
    put(program, TOKEN)
    program.declare("one.yaml", silent("read: true", messages={0: "text: hello"}))
    return program


def put(program: Program, token: str) -> None:
    """Put a file with this token in the place of the old one, as careful writers do."""
    new = program.directory / "token.new"
    new.write_text(f"{token}\n")
    new.rename(program.directory / "token")


def silent(*spec: str, messages: Mapping[int, str] | None = None) -> str:
    """Give a manifest that does not say who acts."""
    return manifest(1, *spec, messages=messages).replace(f"  actAs: {ANN}\n", "")


def requests(sandbox: LiveSandbox) -> Sequence[tuple[str, int | None]]:
    return sandbox.look(lambda inside: [(entry.method, entry.status) for entry in inside.log.entries])


@pytest.mark.parametrize("environ", [{}, AS_ANN])
def test_apply_asks_once_whose_the_token_is_and_acts_as_that_user(
    ours: Program, sandbox: LiveSandbox, environ: Mapping[str, str]
) -> None:
    ours.run("apply", environ=environ)
    assert requests(sandbox) == [("GET", 200), ("PUT", 200), ("PUT", 200)]
    assert {call.user for call in sandbox.puts()} == {ANN}


def test_nobody_else_can_act(ours: Program, sandbox: LiveSandbox) -> None:
    ours.declare("one.yaml", silent(f"read: [{BEN}]"))
    done = ours.run("apply", exits=3)
    assert f"acts only for user {ANN}, not for {BEN}" in done.stderr
    assert requests(sandbox) == [("GET", 200)]


def test_a_plan_asks_to_learn_who_acts_and_does_no_more(ours: Program, sandbox: LiveSandbox) -> None:
    assert f"read by {ANN}" in ours.run("plan").stdout
    assert requests(sandbox) == [("GET", 200)]


def test_a_plan_that_knows_who_acts_calls_nobody(ours: Program, sandbox: LiveSandbox) -> None:
    done = ours.run("plan", environ={**AS_ANN, "RECONCILER_API_URL": None})
    assert f"read by {ANN}" in done.stdout
    assert sandbox.arrived() == 0


@pytest.mark.parametrize("environ", [{}, AS_ANN], ids=["nobody named", "a user named"])
@pytest.mark.parametrize("command", ["apply", "run"])
def test_a_token_of_an_application_is_refused_at_the_start_with_the_reason(
    ours: Program, sandbox: LiveSandbox, command: str, environ: Mapping[str, str]
) -> None:
    put(ours, APPLICATIONS)
    done = ours.run(command, environ={**LISTEN, **environ}, exits=1)
    assert done.stderr.splitlines()[-1] == (
        "reconciler: RECONCILER_TOKEN_FILE: is the token of an application session, which can only read; "
        "give the token of a user's session"
    )
    assert requests(sandbox) == [("GET", 200)]
    assert "canary" not in done.stderr


@pytest.mark.parametrize("command", ["plan", "approve 0123 --reason checked"])
def test_a_command_that_sends_nothing_refuses_it_too_where_it_has_to_ask(
    ours: Program, sandbox: LiveSandbox, command: str
) -> None:
    put(ours, APPLICATIONS)
    (line,) = ours.run(*command.split(), exits=1).stderr.splitlines()
    assert "is the token of an application session, which can only read" in line
    assert requests(sandbox) == [("GET", 200)]


@pytest.mark.parametrize("command", ["apply", "run"])
def test_a_token_of_another_user_than_the_settings_name_is_refused(
    ours: Program, sandbox: LiveSandbox, command: str
) -> None:
    done = ours.run(command, environ={**LISTEN, "RECONCILER_ACT_AS": str(BEN)}, exits=1)
    assert done.stderr.splitlines()[-1] == (
        f"reconciler: RECONCILER_ACT_AS: the session is of user {ANN}, and user {BEN} is to act; "
        f"set it to {ANN}, or give a token of user {BEN}"
    )
    assert requests(sandbox) == [("GET", 200)]


@pytest.mark.parametrize("command", ["apply", "run", "plan"])
def test_where_the_service_does_not_tell_the_settings_have_to(
    ours: Program, sandbox: LiveSandbox, command: str
) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=404), when=ASKED))
    done = ours.run(command, environ=LISTEN, exits=1)
    assert done.stderr.splitlines()[-1] == (
        "reconciler: RECONCILER_ACT_AS: is not set, and the chat service does not tell whose the token is: "
        "it answered 404; set it to the user whose token it is"
    )
    assert requests(sandbox) == [("GET", 404)]


def test_where_the_settings_tell_too_a_service_need_not(ours: Program, sandbox: LiveSandbox) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=404), when=ASKED))
    ours.run("apply", environ=AS_ANN)
    assert requests(sandbox) == [("GET", 404), ("PUT", 200), ("PUT", 200)]
    with ours.daemon(environ=AS_ANN) as daemon:
        daemon.becomes_ready()
        daemon.stop()
    assert daemon.stderr.count("does not tell whose the token is: it answered 404") == 1
    assert requests(sandbox)[3:] == [("GET", 404)]


@pytest.mark.parametrize("environ", [{}, AS_ANN], ids=["nobody named", "a user named"])
def test_a_token_that_is_refused_is_told_with_what_the_service_said(
    ours: Program, sandbox: LiveSandbox, environ: Mapping[str, str]
) -> None:
    sandbox.look(lambda inside: inside.access.revoke(TOKEN))
    (line,) = ours.run("apply", environ=environ, exits=1).stderr.splitlines()
    assert line == (
        "reconciler: no session with the chat service: 401 Required session does not exist; "
        "look at RECONCILER_TOKEN or RECONCILER_TOKEN_FILE"
    )
    assert requests(sandbox) == [("GET", 401)]
    assert ours.history() == []


@pytest.mark.parametrize(
    ("status", "environ", "todo"),
    [
        (503, {}, "run this again later"),
        (429, {}, "run this again later"),
        (None, {"RECONCILER_API_URL": "http://127.0.0.1:9"}, "correct the settings, or run this again later"),
    ],
)
def test_a_question_without_a_useful_answer_ends_apply_with_the_reason(
    ours: Program, sandbox: LiveSandbox, status: int | None, environ: Mapping[str, str], todo: str
) -> None:
    if status is not None:
        sandbox.let_fail(FaultRule(fault=Status(status=status), when=ASKED))
    (line,) = ours.run("apply", environ={**AS_ANN, **environ}, exits=1).stderr.splitlines()
    assert line.startswith("reconciler: no session with the chat service: ")
    assert line.endswith(f"; {todo}")
    assert sandbox.puts() == ()


@pytest.mark.parametrize("environ", [{}, AS_ANN], ids=["nobody named", "a user named"])
def test_a_new_token_lets_a_daemon_in_that_was_refused(
    ours: Program, sandbox: LiveSandbox, environ: Mapping[str, str]
) -> None:
    sandbox.look(lambda inside: inside.access.revoke(TOKEN))
    with ours.daemon(environ=environ) as daemon:
        daemon.becomes_unready("no session with the chat service: 401 Required session does not exist")
        put(ours, NEW)
        daemon.becomes_ready()
        daemon.stop()
    assert requests(sandbox) == [("GET", 401), ("GET", 200), ("PUT", 200), ("PUT", 200)]
    assert "RECONCILER_TOKEN_FILE: holds another secret now" in daemon.stderr
    assert "canary" not in daemon.stderr


def test_a_daemon_whose_service_gives_no_answer_is_not_ready_and_says_why(
    ours: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=503), when=ASKED))
    with ours.daemon(environ=AS_ANN) as daemon:
        daemon.becomes_unready("no session with the chat service: 503")
        daemon.stop()
    assert sandbox.puts() == ()


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (BENS, f"the session is of user {BEN}, and user {ANN} is to act"),
        (APPLICATIONS, "is the token of an application session, which can only read"),
    ],
    ids=["another user's", "an application's"],
)
def test_a_daemon_uses_no_new_token_of_anybody_else(
    ours: Program, sandbox: LiveSandbox, token: str, words: str
) -> None:
    with ours.daemon() as daemon:
        daemon.becomes_ready()
        put(ours, token)
        ours.declare("one.yaml", silent("read: true", messages={0: "text: hello again"}))
        daemon.becomes_unready("the chat service refuses the credential")
        put(ours, NEW)
        assert sandbox.sees_text("hello again").user == ANN
        daemon.becomes_ready()
        daemon.stop()
    assert words in daemon.stderr
    assert "canary" not in daemon.stderr
    assert {call.user for call in sandbox.puts()} == {ANN}
    assert [method for method, _ in requests(sandbox)] == ["GET", "PUT", "PUT", "GET", "GET", "PUT"]


def test_the_question_keeps_the_rate_too(ours: Program, sandbox: LiveSandbox) -> None:
    ours.declare("one.yaml", silent(messages=dict.fromkeys(range(3), "text: hello")))
    ours.run("apply", "--rate", "1")
    assert [method for method, _ in requests(sandbox)] == ["GET", "PUT", "PUT", "PUT"]
    assert_within(1, ours, sandbox)
    moments = sandbox.look(lambda inside: [entry.monotonic for entry in inside.log.entries])
    assert moments[-1] - moments[0] > 2.5, "four calls, the question is one of them"
