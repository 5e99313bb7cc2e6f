"""`reconciler history` shows what was asked for: results, times, dialogs; as text, JSON or a table."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.cli.typed_time import Moment
from reconciler.sandbox.faults import FaultRule, Status, When
from tests.program.chat import manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program


@pytest.fixture
def used(program: Program, sandbox: LiveSandbox) -> Program:
    """The program after one call of each result, and a retry."""
    sandbox.let_fail(FaultRule(fault=Status(status=403, words="=no()"), when=When(message=message_id(1, 1))))
    sandbox.let_fail(FaultRule(fault=Status(status=429), when=When(message=message_id(2, 0)), times=1))
    program.declare("one.yaml", manifest(1, messages={0: "text: one", 1: "text: two"}))
    program.declare("two.yaml", manifest(2, messages={0: "text: three"}))
    program.run("apply", exits=5)
    program.run("retry", "--reason", "to see")
    return program


def told(program: Program, *arguments: str) -> list[tuple[str, str | None]]:
    """Give kind and result of each entry."""
    return [(entry["kind"], entry.get("result")) for entry in program.entries(*arguments)]


def test_only_the_results_asked_for_are_shown(used: Program) -> None:
    assert [kind for kind, _ in told(used)] == ["retry", "call", "call", "call"]
    assert told(used, "--result", "rejected") == [("call", "rejected")]
    both = told(used, "--result", "rejected", "--result", "deferred")
    assert sorted(both) == [("call", "deferred"), ("call", "rejected")]
    assert told(used, "--result", "deferred", "--dialog", "dialog-1") == []
    assert told(used, "--result", "in doubt") == []
    assert "403 =no()" in used.run("history", "--result", "rejected").stdout
    assert "'failed' is not one of" in used.run("history", "--result", "failed", exits=64).stderr


def test_only_the_span_of_time_asked_for_is_shown(used: Program) -> None:
    newest, *_, oldest = (entry.get("sentAt") or entry["at"] for entry in used.entries())
    assert len(told(used, "--since", oldest)) == 4
    assert told(used, "--until", oldest) == []
    assert told(used, "--since", newest) == [("retry", None)]
    assert [kind for kind, _ in told(used, "--until", newest)] == ["call"] * 3
    assert len(told(used, "--since", "1h")) == 4
    assert told(used, "--since", f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}") == []
    assert told(used, "--until", "1d") == []


def test_a_span_without_time_in_it_and_what_is_no_time_are_wrong_usage(used: Program) -> None:
    for words in (("--since", "1h", "--until", "2h"), ("--since", "2026-11-22", "--until", "2026-11-22")):
        assert "--since is not before --until" in used.run("history", *words, exits=64).stderr
    assert "write it like 2026-11-22" in used.run("history", "--since", "yesterday", exits=64).stderr


def test_where_nothing_is_found_that_is_said(used: Program) -> None:
    nothing = used.run("history", "--result", "in doubt")
    assert nothing.stdout == ""
    assert "nothing of what was asked for" in nothing.stderr
    assert used.run("history", "--limit", "1").stderr == ""


def test_a_table_has_a_row_for_each_entry_and_no_formula(used: Program) -> None:
    rows = list(csv.DictReader(io.StringIO(used.run("history", "-o", "csv").stdout, newline="")))
    assert [row["kind"] for row in rows] == ["retry", "call", "call", "call"]
    (rejected,) = [row for row in rows if row["result"] == "rejected"]
    assert (rejected["status"], rejected["words"], rejected["fields"]) == ("403", "'=no()", "text")
    assert [row["new"] for row in rows] == [""] * 4
    shown = used.run("history", "-o", "csv", "--show-text", "--dialog", "dialog-2", "--result", "deferred")
    assert [row["new"] for row in csv.DictReader(io.StringIO(shown.stdout))] == ["three"]
    assert len(used.run("history", "-o", "csv", "--limit", "2").stdout.splitlines()) == 3


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-22T09:30:00Z", datetime(2026, 11, 22, 9, 30, tzinfo=UTC)),
        ("2026-11-22T09:30:00.25+02:00", datetime(2026, 11, 22, 7, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-11-22 19:30:54Z", datetime(2026, 11, 22, 19, 30, 54, tzinfo=UTC)),
        ("2026-11-22 09:30", datetime(2026, 11, 22, 9, 30, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
    ],
)
def test_a_time_is_what_history_shows_or_a_shorter_form_of_it(typed: str, meant: datetime) -> None:
    assert Moment().convert(typed, None, None) == meant


@pytest.mark.parametrize("typed", ["90s", "90m", "36h", "7d"])
def test_a_time_may_be_told_by_how_long_ago_it_was(typed: str) -> None:
    seconds = int(typed[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[typed[-1]]
    then = Moment().convert(typed, None, None)
    ago = datetime.now(UTC) - then
    assert 0 <= ago.total_seconds() - seconds < 60


@pytest.mark.parametrize(
    "typed",
    ["", "now", "2026", "2026-13-01", "2026-11-22T25:00:00Z", "20261122", "1w", "-1h", "٣h", "9999999d"],
)
def test_what_is_no_time_is_refused(offline: Program, typed: str) -> None:
    assert "is no time" in offline.run("history", f"--since={typed}", exits=64).stderr
