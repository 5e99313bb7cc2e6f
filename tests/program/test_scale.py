"""Many manifests: the counted minimum of calls, the rate as a ceiling, and how long things take.

`--log-cli-level=info` shows the times that were measured.
"""

import logging
import statistics
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

from reconciler.sandbox.options import SandboxOptions
from tests.program.chat import KEY, chat, manifest, message_id
from tests.program.live_sandbox import LiveSandbox, live_sandbox
from tests.program.program import Program
from tests.program.waiting import wait_for

ARRIVED_LATE: Final = 2

_log: Final = logging.getLogger(__name__)


@pytest.mark.slow
def test_300_manifests_with_10000_messages_converge_with_the_fewest_calls(tmp_path: Path) -> None:
    dialogs, messages = 300, 34
    with live_sandbox(SandboxOptions(seed=chat(dialogs=dialogs, messages=messages))) as sandbox:
        program = Program(tmp_path, RECONCILER_API_URL=sandbox.url, RECONCILER_API_KEY=KEY)
        calls = 0
        for number in range(dialogs):
            # Of each ten messages nine have a text and their author's mark: one call each. The tenth
            # has a mark that the dialog's call makes too: none. And the dialog's call itself.
            declared = {
                m: "read: [222]" if m % 10 == 9 else f"text: {number}.{m}, delivered: true"
                for m in range(messages)
            }
            calls += sum(m % 10 != 9 for m in range(messages)) + 1
            program.declare(
                f"{number % 17}/{number}.yaml", manifest(number, "read: [222]", messages=declared)
            )
        fast = ("--rate", "10000", "--concurrency", "16")
        planned = program.run("plan", "-o", "json", *fast[:2]).document()["summary"]
        assert planned["calls"] == calls
        begin = monotonic()
        report = program.run("apply", "-o", "json", *fast).document()
        _log.info("%d calls: %.1f s", calls, monotonic() - begin)
        assert report["calls"] == {"applied": calls, "deferred": 0, "rejected": 0}
        assert report["dialogsByCondition"]["in sync"] == dialogs
        assert sandbox.arrived() == calls
        puts = sandbox.puts()
        assert len({(put.path, put.fields["chat_dialog_id"], put.user) for put in puts}) == calls
        begin = monotonic()
        program.run("apply", *fast)
        _log.info("nothing to do: %.2f s", monotonic() - begin)
        assert sandbox.arrived() == calls
        program.declare("0/0.yaml", manifest(0, "read: [222]", messages={7: "text: edited"}))
        program.run("apply", *fast)
        assert sandbox.arrived() == calls + 1
        assert sandbox.message(message_id(0, 7)).text == "edited"


def test_no_second_has_more_calls_than_the_rate(program: Program, sandbox: LiveSandbox) -> None:
    for number in range(11):
        program.declare(f"{number}.yaml", manifest(number, messages=dict.fromkeys(range(10), "read: [222]")))
    begin = monotonic()
    program.run("apply", "--rate", "40", "--concurrency", "16")
    took = monotonic() - begin
    assert sandbox.arrived() == 110
    # What leaves on time may arrive late where the machine is busy, and nearer to what follows.
    assert sandbox.look(lambda inside: inside.log.peak_per_second) <= 40 + ARRIVED_LATE
    assert took >= 110 / 40 - 0.5


def test_no_more_calls_are_under_way_than_are_allowed(program: Program, sandbox: LiveSandbox) -> None:
    for number in range(10):
        program.declare(f"{number}.yaml", manifest(number, messages=dict.fromkeys(range(4), "read: [222]")))
    program.run("apply", "--concurrency", "3")
    assert sandbox.look(lambda inside: inside.log.peak_in_flight) <= 3


@pytest.mark.slow
def test_an_edit_becomes_a_call_in_a_fraction_of_a_second(program: Program, sandbox: LiveSandbox) -> None:
    for number in range(12):
        program.declare(f"{number}.yaml", manifest(number, messages={0: "text: first"}))
    waits: list[float] = []
    with program.daemon() as daemon:
        daemon.becomes_ready()
        for edit in range(30):
            path = program.manifests / f"{edit % 12}.yaml"
            content = manifest(edit % 12, messages={0: f"text: edit {edit}"})
            path.write_text(content)
            begin = monotonic()
            waits.append(sandbox.sees_text(f"edit {edit}").monotonic - begin)
            passes = 2 + edit
            wait_for(lambda: daemon.total("reconciler_passes_total") >= passes, "the pass is over")  # noqa: B023  # waited for at once
        daemon.stop()
    typical = statistics.median(waits)
    _log.info("from an edit to its call: median %.0f ms, at most %.0f ms", typical * 1000, max(waits) * 1000)
    assert typical < 0.5
