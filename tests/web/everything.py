"""A running daemon of which there is something of everything to tell."""

import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reconciler.sandbox.faults import Delay, FaultRule, Status, When
from reconciler.sandbox.options import SandboxOptions
from tests.program.chat import BEN, KEY, STRANGER, chat, dialog_id, manifest, message_id
from tests.program.live_sandbox import LiveSandbox, live_sandbox
from tests.program.program import Program, Reply, Running
from tests.program.waiting import wait_for

OLD: Final = "Kanarienvogel 4711: Zwitschern ab Zehn"
NEW: Final = "Zeisig 0815: Trillern bis Elf"

API: Final = "/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The program, the chat service it talks to, and its daemon."""

    program: Program
    sandbox: LiveSandbox
    daemon: Running

    def ask(self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Reply:
        """Ask the API."""
        return self.daemon.get(f"{API}/{path}", method, headers)

    def get(self, path: str) -> Any:
        """Give the document that the API answers with."""
        reply = self.ask(path)
        assert reply.status == 200, reply
        return json.loads(reply.body)

    def refuses(self, path: str, status: int) -> Any:
        """Give the problem document that the API answers with."""
        reply = self.ask(path)
        assert reply.status == status, reply
        assert reply.headers["Content-Type"] == "application/problem+json; charset=utf-8"
        return json.loads(reply.body)

    def becomes(self, dialog: str, condition: str) -> None:
        """Wait until a dialog stands so."""

        def stands() -> bool:
            reply = self.ask(f"dialogs/{dialog}")
            return reply.status == 200 and json.loads(reply.body)["dialog"]["condition"] == condition

        wait_for(stands, f"{dialog} is {condition}")


@contextmanager
def program_and_sandbox(directory: Path) -> Iterator[tuple[Program, LiveSandbox]]:
    """Give the program, told of a chat service that answers."""
    with live_sandbox(SandboxOptions(seed=chat())) as sandbox:
        settings = {
            "RECONCILER_API_KEY": KEY,
            "RECONCILER_RATE": "1000",
            "RECONCILER_GUARD_DIALOG_MARKS": "0",
        }
        yield Program(directory, RECONCILER_API_URL=sandbox.url, **settings), sandbox


@contextmanager
def everything(directory: Path) -> Iterator[Shown]:
    """Give a daemon with dialogs in each condition, and a history of each result and each request.

    | dialog | stands |
    |---|---|
    | 1 | in sync: a text that was changed, marks of a message and of the dialog |
    | 2 | backing off |
    | 3 | stalled: the service refuses one mark |
    | 4 | suspended |
    | 5 | invalid |
    | 6 | in sync, once a guard had held it and a person approved |
    | 7 | stalled: a guard holds it |
    | 8 | in sync, after a crash that left a call in doubt |
    """
    with program_and_sandbox(directory) as (program, sandbox):
        declare_what_goes_well(program, OLD)
        program.run("apply")
        leave_a_call_in_doubt(program, sandbox)
        declare_what_goes_well(program, NEW)
        declare_trouble(program, sandbox)
        with program.daemon() as daemon:
            shown = Shown(program=program, sandbox=sandbox, daemon=daemon)
            daemon.becomes_ready()
            let_a_guard_hold(shown, 6)
            approve(shown)
            shown.becomes("dialog-6", "in sync")
            let_a_guard_hold(shown, 7)
            program.run("retry", "--dialog", "dialog-3", "--reason", "to see")
            wait_for(lambda: len(shown.get("history?result=rejected")["entries"]) == 2, "it is refused again")
            shown.becomes("dialog-3", "stalled")
            yield shown
            daemon.stop()


def declare_what_goes_well(program: Program, text: str) -> None:
    """Declare dialog 1 with a text and marks, and the first state of 6 and 7."""
    first = manifest(
        1,
        f"read: [{BEN}]",
        messages={0: f'text: "{text}", delivered: true', 1: "text: hello"},
        name="dialog-1, labels: {team: support, tier: gold}",
    )
    program.declare("in-sync.yaml", first)
    for number in (6, 7):
        name = f"dialog-{number}, labels: {{team: sales}}"
        program.declare(f"{number}.yaml", manifest(number, messages={0: "text: hello"}, name=name))


def leave_a_call_in_doubt(program: Program, sandbox: LiveSandbox) -> None:
    """Kill a daemon while a call is under way."""
    program.declare("8.yaml", manifest(8, messages={0: f'text: "{OLD}"'}))
    sandbox.let_fail(FaultRule(fault=Delay(seconds=30), when=When(message=message_id(8, 0))))
    with program.daemon() as daemon:
        sandbox.sees(lambda log: log.in_flight == 1, "a call under way")
        daemon.kill()
    sandbox.let_succeed()


def declare_trouble(program: Program, sandbox: LiveSandbox) -> None:
    """Declare what can't be brought about now, in each way."""
    later = Status(status=503, headers={"Retry-After": "600"})
    sandbox.let_fail(FaultRule(fault=later, when=When(message=message_id(2, 0))))
    program.declare("backing-off.yaml", manifest(2, messages={0: f'text: "{NEW}"'}))
    program.declare("stalled.yaml", manifest(3, messages={0: f"read: [{BEN}, {STRANGER}]"}))
    suspend = "suspend: {reason: until the fair is over, until: 2099-01-01T00:00:00Z}"
    program.declare("suspended.yaml", manifest(4, suspend, messages={0: f'text: "{NEW}"'}))
    program.declare("invalid.yaml", manifest(5, "read: false"))


def let_a_guard_hold(shown: Shown, number: int) -> None:
    """Mark a whole dialog that is known already, and change a text."""
    shown.program.declare(
        f"{number}.yaml",
        manifest(
            number,
            f"read: [{BEN}]",
            messages={0: f'text: "{NEW}"'},
            name=f"dialog-{number}, labels: {{team: sales}}",
        ),
    )
    shown.becomes(f"dialog-{number}", "stalled")


def guard_commands(shown: Shown) -> list[str]:
    """Give the commands that let pass what guards hold."""
    waits = shown.get("overview")["attention"]
    return [each["command"] for each in waits if each["what"].startswith("a guard holds ")]


def approve(shown: Shown) -> None:
    """Type in the command that the overview shows."""
    (command,) = guard_commands(shown)
    name, *arguments = shlex.split(command)
    assert name == "reconciler"
    shown.program.run(*arguments)


__all__ = ["API", "NEW", "OLD", "Shown", "approve", "dialog_id", "everything", "guard_commands", "message_id"]
