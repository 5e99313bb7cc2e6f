"""What the JSON API tells of a running daemon, in sentences."""

import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.parse import quote, urlsplit

import pytest

from reconciler.sandbox.faults import Delay, FaultRule
from tests.program.chat import ANN, BEN, STRANGER, manifest
from tests.program.program import Program
from tests.program.waiting import LONGEST, wait_for
from tests.web.everything import (
    NEW,
    OLD,
    Shown,
    dialog_id,
    message_id,
    program_and_sandbox,
)


@pytest.fixture
def beginning(tmp_path: Path) -> Iterator[tuple[Program, Any]]:
    """The program and a chat service, of which nothing is declared yet."""
    with program_and_sandbox(tmp_path) as (program, sandbox):
        program.manifests.mkdir()
        yield program, sandbox


def names(document: Any) -> list[str]:
    return [dialog["name"].removeprefix("dialog-") for dialog in document["dialogs"]]


def test_the_overview_says_in_a_sentence_how_everything_stands(shown: Shown) -> None:
    overview = shown.get("overview")
    assert overview["state"] == "needs a person"
    assert overview["sentence"] == "3 dialogs need a person; 3 of 8 dialogs in sync."
    assert overview["hindrance"] is None
    assert (overview["files"], overview["problems"], overview["firstPassDone"]) == (8, 1, True)
    assert overview["passes"][0]["applied"] == 3
    assert overview["passes"][-1]["rejected"] == 1
    assert overview["rate"] == {"ceiling": 1000, "present": 1000}


def test_the_overview_says_what_a_person_has_to_do_the_worst_first(shown: Shown) -> None:
    guarded, refused, invalid = shown.get("overview")["attention"]
    assert guarded["what"] == "a guard holds 1 dialog: would mark 1 whole dialog, more than 0"
    assert re.fullmatch(r'reconciler approve [0-9a-f]{12} --reason "…"', guarded["command"])
    assert guarded["path"] == "/dialogs/dialog-7"
    assert refused["what"].startswith("the chat service refused changes of dialog-3: 403 ")
    assert refused["command"] == 'reconciler retry --dialog dialog-3 --reason "…"'
    assert invalid["what"] == "1 problem in manifests; 1 dialog stays as last applied"
    assert (invalid["path"], invalid["command"]) == ("/problems", None)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "5 4 3 7 2 1 6 8"),
        ("order=desc", "1 6 8 2 3 7 4 5"),
        ("sort=name", "1 2 3 4 5 6 7 8"),
        ("sort=name&order=desc", "8 7 6 5 4 3 2 1"),
        ("sort=name&size=3", "1 2 3"),
        ("sort=name&size=3&page=3", "7 8"),
        ("sort=name&page=9", ""),
        ("sort=pending&size=2", "1 2"),
        ("sort=origin&size=3", "6 7 8"),
        ("condition=stalled", "3 7"),
        ("condition=stalled&condition=suspended&sort=name", "3 4 7"),
        ("condition=pending", ""),
        ("label=team&sort=name", "1 6 7"),
        ("label=team%3Dsales", "7 6"),
        ("label=team%3Dsupport&label=tier%3Dgold", "1"),
        ("label=team%3Dsales&label=tier%3Dgold", ""),
        ("label=tea", ""),
        ("search=DIALOG-6", "6"),
        (f"search={dialog_id(4)}", "4"),
        ("search=until+the+fair", "4"),
        ("search=team%3Dsup", "1"),
        ("search=backing-off.yaml", "2"),
        ("search=nothing+says+this", ""),
    ],
)
def test_dialogs_are_found_and_sorted(shown: Shown, query: str, found: str) -> None:
    assert names(shown.get(f"dialogs?{query}")) == found.split()


