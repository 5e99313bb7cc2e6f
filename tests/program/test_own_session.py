"""A session of our own: the program logs in as a user, and finds out which user that is."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from reconciler.sandbox.faults import FaultRule, Status, When
from reconciler.sandbox.seed import Application, Credentials, Login
from tests.program.chat import ANN, BEN, KEY, manifest
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program
from tests.program.waiting import wait_for

AUTH_KEY = "canaryAuthKey"
AUTH_SECRET = "canary-auth-secret"
PASSWORD = "canary p w+d&1=%é"
APPLICATION = Application(id=92, auth_key=AUTH_KEY, auth_secret=AUTH_SECRET)
LOGIN = When(method="POST", path="/session.json")


def ann(password: str) -> Login:
    return Login(user=ANN, login="ann", email="ann@example.org", password=password)


def let_in(sandbox: LiveSandbox, password: str) -> None:
    """Let Ann log in with this password, and with no other."""
    given = Credentials(applications=(APPLICATION,), logins=(ann(password),))
    sandbox.look(lambda inside: inside.access.add(given))


@pytest.fixture
def ours(program: Program, sandbox: LiveSandbox) -> Program:
    """The program with Ann's login in place of a key; her password in a file."""
    let_in(sandbox, PASSWORD)
    (program.directory / "password").write_text(f"{PASSWORD}\n")
    del program.environ["RECONCILER_API_KEY"]
    program.environ |= {
        "RECONCILER_APPLICATION_ID": "92",
        "RECONCILER_AUTH_KEY": AUTH_KEY,
        "RECONCILER_AUTH_SECRET": AUTH_SECRET,
        "RECONCILER_LOGIN": "ann",
        "RECONCILER_PASSWORD_FILE": "password",
    }
    return program


def silent(dialog: int, *spec: str, messages: Mapping[int, str] | None = None) -> str:
    """Give a manifest that does not say who acts."""
    return manifest(dialog, *spec, messages=messages).replace(f"  actAs: {ANN}\n", "")


def requests(sandbox: LiveSandbox) -> Sequence[tuple[str, int | None]]:
    return sandbox.look(lambda inside: [(entry.method, entry.status) for entry in inside.log.entries])


@pytest.mark.parametrize(
    "environ",
    [{}, {"RECONCILER_SIGNATURE_HASH": "sha256"}, {"RECONCILER_LOGIN": "ann@example.org"}],
    ids=["SHA-1", "SHA-256", "by email"],
)
def test_apply_logs_in_once_and_acts_as_whoever_it_is(
    ours: Program, sandbox: LiveSandbox, environ: Mapping[str, str]
) -> None:
    ours.declare("one.yaml", silent(1, "read: true", messages={0: "text: hello"}))
    ours.run("apply", environ=environ)
    assert requests(sandbox) == [("POST", 201), ("PUT", 200), ("PUT", 200)]
    assert {put.user for put in sandbox.puts()} == {ANN}


def test_the_settings_file_holds_all_that_is_no_secret(ours: Program, sandbox: LiveSandbox) -> None:
    names = ("APPLICATION_ID", "AUTH_KEY", "LOGIN", "PASSWORD_FILE")
    for name in names:
        del ours.environ[f"RECONCILER_{name}"]
    (ours.directory / "reconciler.toml").write_text(
        f'application_id = 92\nauth_key = "{AUTH_KEY}"\nlogin = "ann"\npassword_file = "password"\n'
        'signature_hash = "sha256"\n'
    )
    ours.declare("one.yaml", silent(1, "read: true"))
    ours.run("apply")
    assert requests(sandbox) == [("POST", 201), ("PUT", 200)]


def test_nobody_else_can_act(ours: Program, sandbox: LiveSandbox) -> None:
    ours.declare("one.yaml", silent(1, f"read: [{BEN}]"))
    done = ours.run("apply", exits=3)
    assert f"acts only for user {ANN}, not for {BEN}" in done.stderr
    assert sandbox.puts() == ()


def test_a_plan_logs_in_to_learn_who_acts_and_does_no_more(ours: Program, sandbox: LiveSandbox) -> None:
    ours.declare("one.yaml", silent(1, "read: true"))
    assert f"read by {ANN}" in ours.run("plan").stdout
    assert requests(sandbox) == [("POST", 201)]


