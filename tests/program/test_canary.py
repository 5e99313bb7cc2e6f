"""A secret and a text are let out like canaries, and searched for wherever something is said.

A secret belongs on the wire alone; a text belongs there, in the ledger, and where a person asked.
"""

import base64
import re
import resource
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

from reconciler.cli.commands import commands
from reconciler.cli.program import run
from reconciler.sandbox.faults import BodyShape, Drop, Fault, FaultRule, Garbage, Redirect, Status, When
from reconciler.sandbox.options import SandboxOptions
from reconciler.settings import SECRETS
from tests.program.canary import (
    AUTH_SECRET,
    CREDENTIALS,
    KEY,
    KINDS,
    LISTEN_TOKEN,
    PASSWORD,
    SESSION,
    TEXT,
    TOKEN,
    USER_TOKEN,
    Stage,
    leaks,
)
from tests.program.chat import chat, manifest, message_id
from tests.program.live_sandbox import LiveSandbox, live_sandbox
from tests.program.program import Program, Running
from tests.program.waiting import LONGEST, wait_for

FORMS: Final = ("text", "json")


@pytest.fixture(
    params=[(kind, *rest) for kind in KINDS for rest in (("the environment", "text"), ("a file", "json"))],
    ids=lambda param: f"{param[0].name} in {param[1]}, logged as {param[2]}",
)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Everything, for each kind of credential, each place that it may come from, and each form of log."""
    kind, where, form = request.param
    with live_sandbox(SandboxOptions(seed=replace(chat(), credentials=CREDENTIALS))) as sandbox:
        directory = tmp_path / "secrets"
        directory.mkdir()
        environ = kind.environ(directory if where == "a file" else None)
        settings = {"RECONCILER_API_URL": sandbox.url, "RECONCILER_RATE": "1000", **environ}
        settings["RECONCILER_LOG_FORMAT"] = form
        here = tmp_path / "here"
        here.mkdir()
        yield Stage(
            kind=kind, from_files=where == "a file", program=Program(here, **settings), sandbox=sandbox
        )


Say = Callable[[Program, str], tuple[int, str]]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run commands in this process, which is faster; give the exit code and all that one said."""

    def run_here(program: Program, command: str) -> tuple[int, str]:
        with monkeypatch.context() as patch:
            patch.chdir(program.directory)
            for name, value in program.environ.items():
                patch.setenv(name, value)
            code = run(command.split())
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run_here


def test_the_search_finds_what_it_is_for() -> None:
    assert leaks("nothing of it", (TEXT, KEY, PASSWORD)) == set()
    for secret in (KEY, TOKEN, PASSWORD, TEXT):
        for said in (
            secret,
            quote(secret),
            base64.b64encode(secret.encode()).decode(),
            f"..{secret[5:20]}..",
        ):
            assert leaks(said, (secret,))


def declare_trouble(stage: Stage) -> None:
    """Declare texts that are applied and texts that fail, with answers that repeat all that was sent."""
    (secret,) = stage.sent_with_calls()
    echo = f"no: {TEXT} ApiKey {secret} QB-Token: {secret}"
    faults: list[Fault] = [
        Status(status=422, words=echo),
        Status(status=500, words=echo, body=BodyShape.HTML),
        Status(status=403, words=echo, body=BodyShape.MESSAGE),
        Status(status=400, words=echo, body=BodyShape.FIELD_TEXT, headers={"X-Request-Id": secret}),
        Drop(),
        Status(status=404, words=echo, body=BodyShape.BASE, headers={"Retry-After": TEXT.split(":")[0]}),
        Garbage(),
        Status(status=409, words=echo, body=BodyShape.XML),
        Redirect(location=f"http://127.0.0.1:1/{quote(echo)}"),
        Status(status=422, words=echo, body=BodyShape.FIELD),
    ]
    stage.sandbox.let_fail(
        *(FaultRule(fault=fault, when=When(message=message_id(1, m))) for m, fault in enumerate(faults))
    )
    messages = dict.fromkeys(range(12), f'text: "{TEXT}", read: true')
    stage.program.declare("one.yaml", manifest(1, "delivered: true", messages=messages))
    for number, (name, content) in enumerate(WRONG.items(), start=2):
        stage.program.declare(
            f"{name.replace(' ', '-')}.yaml", manifest(number, name=f"wrong-{number}") + content
        )