def test_a_page_of_dialogs_says_how_many_there_are_and_what_to_choose_from(shown: Shown) -> None:
    page = shown.get("dialogs?size=3&label=team&condition=stalled")
    assert (page["total"], page["page"], page["pages"], page["size"]) == (1, 1, 1, 3)
    counts = {name: count for name, count in page["dialogsByCondition"].items() if count}
    assert counts == {"stalled": 1, "in sync": 2}, "whatever conditions were asked for"
    assert page["labels"][0] == "team=sales", "the most common one first"
    assert set(page["labels"]) == {"team=sales", "team=support", "tier=gold"}
    assert shown.get("dialogs?size=3")["pages"] == 3


def part(message: Any) -> list[tuple[Any, ...]]:
    text = [("text", message["text"])] if message["text"] else []
    marks = [(mark, each) for mark in ("read", "delivered") for each in message[mark]]
    return [
        (what, each["user"], each["state"], each["reason"], each["origin"]) for what, each in (*text, *marks)
    ]


def test_a_dialog_shows_each_part_its_place_and_how_it_stands(shown: Shown) -> None:
    whole, first, second = shown.get("dialogs/dialog-1")["messages"]
    assert (whole["wholeDialog"], whole["message"]) == (True, None)
    assert part(whole) == [("read", BEN, "applied", None, "manifests/in-sync.yaml:7:9")]
    assert first["message"] == message_id(1, 0)
    assert first["origin"] == "manifests/in-sync.yaml:9:7"
    assert part(first) == [
        ("text", ANN, "applied", None, "manifests/in-sync.yaml:9:44"),
        ("delivered", ANN, "applied", None, first["delivered"][0]["origin"]),
    ]
    assert part(second)[0][:3] == ("text", ANN, "applied")


def test_a_dialog_is_found_by_its_id_too(shown: Shown) -> None:
    assert shown.get(f"dialogs/{dialog_id(1)}")["dialog"]["name"] == "dialog-1"


def test_what_holds_a_part_is_told(shown: Shown) -> None:
    (message,) = shown.get("dialogs/dialog-3")["messages"]
    assert [each[1:4] for each in part(message)] == [(BEN, "applied", None), (STRANGER, "held", "rejected")]
    assert message["read"][1]["detail"].startswith("403 You don't have appropriate permissions")
    (message,) = shown.get("dialogs/dialog-4")["messages"]
    assert message["text"]["reason"] == "suspended"
    assert message["text"]["detail"] == "until the fair is over"
    assert message["text"]["until"] == "2099-01-01T00:00:00+00:00"
    (message,) = shown.get("dialogs/dialog-2")["messages"]
    assert (message["text"]["reason"], message["text"]["until"] is not None) == ("backing off", True)
    for message in shown.get("dialogs/dialog-7")["messages"]:
        assert [each[2:4] for each in part(message)] == [("held", "guarded")]


def test_an_invalid_dialog_shows_its_problems_instead(shown: Shown) -> None:
    detail = shown.get("dialogs/dialog-5")
    assert (detail["messages"], detail["unseen"]) == ([], None)
    (problem,) = detail["problems"]
    assert (problem["path"], problem["line"]) == ("manifests/invalid.yaml", 7)
    assert problem["todo"] == "remove the line"
    everywhere = shown.get("problems")
    assert everywhere["problems"] == [problem]
    assert names(everywhere) == ["5"]


def test_a_dialog_shows_its_own_history(shown: Shown) -> None:
    detail = shown.get("dialogs/dialog-8")
    assert [entry["result"] for entry in detail["history"]] == ["applied", "in doubt"]
    assert {entry["dialog"] for entry in detail["history"]} == {"dialog-8"}
    assert detail["next"] is None


def test_texts_are_shown_only_where_they_are_asked_for(shown: Shown) -> None:
    paths = ("dialogs/dialog-7", "dialogs/dialog-1", "history", "history.json", "history.csv")
    for path in paths:
        hidden = shown.ask(path).body
        assert OLD not in hidden
        assert NEW not in hidden
        assert shown.ask(f"{path}?texts=false").body.count("Zeisig") == 0
        assert NEW in shown.ask(f"{path}?texts=true").body
    for path in ("overview", "dialogs", "problems", "changes"):
        assert shown.refuses(f"{path}?texts=true", 400)["parameter"] == "texts"
    text = shown.get("dialogs/dialog-7?texts=true")["messages"][1]["text"]
    assert (text["old"], text["new"], text["oldInDoubt"]) == ("hello", NEW, False)
    assert text["newDigest"] == shown.get("dialogs/dialog-7")["messages"][1]["text"]["newDigest"]


