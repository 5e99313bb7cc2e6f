"""docs/sandbox.md says all that the sandbox can, and its examples work."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from reconciler.sandbox.fault_file import parse_fault_rules
from reconciler.sandbox.faults import (
    BodyShape,
    Delay,
    Drip,
    Drop,
    EndlessHeader,
    FaultRule,
    Garbage,
    GzipBomb,
    Redirect,
    Status,
    Truncate,
    When,
)
from reconciler.sandbox.options import Assumptions, Reading, SandboxOptions
from reconciler.sandbox.request_log import LogEntry
from reconciler.sandbox.sandbox import Sandbox
from reconciler.sandbox.seed_file import parse_seed

TEXT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
FAULTS = (Delay, Status, Redirect, GzipBomb, Drop, Truncate, Garbage, Drip, EndlessHeader)


def example(kind: str) -> str:
    [found] = re.findall(rf"```json {kind}\n(.*?)```", TEXT, re.DOTALL)
    assert isinstance(found, str)
    return found


def test_the_example_seed_is_one() -> None:
    sandbox = Sandbox(SandboxOptions(seed=parse_seed(example("seed"))))
    assert len(sandbox.chat.messages) == 1


def test_the_example_faults_are_some() -> None:
    assert [rule.fault.name for rule in parse_fault_rules(example("faults"))] == ["delay", "drop", "status"]


@pytest.mark.parametrize(
    "name",
    [
        *(fault.name for fault in FAULTS),
        *(field.name for fault in FAULTS for field in fields(fault)),
        *(field.name for field in fields(When)),
        *(field.name for field in fields(FaultRule)),
        *BodyShape,
        *(field.name for field in fields(Assumptions)),
        *Reading,
        *LogEntry._fields,
    ],
)
def test_every_name_stands_in_the_documentation(name: str) -> None:
    assert f"`{name}`" in TEXT