WRONG: Final = {
    name: f"  messages:\n    - id: 5e5500000000000200000000\n      {line}\n"
    for name, line in {
        "another key": f'text: "{TEXT}"\n      reed: true',
        "a mark": f'read: "{TEXT}"',
        "a user": f'actAs: "{TEXT}"\n      text: "{TEXT}"',
        "a list": f'text: ["{TEXT}"]',
        "a mapping": f'text: {{en: "{TEXT}"}}',
        "cut off": f'text: "{TEXT}',
        "a control character": f'text: "{TEXT}\\u0007"',
        "an escape": f'text: "{TEXT}\\q"',
        "a tag": f'text: !!binary "{TEXT}"',
        "an unknown tag": f'text: !x "{TEXT}"',
        "twice": f'text: "{TEXT}"\n      text: "{TEXT} again"',
        "after the quote": f'text: "{TEXT}" {TEXT}',
        "a tab": f"text: |\n\t{TEXT}",
        "not indented": f"text: |\n      {TEXT.replace(':', '')}\n      read: true",
        "without quotes": f"text: {TEXT}",
        "an id": f'id: "{TEXT}"\n      text: hello',
        "a surrogate": f'text: "{TEXT}\\ud800"',
        "too long": f'text: "{TEXT * 300}"',
    }.items()
}
"""Manifests of which each is wrong in or right beside a text."""


SAYING: Final = (
    ("apply", {5}),
    ("apply -o json", {5}),
    ("status", {0}),
    ("status -o json", {0}),
    ("history", {0}),
    ("history -o json", {0}),
    ("plan --hide-text", {1, 3}),
    ("plan --hide-text -o json", {1, 3}),
    ("plan --hide-text -o markdown", {1, 3}),
    ("validate", {3}),
    ("validate -o json", {3}),
    ("apply --ledger manifests", {64}),
    ("apply --api-url http://example.com", {1}),
    ("plan --config manifests", {1, 64}),
    ("health --listen 127.0.0.1:1", {1}),
    ("schema", {0}),
)
"""Commands that show no text by design."""


SHOWN: Final = ("", "dialogs?search=d", "dialogs/dialog-1", "dialogs/wrong-2", "history", "problems")
"""Pages, and most of what the API answers to."""

EXPORTED: Final = ("overview", "changes", "openapi.json", "history.json", "history.csv")

TEXTUAL: Final = ("dialogs/dialog-1", "history", "history.json", "history.csv")
"""What shows texts to who asks for them."""


def said_over_http(daemon: Running, token: str = "", *, texts: bool = False) -> str:
    """Ask the daemon's HTTP server for what there is and what there isn't."""
    opening = {"Authorization": f"Bearer {token}"} if token else {}
    if texts:
        replies = [daemon.get(f"/api/v1/{path}?texts=true", headers=opening) for path in TEXTUAL]
        assert {reply.status for reply in replies} == {200}
    else:
        pages = [f"/{path}" for path in SHOWN]
        documents = [f"/api/v1/{path}" for path in (*SHOWN[1:], *EXPORTED, "dialogs?page=x", "dialogs/x")]
        nothing = ("/status", "/api/v1/status", "/nowhere", "/%00", "/../x", "/static/nothing")
        replies = [
            daemon.get(path, headers=headers)
            for path in ("/metrics", "/healthz", "/readyz", *pages, *documents, *nothing)
            for headers in (opening, {"Authorization": "Bearer wrong"}, {"Host": "example.com"})
        ]
        assert sum(reply.status == 200 for reply in replies) >= len((*pages, *documents))
    replies += [daemon.get("/metrics", method) for method in ("HEAD", "PUT", "TRACE", "DELETE", "OPTIONS")]
    replies.append(daemon.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}))
    return "\n".join(f"{each.status} {each.headers} {each.body}" for each in replies)