def results(document: Any) -> list[str]:
    return [entry.get("result", entry["kind"]) for entry in document["entries"]]


def test_the_history_tells_what_was_done_and_asked_newest_first(shown: Shown) -> None:
    entries = shown.get("history?size=200")["entries"]
    assert entries == shown.program.entries("--limit", "200")
    assert entries == shown.get("history.json")["entries"]
    retry = next(entry for entry in entries if entry["kind"] == "retry")
    assert (retry["dialog"], retry["reason"], retry["changes"]) == ("dialog-3", "to see", 1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("result=rejected", ["rejected"] * 2),
        ("result=deferred", ["deferred"]),
        ("result=in+doubt", ["in doubt"]),
        ("result=in+doubt&result=deferred", ["deferred", "in doubt"]),
        ("dialog=dialog-3", ["rejected", "retry", "rejected", "applied"]),
        ("dialog=dialog-3&result=applied", ["applied"]),
        (f"dialog={dialog_id(8)}", ["applied", "in doubt"]),
        ("dialog=dialog-99", []),
        ("since=2099-01-01T00:00:00Z", []),
        ("until=2000-01-01T00:00:00%2B02:00", []),
        ("before=2", ["applied"]),
    ],
)
def test_the_history_is_filtered(shown: Shown, query: str, expected: list[str]) -> None:
    document = shown.get(f"history?{query}")
    assert results(document) == expected
    if "before" not in query:
        assert results(shown.get(f"history.json?{query}")) == expected


def test_the_history_of_a_span_of_time_has_its_beginning_and_not_its_end(shown: Shown) -> None:
    calls = [entry for entry in shown.get("history.json")["entries"] if entry["kind"] == "call"]
    last, first = calls[3]["sentAt"], calls[-1]["sentAt"]
    span = f"since={quote(first)}&until={quote(last)}"
    found = [
        entry["number"] for entry in shown.get(f"history?size=200&{span}")["entries"] if "number" in entry
    ]
    assert found == [call["number"] for call in calls if first <= call["sentAt"] < last]
    assert 0 < len(found) < len(calls)
    (approval,) = [entry for entry in shown.get("history.json")["entries"] if entry["kind"] == "approval"]
    later = shown.get(f"history.json?since={quote(approval['at'])}")["entries"]
    assert approval in later
    earlier = shown.get(f"history.json?until={quote(approval['at'])}")["entries"]
    assert approval not in earlier


@pytest.mark.parametrize("size", [1, 2, 5, 200])
@pytest.mark.parametrize("filters", ["", "&dialog=dialog-3", "&result=applied"])
def test_page_by_page_the_history_is_whole(shown: Shown, size: int, filters: str) -> None:
    entries: list[Any] = []
    before = ""
    for _ in range(30):
        page = shown.get(f"history?size={size}{filters}{before}")
        entries += page["entries"]
        assert sum(entry["kind"] == "call" for entry in page["entries"]) <= size
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert entries == shown.get(f"history.json?{filters.removeprefix('&')}")["entries"]


def test_the_history_is_a_table_too(shown: Shown) -> None:
    reply = shown.ask("history.csv?texts=true&result=applied&dialog=dialog-1")
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert reply.headers["Content-Disposition"] == 'attachment; filename="history.csv"'
    rows = list(csv.DictReader(io.StringIO(reply.body)))
    entries = shown.get("history.json?texts=true&result=applied&dialog=dialog-1")["entries"]
    assert [row["number"] for row in rows] == [str(entry["number"]) for entry in entries]
    assert (rows[0]["old"], rows[0]["new"], rows[0]["fields"]) == (OLD, NEW, "text")
    assert (rows[0]["wholeDialog"], rows[0]["cause"], rows[0]["status"]) == ("false", "", "200")
    kinds = [row["kind"] for row in csv.DictReader(io.StringIO(shown.ask("history.csv").body))]
    assert set(kinds) == {"call", "approval", "retry"}


