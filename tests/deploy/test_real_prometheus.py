"""Rules and dashboard against a real Prometheus that scrapes real daemons."""

from itertools import count
from pathlib import Path
from typing import Final

import pytest

from reconciler.sandbox.faults import FaultRule, Status, When
from reconciler.sandbox.seed import Application, Credentials, Login
from tests.deploy.listening import PROMETHEUS
from tests.deploy.monitoring import WINDOW, address, prometheus
from tests.deploy.rules import alerts, asked, in_a_hurry, recorded, selectors
from tests.program.chat import ANN, STRANGER, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program
from tests.program.waiting import LONGEST, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        PROMETHEUS is None, reason="prometheus is not on this machine; Debian's prometheus has it"
    ),
]

IN_SYNC: Final = {0: "text: hello, delivered: true"}
TEXTS: Final = range(12)
NOBODY: Final = "127.0.0.1:9"
"""A target that is down."""

PROVOKED: Final = {
    "ReconcilerDown",
    "ReconcilerDialogsStalled",
    "ReconcilerDialogsBackingOff",
    "ReconcilerGuardHolds",
    "ReconcilerManifestsInvalid",
    "ReconcilerThrottled",
}


def declare_every_condition(program: Program, sandbox: LiveSandbox) -> None:
    """Let one dialog stand in each way that does not pass by itself, and twelve texts be known."""
    later = Status(status=503, headers={"Retry-After": "60"})
    sandbox.let_fail(FaultRule(fault=later, when=When(message=message_id(2, 0))))
    program.declare("in-sync.yaml", manifest(1, "read: [222]", messages=IN_SYNC))
    program.declare("backing-off.yaml", manifest(2, messages={0: "text: hello"}))
    program.declare("stalled.yaml", manifest(3, messages={0: f"read: [{STRANGER}]"}))
    program.declare(
        "suspended.yaml", manifest(4, "suspend: {reason: a, until: 2099-01-01T00:00:00Z}", "read: true")
    )
    program.declare("invalid.yaml", manifest(5, "read: false"))
    program.declare("many.yaml", manifest(6, messages=dict.fromkeys(TEXTS, "text: first")))


def of_its_own(program: Program, sandbox: LiveSandbox) -> Program:
    """Give the program in another directory, with a session of its own."""
    application = Application(id=92, auth_key="key", auth_secret="secret")
    login = Login(user=ANN, login="ann", email="ann@example.org", password="password")
    sandbox.look(lambda inside: inside.access.add(Credentials(applications=(application,), logins=(login,))))
    directory = program.directory.with_name("of-its-own")
    directory.mkdir()
    other = Program(
        directory,
        RECONCILER_API_URL=sandbox.url,
        RECONCILER_APPLICATION_ID="92",
        RECONCILER_AUTH_KEY="key",
        RECONCILER_AUTH_SECRET="secret",
        RECONCILER_LOGIN="ann",
        RECONCILER_PASSWORD="password",
    )
    other.declare("one.yaml", manifest(8, messages={0: "text: hello"}))
    return other


def test_all_that_is_asked_is_answered_and_what_goes_wrong_fires(
    program: Program, sandbox: LiveSandbox, tmp_path: Path
) -> None:
    declare_every_condition(program, sandbox)
    other = of_its_own(program, sandbox)
    with program.daemon() as daemon, other.daemon() as second:
        daemon.becomes_ready()
        second.becomes_ready()
        program.declare("many.yaml", manifest(6, messages=dict.fromkeys(TEXTS, "text: second")))
        targets = [address(daemon), address(second), NOBODY]
        with prometheus(tmp_path / "prometheus", targets) as monitor:
            for rule in alerts().values():
                monitor.series(in_a_hurry(rule["expr"], WINDOW))
            wait_for(lambda: monitor.series("reconciler_api_throttles_total"), "the daemon is scraped")
            sandbox.let_fail(
                FaultRule(fault=Status(status=429), when=When(message=message_id(7, 0)), times=2)
            )
            program.declare("throttled.yaml", manifest(7, messages={0: "text: hello"}))
            unanswered, silent, edits = expressions(), set(PROVOKED), count()

            def look() -> bool:
                """Edit a file, so that something is sent all the time, and see what is answered by now."""
                again = f"requestedAt: edit {next(edits)}"
                program.declare("in-sync.yaml", manifest(1, "read: [222]", again, messages=IN_SYNC))
                for where, expression in list(unanswered.items()):
                    if monitor.series(expression):
                        del unanswered[where]
                silent.difference_update(monitor.firing())
                return not (unanswered or silent)

            try:
                wait_for(look, "every expression is answered, and the alerts fire", seconds=2 * LONGEST)
            finally:
                assert (unanswered, silent) == ({}, set())
        daemon.stop()
        second.stop()


def expressions() -> dict[str, str]:
    """Give all that must be answered with a number, in a hurry; of an alert, each thing that it selects.

    An alert's own expression is answered only while something is wrong.
    """
    selected = {
        f"alert {name}, {selector}": selector
        for name, rule in alerts().items()
        for selector in selectors(rule["expr"])
    }
    found = {**asked(), **recorded(), **selected}
    return {where: in_a_hurry(expression, WINDOW) for where, expression in found.items()}
