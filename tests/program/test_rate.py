"""The rate is a promise: audited over every second, from when calls left and from when they came."""

from pathlib import Path
from typing import Final

import pytest

from reconciler.sandbox.faults import FaultRule, Status, When
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.rate_limit import RateLimit
from tests.program.chat import KEY, chat, dialog_id, manifest, message_id
from tests.program.live_sandbox import LiveSandbox, Stall, live_sandbox
from tests.program.program import Program
from tests.program.rate_audit import LATE, assert_within, came, most_in_a_second, most_surely_within
from tests.program.waiting import wait_for

RATE_NOW: Final = "reconciler_rate_present_calls_per_second"


def declare_everywhere(program: Program, *, messages: int, fields: str) -> None:
    for number in range(12):
        program.declare(f"{number}.yaml", manifest(number, messages=dict.fromkeys(range(messages), fields)))


def test_the_fullest_second_is_found() -> None:
    assert most_in_a_second([]) == 0
    assert most_in_a_second([0.0, 1.0, 2.0]) == 1
    assert most_in_a_second([5.0, 0.0, 0.9, 1.1, 1.2, 1.89, 5.9]) == 4


def test_what_came_in_a_stall_may_have_come_at_its_begin() -> None:
    seen = [0.0, 0.7, 0.7, 1.2, 1.6]
    assert most_surely_within(1, seen, []) == 4
    assert most_surely_within(1, seen, [Stall(0.3, 0.699)]) == 3
    assert most_surely_within(1, seen, [Stall(0.3, 0.6), Stall(1.3, 1.5)]) == 4


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1, 25, 60])
def test_apply_never_exceeds_the_rate(program: Program, sandbox: LiveSandbox, rate: int) -> None:
    declare_everywhere(program, messages=max(1, rate // 6), fields="text: hello, read: [222]")
    if rate == 1:
        for number in range(2, 12):
            (program.manifests / f"{number}.yaml").unlink()
    program.run("apply", "--rate", str(rate), "--concurrency", "16")
    assert_within(rate, program, sandbox)
    entries = came(sandbox)
    took = entries[-1].monotonic - entries[0].monotonic
    assert took < len(entries) / rate * 1.5, "and it is made use of"


@pytest.mark.slow
def test_the_daemon_never_exceeds_the_rate_whatever_happens(program: Program, sandbox: LiveSandbox) -> None:
    sandbox.let_fail(
        FaultRule(fault=Status(status=503), when=When(dialog=dialog_id(1)), times=4),
        FaultRule(fault=Status(status=422), when=When(message=message_id(2, 0))),
    )
    declare_everywhere(program, messages=4, fields="text: hello, read: [222]")
    with program.daemon("--rate", "20", "--concurrency", "16") as daemon:
        for edit in range(6):
            texts = {m: f"text: edit {edit}.{m}" for m in range(2)}
            program.declare(f"{edit + 3}.yaml", manifest(edit + 3, messages=texts))
            sandbox.sees_text(f"edit {edit}.1")
        wait_for(
            lambda: daemon.metric('reconciler_dialogs{condition="in sync"}') == 11, "all but one in sync"
        )
        daemon.stop()
    with program.daemon("--rate", "20", "--concurrency", "16") as daemon:
        daemon.becomes_ready()
        daemon.stop()
    assert_within(20, program, sandbox)


@pytest.mark.slow
def test_a_429_halves_the_rate_and_quiet_restores_it_step_by_step(
    program: Program, sandbox: LiveSandbox
) -> None:
    sandbox.let_fail(FaultRule(fault=Status(status=429), skip=10, times=6))
    declare_everywhere(program, messages=12, fields="text: hello, read: [222]")
    with program.daemon("--rate", "20") as daemon:
        wait_for(lambda: daemon.metric(RATE_NOW) == 10, "half of the rate")
        wait_for(lambda: daemon.metric(RATE_NOW) == 12, "a tenth of the rate more")
        sandbox.sees_puts(len(sandbox.puts()) + 18)
        daemon.stop()
    assert_within(20, program, sandbox)
    entries = came(sandbox)
    begin = next(entry.monotonic + entry.duration for entry in entries if entry.status == 429)
    slow = [entry.monotonic for entry in entries if begin + 0.5 < entry.monotonic < begin + 9.5]
    assert most_in_a_second(slow) <= 10 + LATE
    assert len(slow) <= 9 * 10 + LATE
    faster = [entry.monotonic for entry in entries if entry.monotonic > begin + 10.5]
    assert most_in_a_second(faster) <= 12 + LATE


@pytest.mark.slow
def test_a_service_that_allows_less_is_not_stormed(program: Program, sandbox: LiveSandbox) -> None:
    sandbox.look(lambda inside: setattr(inside, "rate_limit", RateLimit(calls=10, retry_after=1)))
    declare_everywhere(program, messages=5, fields="read: [222]")
    with program.daemon("--rate", "40") as daemon:
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="in sync"}') == 12, "all are in sync")
        daemon.stop()
    statuses = [entry.status for entry in came(sandbox)]
    assert statuses.count(200) == 60
    assert statuses.count(429) <= 30
    assert_within(40, program, sandbox)


def test_texts_go_before_marks_also_where_the_marks_were_there_first(
    program: Program, sandbox: LiveSandbox
) -> None:
    declare_everywhere(program, messages=12, fields="read: [222]")
    (program.manifests / "11.yaml").unlink()
    with program.daemon("--rate", "4", "--concurrency", "4") as daemon:
        sandbox.sees_puts(6)
        program.declare("11.yaml", manifest(11, messages={m: f"text: urgent {m}" for m in range(4)}))
        sandbox.sees_text("urgent 3")
        daemon.stop()
    order = [str(entry.fields.get("message", "mark")) for entry in came(sandbox)]
    first, last = order.index("urgent 0"), order.index("urgent 3")
    assert order[first:last].count("mark") <= 3, "but for one that leaves while a text is answered"
    assert order.count("mark") < 100, "they were still to be sent"


@pytest.mark.parametrize("fields", ["text: hello", "read: [222]"])
@pytest.mark.parametrize("flood", [0, 11], ids=["in the first dialog", "in the last one"])
def test_a_flood_in_one_dialog_starves_no_other(tmp_path: Path, flood: int, fields: str) -> None:
    with live_sandbox(SandboxOptions(seed=chat(messages=60))) as sandbox:
        program = Program(tmp_path, RECONCILER_API_URL=sandbox.url, RECONCILER_API_KEY=KEY)
        for number in range(12):
            messages = dict.fromkeys(range(60 if number == flood else 3), fields)
            program.declare(f"{number:02}.yaml", manifest(number, messages=messages))
        program.run("apply", "--rate", "200", "--concurrency", "4")
        order = [str(entry.fields["chat_dialog_id"]) for entry in came(sandbox)]
    assert len(order) == 60 + 11 * 3
    others = max(place for place, dialog in enumerate(order) if dialog != dialog_id(flood))
    share = order[:others].count(dialog_id(flood))
    assert share <= 3 + 4 + LATE, "it gets its turn as the others do, and no more"