FORMULAS: Final = ("=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\uff1d1+1")


def test_no_cell_of_the_table_is_a_formula(beginning: tuple[Program, Any]) -> None:
    program, _ = beginning
    texts = {m: f"text: {json.dumps(text)}" for m, text in enumerate((*FORMULAS, "\tspace", "plain"))}
    program.declare("one.yaml", manifest(1, messages=texts))
    program.run("apply")
    with program.daemon() as daemon:
        daemon.becomes_ready()
        body = daemon.get("/api/v1/history.csv?texts=true").body
        daemon.stop()
    cells = [cell for row in csv.reader(io.StringIO(body)) for cell in row]
    assert {f"'{formula}" for formula in (*FORMULAS, "\tspace")} < set(cells)
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert "plain" in cells


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("overview?x=1", "x"),
        ("dialogs?sort=size", "sort"),
        ("dialogs?sort=name&sort=name", "sort"),
        ("dialogs?order=up", "order"),
        ("dialogs?condition=in+synk", "condition"),
        ("dialogs?page=0", "page"),
        ("dialogs?page=1.5", "page"),
        ("dialogs?page=", "page"),
        ("dialogs?size=201", "size"),
        ("dialogs?size=-1", "size"),
        ("dialogs?size=%D9%A1", "size"),
        (f"dialogs?search={'x' * 201}", "search"),
        ("dialogs?" + "&".join(["label=a"] * 6), "label"),
        ("dialogs/dialog-1?texts=yes", "texts"),
        ("dialogs/dialog-1?page=1", "page"),
        ("history?since=yesterday", "since"),
        ("history?since=2026-11-22", "since"),
        ("history?since=2026-11-22T10:00:00", "since"),
        ("history?since=2026-11-22T10:00:00+01:00", "since"),
        ("history?since=0001-01-01T00:00:00%2B01:00", "since"),
        ("history?until=9999-12-31T23:59:60Z", "until"),
        ("history?until=2026-13-22T10:00:00Z", "until"),
        ("history?result=lost", "result"),
        ("history?before=0", "before"),
        ("history.csv?size=10", "size"),
        ("problems?page=1", "page"),
        ("changes?since=x", "since"),
        ("openapi.json?x", "x"),
    ],
)
def test_a_parameter_that_cannot_be_meant_is_named(shown: Shown, path: str, parameter: str) -> None:
    problem = shown.refuses(path, 400)
    assert problem["parameter"] == parameter
    assert f"`{parameter}`" in problem["detail"]
    assert (problem["title"], problem["status"], problem["type"]) == ("Bad Request", 400, "about:blank")
    assert problem["todo"]


@pytest.mark.parametrize("key", ["dialog-99", "0" * 24, "..%2F..", "x%00", "%F0%9F%90%A6", "Dialog-1", "-"])
def test_a_dialog_that_there_is_not_is_not_found(shown: Shown, key: str) -> None:
    problem = shown.refuses(f"dialogs/{key}", 404)
    assert problem["detail"] == "no manifest declares a dialog of this name or id"


def test_another_address_is_not_found(shown: Shown) -> None:
    for path in ("", "nothing", "dialogs/", "dialogs/dialog-1/", "overview/x", "../v2/overview"):
        assert shown.refuses(path, 404)["todo"] == "/api/v1/openapi.json lists what there is"