def said_by_files(stage: Stage) -> str:
    """Give all that lies in the program's directory but for the manifests and the ledger."""
    mine = (path for path in stage.program.directory.rglob("*") if path.is_file())
    ours = {stage.program.ledger.name + suffix for suffix in ("", "-wal", "-shm")}
    return "\n".join(
        path.read_bytes().decode("latin-1")
        for path in mine
        if path.name not in ours and stage.program.manifests not in path.parents
    )


@pytest.mark.slow
def test_neither_a_secret_nor_a_text_is_said_anywhere(stage: Stage, say: Say) -> None:
    said = []
    watchful = {"PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1", "PYTHONFAULTHANDLER": "1"}
    token = stage.program.directory.with_name("listen-token")
    token.write_text(LISTEN_TOKEN)
    environ = {**watchful, "RECONCILER_LISTEN_TOKEN_FILE": str(token)}
    with stage.program.daemon("--log-level", "debug", environ=environ) as daemon:
        stage.program.declare("first.yaml", manifest(0, messages={0: f'text: "{TEXT} first"'}))
        stage.sandbox.sees_text(f"{TEXT} first")
        declare_trouble(stage)
        wait_for(lambda: len(stage.sandbox.puts()) >= 14, "every call")
        wait_for(lambda: daemon.total("reconciler_passes_total") >= 2, "a pass that is over")
        said += [said_over_http(daemon, LISTEN_TOKEN), *seen_from_outside(daemon, stage)]
        asked_for = said_over_http(daemon, LISTEN_TOKEN, texts=True)
        daemon.stop()
    assert len(re.findall(r"\bcalled\b", daemon.stderr)) >= 12, "there was something to say"
    everything = stage.kind is KINDS[0] and not stage.from_files
    said += said_by(say, stage.program, SAYING if everything else SAYING[::6])
    said.append(said_by_files(stage))
    secrets = (*stage.secrets(), LISTEN_TOKEN)
    assert leaks("\n".join(said), (TEXT, *secrets)) == set()
    assert TEXT in asked_for
    assert leaks(asked_for, secrets) == set()
    for file in stage.program.directory.glob("reconciler.db*"):
        assert leaks(file.read_bytes().decode("latin-1"), secrets) == set()
    wire = "\n".join(str(put.fields) for put in stage.sandbox.puts())
    assert TEXT in wire, "the text was sent"


def said_by(say: Say, program: Program, commands: Iterable[tuple[str, set[int]]]) -> Iterator[str]:
    """Run commands to their ends, each with one of its codes; give what they said."""
    for command, codes in commands:
        code, said = say(program, command)
        assert code in codes, f"{command} ended with {code}:\n{said}"
        yield said


def seen_from_outside(daemon: Running, stage: Stage) -> Sequence[str]:
    """Give what other processes see of this one; its environment too, where no secret was put there."""
    process = Path(f"/proc/{daemon.process.pid}")
    names = ["cmdline", "comm", *(["environ"] if stage.from_files else [])]
    seen = [(process / name).read_bytes().decode("latin-1") for name in names]
    if stage.kind is SESSION and stage.from_files:
        seen[-1] = seen[-1].replace(stage.program.environ["RECONCILER_AUTH_KEY"], "")  # it has no file
    return seen


@pytest.mark.slow
def test_a_refusal_that_repeats_the_credential_brings_it_nowhere(stage: Stage, say: Say) -> None:
    refuse_with_what_was_sent(stage, say, When(), "no session" if stage.kind is USER_TOKEN else "refuse")
    if stage.kind is USER_TOKEN:
        refuse_with_what_was_sent(stage, say, When(method="PUT"), "refuse")