def test_a_plan_that_knows_who_acts_calls_nobody(ours: Program, sandbox: LiveSandbox) -> None:
    ours.declare("one.yaml", silent(1, "read: true"))
    environ = {"RECONCILER_ACT_AS": str(ANN), "RECONCILER_API_URL": None}
    assert f"read by {ANN}" in ours.run("plan", environ=environ).stdout
    assert sandbox.arrived() == 0


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_login_that_fails_is_told_with_what_the_service_said(
    ours: Program, sandbox: LiveSandbox, command: str
) -> None:
    (ours.directory / "password").write_text("canary of another")
    ours.declare("one.yaml", silent(1, "read: true"))
    done = ours.run(command, exits=1)
    (line,) = done.stderr.splitlines()
    assert line == (
        "reconciler: no session with the chat service: 401 Unauthorized; "
        "look at RECONCILER_LOGIN and RECONCILER_PASSWORD or RECONCILER_PASSWORD_FILE"
    )
    assert "canary" not in done.stderr
    assert requests(sandbox) == [("POST", 401)]


@pytest.mark.parametrize(
    ("environ", "status", "todo"),
    [
        ({"RECONCILER_AUTH_SECRET": "another"}, None, ["RECONCILER_AUTH_SECRET_FILE", "SIGNATURE_HASH"]),
        ({"RECONCILER_AUTH_KEY": "another"}, None, ["RECONCILER_AUTH_KEY", "RECONCILER_APPLICATION_ID"]),
        ({}, 422, ["; correct the settings"]),
        ({}, 404, ["; correct the settings"]),
        ({}, 503, ["; run this again later"]),
        ({}, 429, ["; run this again later"]),
        ({"RECONCILER_API_URL": "http://127.0.0.1:9"}, None, ["; correct the settings, or run this again"]),
    ],
)
def test_a_login_that_fails_is_told_with_what_helps(
    ours: Program, sandbox: LiveSandbox, environ: Mapping[str, str], status: int | None, todo: Sequence[str]
) -> None:
    if status is not None:
        sandbox.let_fail(FaultRule(fault=Status(status=status), when=LOGIN))
    ours.declare("one.yaml", silent(1, "read: true"))
    (line,) = ours.run("plan", environ=environ, exits=1).stderr.splitlines()
    assert [word for word in todo if word not in line] == []
    assert ("again later" in line) == ("again" in todo[0])


def test_a_login_of_another_user_than_the_settings_name_sends_nothing(
    ours: Program, sandbox: LiveSandbox
) -> None:
    ours.declare("one.yaml", silent(1, "read: true"))
    done = ours.run("apply", environ={"RECONCILER_ACT_AS": str(BEN)}, exits=1)
    words = f"RECONCILER_ACT_AS: the session is of user {ANN}, and user {BEN} is to act; set it to {ANN}"
    (line,) = done.stderr.splitlines()
    assert words in line
    assert sandbox.puts() == ()


NO_USER = ["RECONCILER_LOGIN", "application session, which only reads", "RECONCILER_PASSWORD_FILE"]


@pytest.mark.parametrize("command", ["apply", "run"])
def test_an_application_without_a_user_is_refused_at_the_start(
    ours: Program, sandbox: LiveSandbox, command: str
) -> None:
    ours.declare("one.yaml", silent(1, "read: true"))
    missing = {"RECONCILER_LOGIN": "", "RECONCILER_PASSWORD_FILE": None, "RECONCILER_LISTEN": "127.0.0.1:0"}
    done = ours.run(command, exits=1, environ=missing)
    (line,) = done.stderr.splitlines()
    assert [word for word in NO_USER if word not in line] == []
    assert sandbox.arrived() == 0


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (["--application-id", "canary"], {}),
        ([], {"RECONCILER_APPLICATION_ID": "canary"}),
        ([], {"RECONCILER_APPLICATION_ID": "0"}),
        ([], {"RECONCILER_APPLICATION_ID": "9" * 5000}),
    ],
)
def test_what_is_no_application_s_number_is_not_repeated(
    ours: Program, arguments: Sequence[str], environ: Mapping[str, str]
) -> None:
    done = ours.run("apply", *arguments, environ=environ, exits=64)
    assert "--application-id" in done.stderr
    assert "is not the number of an application" in done.stderr
    assert "canary" not in done.stderr


def test_the_daemon_keeps_its_session_and_says_no_secret(ours: Program, sandbox: LiveSandbox) -> None:
    ours.declare("one.yaml", silent(1, messages={0: "text: hello"}))
    with ours.daemon("--log-level", "debug") as daemon:
        daemon.becomes_ready()
        ours.declare("one.yaml", silent(1, messages={0: "text: hello again"}))
        sandbox.sees_text("hello again")
        daemon.stop()
    assert requests(sandbox) == [("POST", 201), ("PUT", 200), ("PUT", 200)]
    assert "canary" not in daemon.stdout + daemon.stderr


