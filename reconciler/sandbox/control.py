"""What tests ask of a sandbox over HTTP, under `/_sandbox/`. It is no part of the service."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from reconciler.sandbox.answer import NOT_FOUND, Answer, json_answer
from reconciler.sandbox.fault_file import fault_rule_model, parse_fault_rules
from reconciler.sandbox.json_object import (
    A_NUMBER,
    A_POSITIVE_COUNT,
    JsonObject,
    SandboxInputError,
    parse_json,
)
from reconciler.sandbox.rate_limit import RateLimit
from reconciler.sandbox.sandbox import Sandbox
from reconciler.sandbox.seed_file import parse_seed

PREFIX: Final = "/_sandbox/"
_LONGEST_WAIT: Final = 60.0
_NDJSON: Final = "application/x-ndjson; charset=utf-8"


async def control(
    sandbox: Sandbox, method: str, path: str, parameters: Mapping[str, str], body: bytes
) -> Answer:
    """Answer one request under `/_sandbox/`; 422 with every problem where it cannot be used."""
    try:
        match method, path.removeprefix(PREFIX):
            case "GET", "log":
                return await _log(sandbox, parameters)
            case "GET", "counters":
                return await _counters(sandbox, parameters)
            case "GET", "state":
                return json_answer(sandbox.chat.model())
            case "GET", "faults":
                return json_answer([fault_rule_model(each) for each in sandbox.faults.rules])
            case _:
                return _change(sandbox, method, path.removeprefix(PREFIX), body)
    except SandboxInputError as error:
        return json_answer({"errors": list(error.problems)}, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _change(sandbox: Sandbox, method: str, name: str, body: bytes) -> Answer:
    match method, name:
        case "POST", "seed":
            sandbox.add(parse_seed(body))
        case "POST", "faults":
            sandbox.faults.add(*parse_fault_rules(body))
        case "DELETE", "faults":
            sandbox.faults.clear()
        case "PUT", "rate-limit":
            sandbox.rate_limit = _rate_limit(body)
        case "DELETE", "rate-limit":
            sandbox.rate_limit = None
        case "DELETE", "sessions":
            sandbox.access.end_sessions()
        case _:
            return NOT_FOUND
    return Answer(status=HTTPStatus.NO_CONTENT)


async def _log(sandbox: Sandbox, parameters: Mapping[str, str]) -> Answer:
    since, wait = _number(parameters, "since"), _number(parameters, "wait")
    await sandbox.log.wait_until(lambda: sandbox.log.finished > since, min(wait, _LONGEST_WAIT))
    lines = [json.dumps(entry.model()) + "\n" for entry in sandbox.log.since(int(since))]
    return Answer(status=HTTPStatus.OK, body="".join(lines).encode(), content_type=_NDJSON)


async def _counters(sandbox: Sandbox, parameters: Mapping[str, str]) -> Answer:
    arrived, wait = _number(parameters, "arrived"), _number(parameters, "wait")
    await sandbox.log.wait_until(lambda: sandbox.log.arrived >= arrived, min(wait, _LONGEST_WAIT))
    return json_answer(sandbox.log.counters())


def _number(parameters: Mapping[str, str], name: str) -> float:
    value = parameters.get(name, "0")
    try:
        number = A_NUMBER.read(float(value))
    except ValueError:
        number = None
    if number is None:
        raise SandboxInputError([f"{name}: must be {A_NUMBER.expected}"])
    return number


def _rate_limit(body: bytes) -> RateLimit:
    problems: list[str] = []
    given = JsonObject(parse_json(body), "", problems)
    limit = RateLimit(
        calls=given.require("calls", A_POSITIVE_COUNT, 1),
        retry_after=given.take("retry_after", A_NUMBER, None),
    )
    given.refuse_rest()
    if problems:
        raise SandboxInputError(problems)
    return limit
