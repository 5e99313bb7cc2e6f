"""Texts are shown where somebody asks for them, and the credential nowhere at all."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler.sandbox.faults import BodyShape, Drop, Fault, FaultRule, Garbage, Status, When
from tests.program.chat import KEY, TOKEN, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program

TEXT = "canary of what people write"


def declare_trouble(program: Program, sandbox: LiveSandbox, secret: str) -> None:
    """Declare texts of which some are applied, and others fail with answers that repeat what was sent."""
    echo = f"no: {TEXT} {secret} ApiKey {secret}"
    faults: list[Fault] = [
        Status(status=422, words=echo),
        Status(status=500, words=echo, body=BodyShape.HTML),
        Status(status=403, words=echo, body=BodyShape.MESSAGE),
        Status(status=400, words=echo, headers={"X-Request-Id": secret}),
        Drop(),
        Garbage(),
    ]
    sandbox.let_fail(
        *(FaultRule(fault=fault, when=When(message=message_id(1, m))) for m, fault in enumerate(faults))
    )
    messages = dict.fromkeys(range(8), f"text: {TEXT}, read: true")
    program.declare("one.yaml", manifest(1, "delivered: true", messages=messages))
    for number, line in ((2, "reed: true"), (3, f'read: "{TEXT}"'), (4, f'actAs: "{TEXT}"')):
        program.declare(f"{number}.yaml", manifest(number, messages={0: f"text: {TEXT}, {line}"}))
    program.declare("half.yaml", manifest(6, messages={0: f'text: "{TEXT}'}))
    program.declare("control.yaml", manifest(7, messages={0: f'text: "{TEXT}\\u0007"'}))


EVERYTHING = [
    ("apply", 5),
    ("apply -o json", 5),
    ("status", 0),
    ("status -o json", 0),
    ("history", 0),
    ("history -o json", 0),
    ("plan --hide-text", 3),
    ("plan --hide-text -o json", 3),
    ("plan --hide-text -o markdown", 3),
    ("validate", 3),
    ("run --help", 0),
    ("apply --ledger manifests", 64),
    ("apply --api-url http://example.com", 1),
]
"""Commands that show no text by design, and how they end where there is trouble."""


def said_by(program: Program, commands: Sequence[tuple[str, int]]) -> str:
    """Run the daemon, then commands; give all that was said."""
    said = []
    with program.daemon("--log-level", "debug") as daemon:
        daemon.becomes_ready()
        said += [daemon.get(path).body for path in ("/metrics", "/healthz", "/readyz", "/canary")]
        daemon.stop()
    said += [daemon.stdout, daemon.stderr]
    for command, code in commands:
        done = program.run(*command.split(), exits=code)
        said += [done.stdout, done.stderr]
    return "\n".join(said)


@pytest.mark.parametrize(
    ("credential", "secret", "commands"),
    [("RECONCILER_API_KEY", KEY, EVERYTHING), ("RECONCILER_TOKEN", TOKEN, EVERYTHING[:1] + EVERYTHING[5:6])],
    ids=["an API key", "a token"],
)
def test_neither_the_credential_nor_a_text_is_said_anywhere(
    program: Program, sandbox: LiveSandbox, credential: str, secret: str, commands: Sequence[tuple[str, int]]
) -> None:
    del program.environ["RECONCILER_API_KEY"]
    program.environ |= {credential: secret, "RECONCILER_ACT_AS": "111"}
    declare_trouble(program, sandbox, secret)
    said = said_by(program, commands)
    assert said.count("called ") >= 9, "there was something to say"
    assert "canary" not in said.lower()
    assert TEXT in program.run("history", "--show-text").stdout
    for file in program.directory.glob("reconciler.db*"):
        assert secret.encode() not in file.read_bytes()


def test_nothing_secret_stands_in_the_arguments_of_the_process(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: f"text: {TEXT}"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        arguments = Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes()
        daemon.stop()
    assert b"canary" not in arguments
    assert sandbox.arrived() == 1
