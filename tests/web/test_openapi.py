"""The API's own description is true: a program that knows nothing else finds no answer that differs."""

import json
import subprocess
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from reconciler.daemon.health import Health
from reconciler.source.directory import Directory
from reconciler.web.api import api_routes
from reconciler.web.changes import Changes
from reconciler.web.openapi import openapi
from reconciler.web.reading import Live, Reading
from reconciler.web.recent import Recent
from tests.web.everything import Shown, dialog_id

SCHEMATHESIS: Final = Path(sysconfig.get_path("scripts")) / "schemathesis"

EXAMPLES: Final = 3
"""Requests for each address that are made up, beside those for every limit of every parameter."""


def test_no_request_that_can_be_made_up_gets_an_answer_that_is_not_described(
    shown: Shown, tmp_path: Path
) -> None:
    document = shown.get("openapi.json")
    (key,) = (
        each
        for each in document["paths"]["/api/v1/dialogs/{key}"]["get"]["parameters"]
        if each["in"] == "path"
    )
    key["examples"] = {each: {"value": each} for each in ("dialog-1", "dialog-3", "dialog-5", dialog_id(7))}
    described = tmp_path / "openapi.json"
    described.write_text(json.dumps(document))
    command = [SCHEMATHESIS, "run", described, "--url", shown.daemon.url, "--checks", "all"]
    bounds = ["--max-examples", str(EXAMPLES), "--seed", "20261122", "--workers", "2", "--no-color"]
    done = subprocess.run(
        [*map(str, command), *bounds],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert f"Tested: {len(document['paths'])}" in done.stdout
    assert "404" not in done.stdout, "dialogs were found"
    assert "Traceback" not in shown.daemon.stderr
    assert "failed" not in shown.daemon.stderr


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("overview", "Overview"),
        ("dialogs", "Dialogs"),
        *(
            (f"dialogs/dialog-{number}?texts={texts}", "Dialog")
            for number in range(1, 9)
            for texts in ("true", "false")
        ),
        ("history", "History"),
        ("history?texts=true", "History"),
        ("history.json?texts=true", "HistoryExport"),
        ("problems", "Problems"),
        ("changes", "Changes"),
    ],
)
def test_what_there_is_to_tell_is_told_as_described(shown: Shown, path: str, schema: str) -> None:
    described = {
        "$ref": f"#/components/schemas/{schema}",
        "components": shown.get("openapi.json")["components"],
    }
    errors = Draft202012Validator(described).iter_errors(shown.get(path))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_there_was_something_of_everything_to_tell(shown: Shown) -> None:
    entries = shown.get("history.json")["entries"]
    assert {entry["kind"] for entry in entries} == {"call", "approval", "retry"}
    assert {entry.get("result") for entry in entries} == {None, "applied", "deferred", "rejected", "in doubt"}
    conditions = shown.get("dialogs")["dialogsByCondition"]
    assert {name for name, count in conditions.items() if not count} == {"pending"}
    parts = [
        part
        for number in range(1, 9)
        for message in shown.get(f"dialogs/dialog-{number}")["messages"]
        for part in (message["text"], *message["read"], *message["delivered"])
        if part
    ]
    assert {part["state"] for part in parts} == {"applied", "held"}
    assert {part["reason"] for part in parts} == {None, "rejected", "guarded", "suspended", "backing off"}


def test_the_description_is_a_description() -> None:
    document = openapi()
    names = set(document["components"]["schemas"])
    references = set(json.dumps(document).split('"#/components/schemas/')[1:])
    assert {reference.split('"')[0] for reference in references} == names
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def routes_of_the_api() -> set[str]:
    def nothing() -> Any:
        return None

    with ThreadPoolExecutor(1) as thread:
        changes = Changes()
        live = Live(
            files={},
            health=Health(),
            traffic=nothing,
            watch=nothing,
            rules=nothing,
            source=Directory([Path("manifests")]),
            ledger=Path("reconciler.db"),
            doubts=dict,
            clock=lambda: datetime.now(UTC),
        )
        return {route.path for route in api_routes(Reading(live, Recent(changes), changes, thread), thread)}


def test_every_address_is_described_and_nothing_is_described_that_there_is_not() -> None:
    assert routes_of_the_api() == openapi()["paths"].keys()


def test_each_address_can_only_be_read(shown: Shown) -> None:
    for path in openapi()["paths"]:
        address = path.removeprefix("/api/v1/").replace("{key}", "dialog-1")
        assert shown.ask(address).status == 200
        head = shown.ask(address, "HEAD")
        assert (head.status, head.body) == (200, "")
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            refused = shown.ask(address, method)
            assert (refused.status, refused.headers["Allow"]) == (405, "GET,HEAD")
