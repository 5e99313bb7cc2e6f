"""The commands that stand beside the work: schema, sandbox, demo."""

import http.client
import json
import shutil
import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.program.chat import KEY, dialog_id, manifest, message_id
from tests.program.program import Program
from tests.program.waiting import LONGEST

ROOT = Path(__file__).parents[2]


def test_the_schema_is_the_one_that_is_published(offline: Program) -> None:
    assert offline.run("schema").stdout == (ROOT / "docs" / "manifest.schema.json").read_text()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_sandbox_is_a_chat_service_that_can_be_started_by_hand(
    offline: Program, how: signal.Signals
) -> None:
    seed = {
        "dialogs": [{"_id": dialog_id(1), "occupants_ids": [111]}],
        "messages": [{"_id": message_id(1, 0), "chat_dialog_id": dialog_id(1), "sender_id": 111}],
        "credentials": {"api_keys": [KEY]},
    }
    (offline.directory / "seed.json").write_text(json.dumps(seed))
    offline.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with offline.start("sandbox", "--port", "0", "--seed", "seed.json") as sandbox:
        url = sandbox.says(r"sandbox: (http://127\.0\.0\.1:\d+)")[1]
        offline.run("apply", environ={"RECONCILER_API_URL": url, "RECONCILER_API_KEY": KEY})
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=LONGEST)
        try:
            connection.request("GET", "/_sandbox/log?wait=10")
            (entry,) = [json.loads(line) for line in connection.getresponse().read().splitlines()]
        finally:
            connection.close()
        sandbox.stop(how, exits=0)
    assert entry["path"] == f"/chat/Message/{message_id(1, 0)}.json"
    assert entry["fields"] == {"chat_dialog_id": dialog_id(1), "message": "hello"}
    assert (entry["status"], entry["user"]) == (200, 111)


@pytest.fixture
def examples(offline: Program) -> Program:
    """The program beside the example manifests."""
    shutil.copytree(ROOT / "manifests", offline.manifests)
    return offline


def test_the_demo_converges_once_and_says_what_it_did(examples: Program) -> None:
    before = set(examples.directory.rglob("*"))
    shown = examples.run("demo", "--once").stdout
    assert "PUT /chat/Message/" in shown
    assert "→ 200" in shown
    assert "Plan: " in shown
    assert "Sent " in shown
    assert set(examples.directory.rglob("*")) == before
    assert list(Path(examples.directory).glob("*.db*")) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_goes_on_watching_until_it_is_stopped(examples: Program, how: signal.Signals) -> None:
    with examples.start("demo", "--listen", "127.0.0.1:0") as demo:
        demo.says(r"Status page: http://127\.0\.0\.1:\d+/\n")
        demo.says(r"Metrics: http://127\.0\.0\.1:\d+/metrics")
        demo.says(r"Sent \d+ calls")
        calls = demo.stdout.count("PUT /chat/")
        lounge = examples.manifests / "vip-lounge.yaml"
        lounge.write_text(lounge.read_text().replace("Opening hours: 9-17", "Opening hours: 9-18"))
        demo.says(r"Sent 1 call ")
        assert demo.stdout.count("PUT /chat/") == calls + 1
        assert "    + Opening hours: 9-18\n" in demo.stdout
        assert "    - Opening hours: 9-17\n" in demo.stdout
        demo.stop(how, exits=0)
    assert demo.stdout.endswith("Stopped.\n")


def test_the_example_manifests_are_valid(examples: Program) -> None:
    assert "all valid" in examples.run("validate").stderr
