"""`reconciler ledger`: check, backup and export, beside a daemon that writes."""

import csv
import io
import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from reconciler.sandbox.faults import Delay, FaultRule, Status, When
from tests.program.chat import ANN, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program


def apply_something(program: Program, sandbox: LiveSandbox) -> None:
    """Make calls of every kind, and a retry."""
    sandbox.let_fail(FaultRule(fault=Status(status=422), when=When(message=message_id(2, 0)), times=1))
    program.declare("1.yaml", manifest(1, "read: [222]", messages={0: "text: 'one, \"two\"', read: true"}))
    program.declare("2.yaml", manifest(2, messages={0: "text: =1+1"}))
    program.run("apply", exits=5)
    program.run("retry", "--reason", "put right")


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_check_says_what_was_checked_and_that_all_is_well(program: Program, sandbox: LiveSandbox) -> None:
    apply_something(program, sandbox)
    done = program.run("ledger", "check")
    said = done.stdout.splitlines()
    assert len(said) > 10
    assert all(line.startswith("ok ") for line in said)
    assert "the applied texts come from the record" in done.stdout
    assert done.stderr == ""


def test_a_check_says_where_the_ledger_is_damaged_and_what_to_do(
    program: Program, sandbox: LiveSandbox
) -> None:
    apply_something(program, sandbox)
    with closing(sqlite3.connect(program.ledger, isolation_level=None)) as shell:
        shell.execute("UPDATE action SET text = 'something else' WHERE number = 1")
    done = program.run("ledger", "check", exits=1)
    assert "FAILED  each action is one, and its text has its digest\n" in done.stdout
    assert "        action 1\n" in done.stderr
    assert done.stderr.endswith(
        ": reconciler.db: the ledger is damaged; restore a backup, or move the file away to begin anew\n"
    )


def test_check_backup_and_export_work_while_a_daemon_writes(program: Program, sandbox: LiveSandbox) -> None:
    sandbox.let_fail(FaultRule(fault=Delay(seconds=0.02)))
    for number in range(12):
        program.declare(f"{number}.yaml", manifest(number, messages=dict.fromkeys(range(12), "text: hello")))
    with program.daemon() as daemon:
        sandbox.sees_puts(20)
        program.run("ledger", "check")
        program.run("ledger", "backup", "backup.db")
        exported = lines(program.run("ledger", "export").stdout)
        daemon.becomes_ready()
        daemon.stop()
    assert len(exported) >= 20 - 8
    assert [entry["number"] for entry in exported] == [*range(1, len(exported) + 1)]
    program.run("ledger", "check", "--ledger", "backup.db")
    assert len(program.history("--limit", "1000")) == 144


def test_a_backup_can_be_gone_on_with(program: Program, sandbox: LiveSandbox) -> None:
    apply_something(program, sandbox)
    done = program.run("ledger", "backup", "backup.db")
    assert done.stdout.startswith("backup.db: ")
    assert done.stdout.endswith(" bytes, checked\n")
    (program.directory / "backup.db").replace(program.ledger)
    program.run("apply")
    assert [sandbox.message(message_id(2, 0)).text, len(program.history())] == ["=1+1", 4]


def test_a_backup_overwrites_nothing(program: Program, sandbox: LiveSandbox) -> None:
    apply_something(program, sandbox)
    precious = program.directory / "precious.txt"
    precious.write_text("precious")
    assert "a backup overwrites none" in program.run("ledger", "backup", "precious.txt", exits=1).stderr
    assert precious.read_text() == "precious"


@pytest.mark.parametrize("file", ["", ".", "./", "/", "manifests"])
def test_a_directory_is_no_name_for_a_backup(program: Program, sandbox: LiveSandbox, file: str) -> None:
    apply_something(program, sandbox)
    done = program.run("ledger", "backup", file, exits=1)
    assert "a bug" not in done.stderr
    assert "; name a" in done.stderr


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_export_that_lacks_calls_says_so_and_fails(program: Program, form: str) -> None:
    program.declare("1.yaml", manifest(1, messages=dict.fromkeys(range(8), "text: hello")))
    program.run("apply")
    lose_calls(program)
    done = program.run("ledger", "export", "-o", form, exits=1)
    assert done.stderr == (
        "reconciler: reconciler.db: the ledger is damaged: 3 of its 8 calls can't be read; "
        "`reconciler ledger check` tells more; restore a backup\n"
    )
    assert len(done.stdout.splitlines()) == (5 if form == "jsonl" else 6), "what can be read is there"