def refuse_with_what_was_sent(stage: Stage, say: Say, when: When, told: str) -> None:
    """Refuse some requests in words that repeat what was sent; `told` is what /readyz says of it."""
    stage.sandbox.let_succeed()
    before = stage.sandbox.arrived()
    sent = [secret for secret in stage.kind.secrets.values() if secret != AUTH_SECRET]
    echo = " ".join(f"wrong: {secret}, ApiKey {secret}" for secret in sent)
    headers = {"WWW-Authenticate": f'Basic realm="{quote(echo)}"', "X-Request-Id": sent[0]}
    shapes = (BodyShape.ERRORS, BodyShape.MESSAGE, BodyShape.HTML)
    refusals = [Status(status=401, words=echo, body=shape, headers=headers) for shape in shapes]
    stage.sandbox.let_fail(*(FaultRule(fault=refusal, when=when, times=1) for refusal in refusals))
    stage.sandbox.let_fail(FaultRule(fault=refusals[0], when=when))
    stage.program.declare("one.yaml", manifest(1, messages=dict.fromkeys(range(3), f'text: "{TEXT}"')))
    with stage.program.daemon("--log-level", "debug") as daemon:
        wait_for(lambda: told in daemon.get("/readyz").body, "/readyz tells of the refusal")
        said = [said_over_http(daemon)]
        daemon.stop()
    assert "401" in daemon.stderr
    refused = (("apply", {1, 5}), ("apply -o json", {1, 5}), ("history", {0}))
    said += said_by(say, stage.program, refused)
    said.append(said_by_files(stage))
    assert stage.sandbox.arrived() - before >= len(refusals)
    assert leaks("\n".join(said), (TEXT, *stage.secrets())) == set()


@pytest.mark.slow
def test_the_text_is_shown_where_a_person_asks_and_kept_only_where_it_may_be(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: f'text: "{TEXT}"'}))
    for form in ("text", "json", "markdown"):
        assert TEXT in program.run("plan", "-o", form).stdout
        assert not leaks(program.run("plan", "--hide-text", "-o", form).stdout, (TEXT,))
    program.run("apply", environ={"RECONCILER_KEEP_TEXT": "false"})
    kept = b"".join(file.read_bytes() for file in program.directory.glob("reconciler.db*"))
    assert not leaks(kept.decode("latin-1"), (TEXT,))
    program.declare("one.yaml", manifest(1, messages={1: f'text: "{TEXT}"'}))
    program.run("apply")
    assert not leaks(program.run("history").stdout, (TEXT,))
    assert TEXT in program.run("history", "--show-text").stdout
    assert sandbox.arrived() == 2


@pytest.mark.parametrize("command", ["", *commands()])
def test_no_help_shows_what_is_set(offline: Program, say: Say, command: str) -> None:
    secrets = {name: secret for kind in KINDS for name, secret in kind.secrets.items()}
    offline.environ |= secrets
    code, said = say(offline, f"{command} --help")
    assert code == 0
    assert "Usage: reconciler" in said
    assert leaks(said, secrets.values()) == set()


MISTAKES: Final = (
    {"RECONCILER_API_KEY": KEY, "RECONCILER_TOKEN": TOKEN},
    {"RECONCILER_API_KEY": KEY, "RECONCILER_API_KEY_FILE": "key"},
    {"RECONCILER_API_KEY": f"ApiKey {KEY}"},
    {"RECONCILER_API_KEY": f"{KEY}\n{KEY}"},
    {"RECONCILER_API_KEY": f'"{KEY}"é'},
    {"RECONCILER_API_KEY": KEY * 100},
    {"RECONCILER_API_KEY_FILE": KEY},
    {"RECONCILER_API_KEY_FILE": f"{KEY}/{KEY}"},
    {"RECONCILER_API_KEY_FILE": KEY * 100},
    {"RECONCILER_TOKEN": f"QB-Token: {TOKEN}"},
    {"RECONCILER_TOKEN_FILE": TOKEN, "RECONCILER_ACT_AS": "111"},
    {"RECONCILER_API_KEY": KEY, "RECONCILER_API_URL": f"https://user:{TOKEN}@api.example.com"},
    {"RECONCILER_API_KEY": KEY, "RECONCILER_API_URL": f"https://api.example.com?key={TOKEN}"},
    {"RECONCILER_API_KEY": KEY, "RECONCILER_API_URL": f"http://{TOKEN}.example.com"},
    {"RECONCILER_API_KEY": KEY, "RECONCILER_CA_FILE": TOKEN},
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=" and ".join)
def test_no_mistake_in_a_credential_is_explained_by_showing_it(
    offline: Program, say: Say, mistake: Mapping[str, str]
) -> None:
    offline.declare("one.yaml", manifest(1, messages={0: f'text: "{TEXT}"'}))
    offline.environ |= {"RECONCILER_API_URL": "https://api.example.com", **mistake}
    code, said = say(offline, "apply")
    assert code == 1
    assert said.startswith("reconciler: ")
    assert leaks(said, (KEY, TOKEN, TEXT)) == set()