def test_who_waits_for_changes_sees_every_edit(beginning: tuple[Program, Any]) -> None:
    program, sandbox = beginning
    program.declare("one.yaml", manifest(1, messages={0: "text: one"}))
    with program.daemon() as daemon:
        shown = Shown(program=program, sandbox=sandbox, daemon=daemon)
        daemon.becomes_ready()
        change = 0

        def sees(what: str) -> None:
            """Look only when there is something new, until that is `what`."""
            nonlocal change
            ends = monotonic() + 20
            while True:
                change = shown.get(f"changes?since={change}")["change"]
                assert monotonic() < ends, "it was told of a change, and did not come back for want of one"
                dialogs = shown.get("dialogs")["dialogs"]
                if [f"{dialog['name']} {dialog['condition']}" for dialog in dialogs] == what.split(", "):
                    return

        sees("dialog-1 in sync")
        program.declare("one.yaml", manifest(1, "read: false"))
        sees("dialog-1 invalid")
        program.declare("two.yaml", manifest(2, messages={0: "text: two"}))
        sees("dialog-1 invalid, dialog-2 in sync")
        (program.manifests / "one.yaml").unlink()
        sees("dialog-2 in sync")
        daemon.stop()


def test_a_client_that_waits_does_not_keep_the_daemon_from_ending(beginning: tuple[Program, Any]) -> None:
    program, _ = beginning
    program.declare("one.yaml", manifest(1, messages={0: "text: one"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        connection = HTTPConnection(urlsplit(daemon.url).netloc, timeout=LONGEST)
        with closing(connection):
            change = json.loads(daemon.get("/api/v1/changes").body)["change"]
            connection.request("GET", f"/api/v1/changes?since={change}")
            began = monotonic()
            daemon.stop()
            assert monotonic() - began < 10


def test_so_many_may_wait_for_a_change_and_no_more(beginning: tuple[Program, Any]) -> None:
    program, _ = beginning
    with program.daemon() as daemon:
        daemon.becomes_unready("manifests: no manifests there")
        settled = json.loads(daemon.get("/api/v1/changes").body)["change"]
        connections = [HTTPConnection(urlsplit(daemon.url).netloc, timeout=LONGEST) for _ in range(64)]
        for connection in connections:
            connection.request("GET", f"/api/v1/changes?since={settled}")

        def refused() -> bool:
            reply = daemon.get(f"/api/v1/changes?since={settled}")
            return reply.status == 503 and reply.headers["Retry-After"] == "5"

        wait_for(refused, "one more is told to come back later")
        assert daemon.get("/api/v1/changes").status == 200, "who doesn't wait is answered"
        assert daemon.get("/api/v1/overview").status == 200
        program.declare("one.yaml", manifest(1, messages={0: "text: one"}))
        for connection in connections:
            with closing(connection):
                assert json.loads(connection.getresponse().read())["change"] > settled
        daemon.stop()


def test_there_is_something_to_tell_before_anything_is_declared(beginning: tuple[Program, Any]) -> None:
    program, sandbox = beginning
    with program.daemon() as daemon:
        shown = Shown(program=program, sandbox=sandbox, daemon=daemon)
        daemon.becomes_unready("manifests: no manifests there")
        overview = shown.get("overview")
        assert overview["state"] == "hindered"
        assert overview["sentence"].startswith("Something stands in the way: manifests: no manifests there")
        assert overview["attention"][0]["what"].startswith("manifests: no manifests there")
        assert shown.get("dialogs")["dialogs"] == []
        assert shown.get("history") | {"change": 0} == {
            "format": "reconciler/history/v1",
            "change": 0,
            "entries": [],
            "next": None,
        }
        assert shown.get("history.json") == {"format": "reconciler/history/v1", "entries": []}
        assert len(shown.ask("history.csv").body.splitlines()) == 1
        assert shown.get("problems")["problems"] == []
        shown.refuses("dialogs/dialog-1", 404)
        daemon.stop()


def test_while_calls_are_under_way_they_are_pending(beginning: tuple[Program, Any]) -> None:
    program, sandbox = beginning
    sandbox.let_fail(FaultRule(fault=Delay(seconds=2)))
    program.declare("one.yaml", manifest(1, messages={0: "text: one", 1: "text: two"}))
    with program.daemon() as daemon:
        shown = Shown(program=program, sandbox=sandbox, daemon=daemon)
        sandbox.sees(lambda log: log.in_flight == 1, "the first call")
        overview = shown.get("overview")
        assert overview["state"] == "working"
        assert overview["sentence"].startswith("2 changes to be sent")
        assert overview["callsWaiting"] == 2
        messages = shown.get("dialogs/dialog-1")["messages"]
        assert [message["text"]["state"] for message in messages] == ["pending", "pending"]
        shown.becomes("dialog-1", "in sync")
        assert shown.get("overview")["sentence"] == "The one dialog is in sync."
        daemon.stop()


def test_while_the_daemon_cannot_log_in_it_says_so_and_shows_what_is_known(
    beginning: tuple[Program, Any],
) -> None:
    program, sandbox = beginning
    program.declare("one.yaml", manifest(1, messages={0: "text: one"}))
    program.run("apply")
    session = {
        "RECONCILER_API_KEY": None,
        "RECONCILER_APPLICATION_ID": "92",
        "RECONCILER_AUTH_KEY": "made-up-authorization-key",
        "RECONCILER_AUTH_SECRET": "made-up-authorization-secret",
        "RECONCILER_LOGIN": "ann",
        "RECONCILER_PASSWORD": "not-the-password",
    }
    with program.daemon(environ=session) as daemon:
        shown = Shown(program=program, sandbox=sandbox, daemon=daemon)
        daemon.becomes_unready("no session with the chat service")
        overview = shown.get("overview")
        assert overview["state"] == "hindered"
        (waits,) = overview["attention"]
        assert waits["what"].startswith("no session with the chat service: ")
        assert waits["todo"].startswith("correct the API key, token or login")
        assert names(shown.get("dialogs")) == ["1"]
        detail = shown.get("dialogs/dialog-1")
        assert detail["messages"] == []
        assert detail["unseen"].startswith("who we are to the chat service is not known yet")
        assert [entry["result"] for entry in detail["history"]] == ["applied"]
        daemon.stop()


def test_while_the_ledger_cannot_be_read_the_rest_is_told(beginning: tuple[Program, Any]) -> None:
    program, sandbox = beginning
    program.declare("one.yaml", manifest(1, messages={0: "text: one"}))
    with program.daemon("--rescan", "1") as daemon:
        shown = Shown(program=program, sandbox=sandbox, daemon=daemon)
        daemon.becomes_ready()
        moved = program.ledger.with_name("moved.db")
        program.ledger.rename(moved)
        daemon.becomes_unready("ledger")
        problem = shown.refuses("history", 503)
        assert "ledger" in problem["detail"]
        assert problem["todo"]
        assert shown.ask("history").headers["Retry-After"] == "5"
        for path in ("history.csv", "history.json", "dialogs/dialog-1"):
            shown.refuses(path, 503)
        assert shown.get("overview")["state"] == "hindered"
        assert names(shown.get("dialogs")) == ["1"]
        moved.rename(program.ledger)
        wait_for(lambda: shown.ask("history").status == 200, "the ledger is back")
        assert "Traceback" not in daemon.stderr
        daemon.kill()


def test_a_damaged_ledger_is_told_in_words(beginning: tuple[Program, Any]) -> None:
    program, sandbox = beginning
    messages = dict.fromkeys(range(12), f'text: "{"x" * 2000}"')
    program.declare("one.yaml", manifest(1, messages=messages))
    program.run("apply")
    with closing(sqlite3.connect(program.ledger)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with program.daemon("--rescan", "1") as daemon:
        shown = Shown(program=program, sandbox=sandbox, daemon=daemon)
        daemon.becomes_ready()
        whole = program.ledger.read_bytes()
        with program.ledger.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (len(whole) - 4096))
        daemon.becomes_unready("damaged")
        problem = shown.refuses("history", 503)
        assert "damaged" in problem["detail"]
        assert "backup" in problem["todo"]
        assert shown.refuses("dialogs/dialog-1", 503)["title"] == "Service Unavailable"
        assert "damaged" in shown.get("overview")["sentence"]
        daemon.kill()
