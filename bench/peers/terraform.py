"""Terraform, where it is found: plans and first applies of resources that call nobody."""

import json
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from bench.bench import Bench
from bench.running import Cost, run

_MAIN: Final = """\
locals {
  messages = jsondecode(file("messages.json"))
}

resource "terraform_data" "message" {
  for_each = local.messages
  input    = each.value
}
"""
_TEXT: Final = "opening hours are nine to five on weekdays and ten to two on saturday please"
_QUIET: Final = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}


@dataclass(frozen=True, slots=True)
class Terraform:
    """The program, where it is installed."""

    program: str

    @classmethod
    def find(cls, bench: Bench) -> Self | None:
        """Give it, or None where it is not there or no other program is to be run."""
        program = None if bench.peers is None else shutil.which("terraform")
        return None if program is None else cls(program)

    def plan(self, bench: Bench, resources: int) -> Cost:
        """Plan so many resources that the state knows; once in a run."""

        def measure() -> Cost:
            with bench.folder() as home:
                self._prepare(home, resources)
                (home / "terraform.tfstate").write_text(_state(resources))
                return self._run(home, "plan", "-detailed-exitcode")  # which is 0 where nothing is new

        return bench.once(("terraform plan", resources), measure)

    def first_apply(self, bench: Bench, resources: int) -> Cost:
        """Apply so many resources that no state knows."""
        with bench.folder() as home:
            self._prepare(home, resources)
            return self._run(home, "apply", "-auto-approve")

    def _prepare(self, home: Path, resources: int) -> None:
        (home / "main.tf").write_text(_MAIN)
        (home / "messages.json").write_text(json.dumps({_key(n): _TEXT for n in range(resources)}))
        self._run(home, "init")

    def _run(self, home: Path, *arguments: str) -> Cost:
        command = (self.program, *arguments, "-input=false", "-no-color")
        return run(*command, home=home, environ=_QUIET, silent=True)


def _key(number: int) -> str:
    return f"message-{number:06}"


def _state(resources: int) -> str:
    """Give the state that a first apply of as many resources leaves; to make that one takes minutes."""
    text = {"value": _TEXT, "type": "string"}
    instances = [
        {
            "index_key": _key(number),
            "schema_version": 0,
            "attributes": {
                "id": str(uuid.UUID(int=number)),
                "input": text,
                "output": text,
                "triggers_replace": None,
            },
            "sensitive_attributes": [],
        }
        for number in range(resources)
    ]
    resource = {
        "mode": "managed",
        "type": "terraform_data",
        "name": "message",
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": instances,
    }
    return json.dumps(
        {
            "version": 4,
            "terraform_version": "1.0.0",
            "serial": 1,
            "lineage": str(uuid.UUID(int=1)),
            "outputs": {},
            "resources": [resource],
            "check_results": None,
        }
    )