def lose_calls(program: Program) -> None:
    """Cut the last three cells off the one page of calls, as damage to its header may."""
    with closing(sqlite3.connect(program.ledger)) as shell:
        shell.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = shell.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'action'").fetchone()
        (size,) = shell.execute("PRAGMA page_size").fetchone()
    with program.ledger.open("r+b") as file:
        file.seek(
            (page - 1) * size + 3
        )  # the number of cells; https://sqlite.org/fileformat.html#b_tree_pages
        file.write((8 - 3).to_bytes(2))


def test_an_export_tells_everything_oldest_first_a_line_each(program: Program, sandbox: LiveSandbox) -> None:
    apply_something(program, sandbox)
    program.run("apply")
    exported = lines(program.run("ledger", "export").stdout)
    assert exported == [*reversed(lines_of_history(program))]
    assert [entry["kind"] for entry in exported] == ["call", "call", "call", "retry", "call"]
    hidden = program.run("ledger", "export", "--hide-text").stdout
    assert "two" not in hidden
    assert all({"old", "new"}.isdisjoint(entry) for entry in lines(hidden))


def lines_of_history(program: Program) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = program.run("history", "-o", "json", "--show-text").document()["entries"]
    return entries


def test_an_export_as_a_table_has_the_same_in_columns(program: Program, sandbox: LiveSandbox) -> None:
    apply_something(program, sandbox)
    exported = program.run("ledger", "export", "-o", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(exported)))
    assert [row["kind"] for row in rows] == ["call", "call", "call", "retry"]
    texts = {row["new"]: row for row in rows if row["new"]}
    assert texts.keys() == {'one, "two"', "'=1+1"}
    one = texts['one, "two"']
    assert (one["fields"], one["wholeDialog"], one["actAs"], one["status"]) == (
        "text read",
        "false",
        str(ANN),
        "200",
    )
    assert (rows[-1]["reason"], rows[-1]["changes"], rows[-1]["dialog"]) == ("put right", "1", "")
    hidden = program.run("ledger", "export", "-o", "csv", "--hide-text").stdout
    assert "two" not in hidden
    assert {row["old"] + row["new"] for row in csv.DictReader(io.StringIO(hidden))} == {""}


def test_every_table_has_the_same_columns_and_no_formulas(program: Program, sandbox: LiveSandbox) -> None:
    apply_something(program, sandbox)
    exported = program.run("ledger", "export", "-o", "csv").stdout.splitlines()
    history = program.run("history", "-o", "csv", "--show-text").stdout.splitlines()
    with program.daemon() as daemon:
        page = daemon.get("/api/v1/history.csv?texts=true").body.splitlines()
        daemon.stop()
    assert page[:1] == history[:1] == exported[:1]
    assert any(",'=1+1," in row for row in exported)
    calls = [row for row in exported if row.startswith("call,")]
    for newest_first in (history, page):
        assert {*calls} <= {*newest_first}, "and more only of what was sent since"


@pytest.mark.parametrize("command", [["check"], ["backup", "backup.db"], ["export"]])
def test_without_a_ledger_that_is_said_and_none_is_made(offline: Program, command: list[str]) -> None:
    done = offline.run("ledger", *command, exits=1)
    assert done.stderr.startswith("reconciler: reconciler.db: there is no ledger; name the one that ")
    assert done.stdout == ""
    assert list(offline.directory.iterdir()) == []


def test_the_settings_file_names_the_ledger_for_these_commands_too(offline: Program) -> None:
    (offline.directory / "reconciler.toml").write_text('ledger = "elsewhere.db"\n')
    assert "elsewhere.db: there is no ledger" in offline.run("ledger", "check", exits=1).stderr
