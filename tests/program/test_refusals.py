"""What a person got wrong is said in one line that names it and tells what to do; never a traceback."""

import socket
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.program.chat import KEY, TOKEN, manifest
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program


def one_line(
    program: Program, *arguments: str, environ: Mapping[str, str | None] | None = None, exits: int = 1
) -> str:
    """Run a command that must fail, give the one line that it says."""
    done = program.run(*arguments, exits=exits, environ=environ)
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("reconciler: ")
    assert "; " in line, "what is wrong; what to do"
    return line


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"RECONCILER_API_URL": None}, ["RECONCILER_API_URL", "is not set"]),
        ({"RECONCILER_API_URL": ""}, ["RECONCILER_API_URL", "https://"]),
        ({"RECONCILER_API_URL": "api.example.com"}, ["RECONCILER_API_URL", "https://"]),
        ({"RECONCILER_API_URL": "http://api.example.com"}, ["RECONCILER_API_URL", "unencrypted", "https"]),
        ({"RECONCILER_API_URL": "https://me:canary@example.com"}, ["RECONCILER_API_URL", "password"]),
        ({"RECONCILER_API_URL": "ftp://example.com"}, ["RECONCILER_API_URL", "https://"]),
        ({"RECONCILER_API_KEY": None}, ["RECONCILER_API_KEY_FILE", "RECONCILER_TOKEN_FILE"]),
        ({"RECONCILER_API_KEY": ""}, ["RECONCILER_API_KEY", "empty"]),
        ({"RECONCILER_API_KEY": "ApiKey canary"}, ["RECONCILER_API_KEY", "space"]),
        ({"RECONCILER_API_KEY_FILE": "key"}, ["RECONCILER_API_KEY", "RECONCILER_API_KEY_FILE", "both"]),
        ({"RECONCILER_TOKEN": TOKEN}, ["API key", "token", "both"]),
        ({"RECONCILER_API_KEY": None, "RECONCILER_TOKEN": "QB-Token canary"}, ["RECONCILER_TOKEN", "space"]),
        ({"RECONCILER_API_KEY": None, "RECONCILER_API_KEY_FILE": "canary"}, ["_FILE", "does not exist"]),
        ({"RECONCILER_API_KEY": None, "RECONCILER_API_KEY_FILE": "empty"}, ["_FILE", "empty"]),
        (
            {"RECONCILER_API_URL": "https://127.0.0.1:1", "RECONCILER_CA_FILE": "nowhere.pem"},
            ["RECONCILER_CA_FILE"],
        ),
        ({"RECONCILER_LEDGER": "nowhere/ledger.db"}, ["nowhere/ledger.db", "directory", "make it"]),
        ({"RECONCILER_LEDGER": "/sys/ledger.db"}, ["/sys/ledger.db", "directory", "can't be written"]),
    ],
    ids=lambda value: " ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_a_setting_that_cannot_be_used_is_named(
    program: Program, sandbox: LiveSandbox, environ: Mapping[str, str | None], words: Sequence[str]
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    (program.directory / "empty").write_text("\n")
    (program.directory / "key").write_text(KEY)
    line = one_line(program, "apply", environ=environ)
    assert [word for word in words if word not in line] == []
    assert "canary" not in line, "what may be a secret in the wrong place is not shown"
    assert sandbox.arrived() == 0


@pytest.mark.parametrize("variable", ["RECONCILER_API_URL", "RECONCILER_API_KEY"])
def test_the_daemon_refuses_what_apply_refuses(program: Program, variable: str) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    said = {
        one_line(program, command, "manifests", environ={variable: None, "RECONCILER_LISTEN": "127.0.0.1:0"})
        for command in ("apply", "run")
    }
    assert len(said) == 1


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_a_path_that_is_not_there_is_named(program: Program, command: str) -> None:
    program.declare("one.yaml", manifest(1))
    line = one_line(program, command, "manifests", "nowhere", "elsewhere/one.yaml")
    assert "elsewhere/one.yaml" in line
    assert "nowhere" in line
    assert "manifests:" not in line


def _text_file(path: Path) -> None:
    path.write_text("not a ledger at all\n" * 100)


def _empty_file(path: Path) -> None:
    path.touch()


def _foreign_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")


def _hard_link(path: Path) -> None:
    _text_file(path.with_name("other"))
    path.hardlink_to(path.with_name("other"))


def _symbolic_link(path: Path) -> None:
    path.symlink_to("elsewhere.db")


@pytest.mark.parametrize("make", [_text_file, _empty_file, _foreign_database, _hard_link, _symbolic_link])
def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_is(
    program: Program, sandbox: LiveSandbox, make: Callable[[Path], None]
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    make(program.ledger)
    before = program.ledger.lstat()
    content = program.ledger.read_bytes() if program.ledger.exists() else None
    for command in ("plan", "apply", "status"):
        assert "reconciler.db: " in one_line(program, command)
    after = program.ledger.lstat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (
        before.st_ino,
        before.st_size,
        before.st_mtime_ns,
    )
    assert content == (program.ledger.read_bytes() if program.ledger.exists() else None)
    assert sandbox.arrived() == 0


def test_a_newer_ledger_and_a_damaged_one_are_refused_and_left_as_they_are(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    program.run("apply")
    good = program.ledger.read_bytes()
    with closing(sqlite3.connect(program.ledger)) as connection:
        connection.execute("PRAGMA user_version = 999")
    newer = program.ledger.read_bytes()
    assert "version 999" in one_line(program, "apply")
    assert program.ledger.read_bytes() == newer
    damaged = good[:4096] + b"\xff" * 8192 + good[12288:]
    program.ledger.write_bytes(damaged)
    assert "damaged" in one_line(program, "apply")
    assert program.ledger.read_bytes() == damaged
    assert sandbox.arrived() == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("raet = 5\n", ["reconciler.toml", "'raet'", "'rate'"]),
        ("frobnicate = true\n", ["reconciler.toml", "'frobnicate'"]),
        (f'api_key = "{KEY}"\n', ["reconciler.toml", "api_key", "RECONCILER_API_KEY", "api_key_file"]),
        (f'token = "{TOKEN}"\n', ["reconciler.toml", "token", "RECONCILER_TOKEN", "token_file"]),
        ("rate = \n", ["reconciler.toml", "TOML", "line 1"]),
    ],
)
def test_a_settings_file_that_cannot_be_meant_is_refused(
    program: Program, content: str, words: Sequence[str]
) -> None:
    (program.directory / "reconciler.toml").write_text(content)
    program.declare("one.yaml", manifest(1))
    line = one_line(program, "status", exits=64)
    assert [word for word in words if word not in line] == []
    assert "canary" not in line


