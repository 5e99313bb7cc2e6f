"""What the chat service refuses is held; what it could not do is tried again; nothing waits for either."""

import pytest

from reconciler.sandbox.faults import BodyShape, Delay, Drop, FaultRule, Status, Truncate, When
from reconciler.sandbox.rate_limit import RateLimit
from tests.program.chat import STRANGER, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program
from tests.program.waiting import wait_for

UNKNOWN = "5e5500000000ffffffffffff"
CANARY = "canary of a text"


def test_a_refused_change_is_held_until_its_manifest_changes_and_the_others_go_on(
    program: Program, sandbox: LiveSandbox
) -> None:
    refused = manifest(1, messages={0: f"read: [{STRANGER}]", 1: "text: fine", 2: "text: too bad"})
    sandbox.let_fail(
        FaultRule(fault=Status(status=422, words="message is too bad"), when=When(message=message_id(1, 2)))
    )
    program.declare("one.yaml", refused.replace("fine}", f"fine}}\n    - {{id: {UNKNOWN}, text: whom}}"))
    program.declare("two.yaml", manifest(2, messages={0: "text: also fine"}))
    report = program.run("apply", "-o", "json", exits=5).document()
    assert report["calls"] == {"applied": 2, "deferred": 0, "rejected": 3}
    assert {(each["status"], each["outcome"]) for each in report["failures"]} == {
        (403, "rejected"),
        (404, "rejected"),
        (422, "rejected"),
    }
    assert sandbox.message(message_id(1, 1)).text == "fine"
    assert sandbox.message(message_id(2, 0)).text == "also fine"
    done = program.run("apply", exits=5)
    assert sandbox.arrived() == 5, "nothing is sent again"
    assert "stalled" in done.stdout
    (stalled,) = (each for each in program.status()["dialogs"] if each["name"] == "dialog-1")
    assert stalled["condition"] == "stalled"
    assert stalled["held"] == {"rejected": 3}
    program.declare("one.yaml", manifest(1, messages={2: "text: too bad"}) + "# looked at again\n")
    program.run("apply", exits=5)
    assert sandbox.arrived() == 6, "a changed manifest is tried once more"
    sandbox.let_succeed()
    program.declare("one.yaml", manifest(1, messages={2: "text: too bad"}))
    program.run("apply")
    assert sandbox.message(message_id(1, 2)).text == "too bad"


def test_history_tells_what_the_api_said(program: Program, sandbox: LiveSandbox) -> None:
    sandbox.let_fail(
        FaultRule(fault=Status(status=422, words="so many words"), when=When(message=message_id(1, 0))),
        FaultRule(fault=Status(status=503, body=BodyShape.HTML), when=When(message=message_id(1, 1))),
        FaultRule(fault=Drop(), when=When(message=message_id(1, 2))),
    )
    program.declare("one.yaml", manifest(1, messages=dict.fromkeys(range(4), "text: hello, delivered: true")))
    program.run("apply", exits=5)
    calls = {call["message"]: call for call in program.history()}
    said = {
        m: (
            calls[message_id(1, m)]["result"],
            calls[message_id(1, m)]["status"],
            calls[message_id(1, m)]["words"],
        )
        for m in range(4)
    }
    assert said[0] == ("rejected", 422, "so many words")
    assert said[1][:2] == ("deferred", 503)
    assert said[2][:2] == ("deferred", None)
    assert said[2][2] != ""
    assert said[3] == ("applied", 200, "")
    (put,) = (put for put in sandbox.puts() if message_id(1, 3) in put.path)
    last = calls[message_id(1, 3)]
    assert last["requestId"] == put.request_id
    assert last["origin"] == "manifests/one.yaml:11:44"
    assert (last["actAs"], last["fields"], last["attempt"]) == (111, ["text", "delivered"], 1)
    shown = program.run("history").stdout
    assert "rejected" in shown
    assert "422 so many words" in shown
    assert "manifests/one.yaml:11" in shown


def test_an_answer_that_repeats_the_text_does_not_bring_it_into_history(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=422, words=f"no good: {CANARY}")))
    program.declare("one.yaml", manifest(1, messages={0: f"text: {CANARY}"}))
    done = program.run("apply", exits=5)
    shown = [done, program.run("history"), program.run("history", "-o", "json"), program.run("status")]
    assert [each for each in shown if CANARY in each.stdout + each.stderr] == []
    assert CANARY in program.run("history", "--show-text").stdout
    assert CANARY in program.run("history", "--show-text", "-o", "json").document()["entries"][0]["new"]


def test_what_may_not_have_been_applied_is_left_to_the_next_apply(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=503), times=1))
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    done = program.run("apply", exits=5)
    assert "503" in done.stdout
    program.run("apply")
    assert sandbox.message(message_id(1, 0)).text == "hello"
    assert [call["attempt"] for call in program.history()] == [2, 1]