def test_a_session_that_the_service_ended_is_made_anew_for_one_replay(
    ours: Program, sandbox: LiveSandbox
) -> None:
    ours.declare("one.yaml", silent(1, messages={0: "text: hello"}))
    with ours.daemon() as daemon:
        daemon.becomes_ready()
        sandbox.look(lambda inside: inside.access.end_sessions())
        ours.declare("one.yaml", silent(1, messages={0: "text: hello again"}))
        sandbox.sees(lambda log: log.statuses[200] == 2, "the replay")
        daemon.stop()
    assert [status for _, status in requests(sandbox)] == [201, 200, 401, 201, 200]


def test_a_daemon_that_cannot_log_in_is_not_ready_and_says_why(ours: Program, sandbox: LiveSandbox) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=503), when=LOGIN))
    ours.declare("one.yaml", silent(1, messages={0: "text: hello"}))
    with ours.daemon() as daemon:
        daemon.becomes_unready("no session with the chat service: 503")
        daemon.stop()
    assert sandbox.puts() == ()


def test_a_new_password_lets_a_daemon_in_that_was_refused(ours: Program, sandbox: LiveSandbox) -> None:
    let_in(sandbox, "canary of a new one")
    ours.declare("one.yaml", silent(1, messages={0: "text: hello"}))
    with ours.daemon() as daemon:
        daemon.becomes_unready("no session with the chat service: 401 Unauthorized")
        rename_over(ours.directory / "password", "canary of a new one")
        daemon.becomes_ready()
        daemon.stop()
    assert requests(sandbox)[-2:] == [("POST", 201), ("PUT", 200)]
    assert "canary" not in daemon.stderr
    assert "RECONCILER_PASSWORD_FILE: holds another secret now" in daemon.stderr


def test_a_new_api_key_is_used_by_a_daemon_that_was_refused(program: Program, sandbox: LiveSandbox) -> None:
    del program.environ["RECONCILER_API_KEY"]
    key = program.directory / "key"
    key.write_text(KEY)
    program.environ["RECONCILER_API_KEY_FILE"] = "key"
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        sandbox.look(lambda inside: inside.access.revoke(KEY))
        program.declare("one.yaml", manifest(1, messages={0: "text: hello again"}))
        daemon.becomes_unready("the chat service refuses the credential")
        sandbox.look(lambda inside: inside.access.add(Credentials(api_keys=("canary-new",))))
        key.write_text("canary-new")
        sandbox.sees(lambda log: log.statuses[200] == 2, "the call with the new key")
        daemon.becomes_ready()
        daemon.stop()
    assert [put.status for put in sandbox.puts()] == [200, 401, 200]
    assert "canary" not in daemon.stderr


def rename_over(path: Path, content: str) -> None:
    """Put another file in the place of `path`, as Kubernetes and careful writers do."""
    new = path.with_name("new")
    new.write_text(content)
    new.rename(path)


def test_apply_that_has_nothing_to_send_needs_no_session(ours: Program, sandbox: LiveSandbox) -> None:
    ours.environ["RECONCILER_ACT_AS"] = str(ANN)
    ours.declare("one.yaml", silent(1, "read: true"))
    ours.run("apply")
    sandbox.look(lambda inside: inside.access.end_sessions())
    let_in(sandbox, "another")
    ours.run("apply")
    assert requests(sandbox) == [("POST", 201), ("PUT", 200)]
    ours.declare("one.yaml", silent(1, "read: true", messages={0: "text: hello"}))
    assert "no session with the chat service: 401" in ours.run("apply", exits=1).stderr
    assert ours.run("history").stdout.count("applied") == 1


def test_the_metrics_tell_when_the_session_ends_and_which_logins_were_too_fast(
    ours: Program, sandbox: LiveSandbox
) -> None:
    ours.declare("one.yaml", silent(1, messages={0: "text: hello"}))
    sandbox.let_fail(FaultRule(fault=Status(status=429), when=LOGIN, times=1))
    began = time.time()
    with ours.daemon() as daemon:
        wait_for(lambda: daemon.metric("reconciler_api_throttles_total") == 1, "the first login's answer")
        assert daemon.samples("reconciler_session_expiry_timestamp_seconds") == []
        daemon.kill()
    with ours.daemon() as daemon:
        daemon.becomes_ready()
        ends = daemon.metric("reconciler_session_expiry_timestamp_seconds")
        assert began + 7200 - 1 <= ends <= time.time() + 7200
        daemon.stop()