@pytest.mark.parametrize(
    "content",
    [*(f'{name} = "{{}}"' for name in SECRETS), 'api_kee = "{}"', 'rate = "{}"', "{}", 'rate = "{}'],
)
def test_no_mistake_in_the_settings_file_is_explained_by_quoting_it(
    offline: Program, say: Say, content: str
) -> None:
    (offline.directory / "reconciler.toml").write_text(content.format(KEY))
    code, said = say(offline, "plan")
    assert code == 64
    assert said.startswith("reconciler: reconciler.toml: ")
    assert leaks(said, (KEY,)) == set()


@pytest.mark.parametrize("form", FORMS)
def test_where_the_machine_gives_no_more_files_nothing_is_said_either(
    program: Program, sandbox: LiveSandbox, form: str
) -> None:
    program.environ["RECONCILER_LOG_FORMAT"] = form
    program.declare("one.yaml", manifest(1, messages={0: f'text: "{TEXT}"'}))
    with program.daemon("--log-level", "debug", "--rescan", "1") as daemon:
        daemon.becomes_ready()
        pid = daemon.process.pid
        _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, most))
        program.declare("one.yaml", manifest(1, messages={0: f'text: "{TEXT} new"'}))
        daemon.says(r"(?i)too many open files|can't be read")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
        sandbox.sees_text(f"{TEXT} new")
        said = said_over_http(daemon)
        daemon.stop()
    said += daemon.stdout + daemon.stderr
    assert leaks(said, (TEXT, program.environ["RECONCILER_API_KEY"])) == set()


def put_a_text_where_ids_belong(ledger: Path) -> None:
    """Spoil a ledger in a way that no check of it can find: what reads it next meets a bug."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for table in tables:
            columns = {column[1] for column in connection.execute(f"PRAGMA table_info({table})")}
            if "message" in columns:
                connection.execute(f"UPDATE {table} SET message = ? WHERE message <> ''", (TEXT,))  # noqa: S608  # a table's name


@pytest.mark.parametrize("form", FORMS)
def test_a_bug_is_told_without_what_it_was_about(program: Program, sandbox: LiveSandbox, form: str) -> None:
    program.environ["RECONCILER_LOG_FORMAT"] = form
    program.declare("one.yaml", manifest(1, messages={0: f'text: "{TEXT}"'}))
    program.run("apply")
    put_a_text_where_ids_belong(program.ledger)
    program.declare("one.yaml", manifest(1, messages={0: f'text: "{TEXT} new"'}))
    program.environ["RECONCILER_LOG_LEVEL"] = "debug"
    said = []
    for command in ("history", "plan", "apply"):
        with program.start(command) as running:
            assert running.process.wait(LONGEST) in {1, 5}
            said += [running.stdout, running.stderr]
    assert "ValueError" in said[3], "there was a bug"
    program.declare("one.yaml", manifest(1, messages={0: f'text: "{TEXT} newer"'}))
    with program.daemon() as daemon:
        daemon.says(r"(?i)\bbug\b.*ValueError|ValueError.*\bbug\b")
        daemon.kill()
        said += [daemon.stdout, daemon.stderr]
    assert leaks("\n".join(said), (TEXT, program.environ["RECONCILER_API_KEY"])) == set()
    assert sandbox.arrived() == 1