def test_a_settings_file_that_is_not_there_is_refused(offline: Program) -> None:
    environ = {"RECONCILER_CONFIG": "nowhere.toml"}
    for line in (
        one_line(offline, "--config", "nowhere.toml", "status", exits=64),
        one_line(offline, "status", environ=environ, exits=64),
    ):
        assert "nowhere.toml: can't be read: No such file or directory; name a readable file" in line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('rate = "much"', "is not a number"),
        ("rate = [5]", "is not a number"),
        ("rate = true", "is not a number"),
        ("rate = 0", "0 is not a number from 0.1 to 10000"),
        ("rate = nan", "nan is not a number from 0.1 to 10000"),
        ("concurrency = 0", "0 is not in the range 1<=x<=64"),
        ("manifests = 5", "is not a list of paths in quotes"),
        ("manifests = [5]", "is not a list of paths in quotes"),
        ('manifests = [""]', "PATH is empty"),
        ("ledger = true", "is not a text in quotes"),
        ('ledger = "."', "File '.' is a directory"),
        ('ledger = "a\\u0000b"', "has a NUL character in it"),
        ('manifests = ["m", "a\\u0000b"]', "has a NUL character in it"),
        ("listen = 5", "is not a text in quotes"),
        ('watch = "hope"', "'hope' is not one of 'auto', 'inotify', 'poll'"),
    ],
)
def test_a_value_in_the_settings_file_that_is_none_is_wrong_usage_with_its_place(
    program: Program, content: str, words: str
) -> None:
    program.declare("one.yaml", manifest(1))
    (program.directory / "reconciler.toml").write_text(content)
    key = content.split(maxsplit=1)[0]
    command = "run" if key in {"listen", "watch"} else "apply"
    line = one_line(program, command, environ={"RECONCILER_RATE": None}, exits=64)
    assert line.startswith(f"reconciler: reconciler.toml: {key}: {words}; ")


@pytest.mark.parametrize("where", ["file", "environment", "flag"])
def test_a_value_that_is_none_ends_with_64_wherever_it_comes_from(program: Program, where: str) -> None:
    program.declare("one.yaml", manifest(1))
    settings = program.directory / "other.toml"
    settings.write_text('rate = "much"\n' if where == "file" else "")
    environ = {"RECONCILER_RATE": "much"} if where == "environment" else {}
    flag = ["--rate", "much"] if where == "flag" else []
    done = program.run("--config", "other.toml", "apply", *flag, environ={**environ}, exits=64)
    assert done.stdout == ""
    assert {"file": "other.toml: rate: ", "environment": "RECONCILER_RATE", "flag": "--rate"}[
        where
    ] in done.stderr


def test_a_value_of_the_file_is_told_for_commands_of_the_ledger_too(offline: Program) -> None:
    (offline.directory / "reconciler.toml").write_text('ledger = "."\n')
    line = one_line(offline, "ledger", "check", exits=64)
    assert line.startswith("reconciler: reconciler.toml: ledger: File '.' is a directory; ")


def test_a_misspelt_variable_is_pointed_out_and_others_are_left_alone(program: Program) -> None:
    program.declare("one.yaml", manifest(1))
    done = program.run("plan", environ={"RECONCILER_API_KEYS": "a", "RECONCILER_SERVICE_HOST": "10.0.0.1"})
    assert "RECONCILER_API_KEYS is no setting; did you mean RECONCILER_API_KEY?" in done.stderr
    assert "SERVICE_HOST" not in done.stderr


def test_the_daemon_refuses_an_address_that_is_taken_or_none(program: Program) -> None:
    program.declare("one.yaml", manifest(1))
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        line = one_line(program, "run", "--listen", address)
    assert address in line
    assert "RECONCILER_LISTEN" in line
    for address in ("9464", "localhost", "127.0.0.1:http", "127.0.0.1:99999"):
        assert "RECONCILER_LISTEN" in one_line(program, "run", "--listen", address)


def test_the_sandbox_refuses_what_it_cannot_use(offline: Program) -> None:
    seed = offline.directory / "seed.json"
    seed.write_text('{"dialogs": [{"_id": "x"}]}')
    assert "seed.json" in offline.run("sandbox", "--seed", "seed.json", exits=1).stderr
    seed.write_text("{")
    assert "seed.json" in offline.run("sandbox", "--seed", "seed.json", exits=1).stderr
    assert "loopback" in offline.run("sandbox", "--host", "0.0.0.0", exits=1).stderr  # noqa: S104  # it is refused
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1:{port}" in one_line(offline, "sandbox", "--port", port)