def test_the_daemon_tries_again_what_failed_and_converges(program: Program, sandbox: LiveSandbox) -> None:
    faults = {
        1: FaultRule(fault=Status(status=429), when=When(message=message_id(1, 0)), times=1),
        2: FaultRule(fault=Status(status=500), when=When(message=message_id(2, 0)), times=1),
        3: FaultRule(fault=Drop(), when=When(message=message_id(3, 0)), times=1),
        4: FaultRule(fault=Drop(), when=When(message=message_id(4, 0)), times=1, applied=True),
        5: FaultRule(fault=Truncate(), when=When(message=message_id(5, 0)), times=1, applied=True),
    }
    sandbox.let_fail(*faults.values())
    for number in range(12):
        program.declare(
            f"{number}.yaml", manifest(number, messages={0: f"text: {number}, read: true", 1: "read: [222]"})
        )
    with program.daemon() as daemon:
        sandbox.sees_puts(24 + len(faults))
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="in sync"}') == 12, "all are in sync")
        assert daemon.metric('reconciler_api_calls_total{action="message",result="deferred"}') == 5
        assert daemon.metric("reconciler_rate_limit_calls_per_second") == 1000
        assert daemon.metric("reconciler_rate_present_calls_per_second") < 1000, "after the 429"
        daemon.stop()
    assert all(sandbox.message(message_id(n, 0)).text == str(n) for n in range(12))
    puts = sandbox.puts()
    assert len(puts) == 24 + len(faults), "each failed call is made once more, and no other"
    first = [next(put.number for put in puts if message_id(n, 1) in put.path) for n in range(6, 12)]
    last = max(put.number for put in puts if any(message_id(n, 0) in put.path for n in faults))
    assert max(first) < last, "nothing else waited"


def test_it_converges_where_the_service_allows_less_than_the_rate(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.look(lambda inside: setattr(inside, "rate_limit", RateLimit(calls=20)))
    for number in range(12):
        program.declare(f"{number}.yaml", manifest(number, messages=dict.fromkeys(range(5), "read: [222]")))
    with program.daemon("--rate", "40", "--concurrency", "2") as daemon:
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="in sync"}') == 12, "all is in sync")
        daemon.stop()
    statuses = [put.status for put in sandbox.puts()]
    assert statuses.count(200) == 60
    assert statuses.count(429) <= 60


def test_a_refused_credential_is_not_hammered(program: Program, sandbox: LiveSandbox) -> None:
    for number in range(10):
        program.declare(f"{number}.yaml", manifest(number, messages=dict.fromkeys(range(4), "text: hello")))
    environ: dict[str, str | None] = {"RECONCILER_API_KEY": "canary-of-a-wrong-key"}
    with program.daemon("--concurrency", "3", environ=environ) as daemon:
        daemon.becomes_unready("the chat service refuses the credential; correct the API key, token or login")
        assert sandbox.arrived() <= 3
        assert daemon.metric('reconciler_dialogs{condition="in sync"}') == 0
        daemon.stop()
    said = daemon.stderr
    assert "401" in said
    assert "Unauthorized" in said
    assert "canary-of-a-wrong-key" not in said
    assert sandbox.arrived() <= 3
    done = program.run("apply", exits=5, environ=environ)
    assert "Unauthorized" in done.stdout
    assert sandbox.arrived() <= 3 + 8


def test_an_outage_stops_the_sending_after_a_few_calls(program: Program, sandbox: LiveSandbox) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=502, body=BodyShape.HTML)))
    for number in range(10):
        program.declare(f"{number}.yaml", manifest(number, messages=dict.fromkeys(range(10), "text: hello")))
    report = program.run("apply", "-o", "json", "--concurrency", "2", exits=5).document()
    assert sandbox.arrived() <= 5 + 2
    assert report["calls"]["deferred"] == sandbox.arrived()
    assert sum(dialog["pending"] for dialog in report["dialogs"]) == 100 - sandbox.arrived()


def test_a_call_that_takes_too_long_is_given_up_and_tried_again(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Delay(seconds=60), times=1))
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    with program.daemon("--timeout", "1"):
        sandbox.sees_text("hello")
    assert sandbox.message(message_id(1, 0)).text == "hello"


@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_is_not_followed_with_the_credential(
    program: Program, sandbox: LiveSandbox, status: int
) -> None:
    headers = {"Location": f"{sandbox.url}/elsewhere.json"}
    sandbox.let_fail(FaultRule(fault=Status(status=status, headers=headers)))
    program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
    program.run("apply", exits=5)
    assert sandbox.arrived() == 1
