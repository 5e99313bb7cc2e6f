"""Fault rules as JSON, as they come over `/_sandbox/faults` or from a command line; and back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from reconciler.sandbox.faults import (
    ArmedRule,
    BodyShape,
    Delay,
    Drip,
    Drop,
    EndlessHeader,
    Fault,
    FaultRule,
    Garbage,
    GzipBomb,
    Redirect,
    Status,
    Truncate,
    When,
)
from reconciler.sandbox.json_object import (
    A_COUNT,
    A_FLAG,
    A_NUMBER,
    A_POSITIVE_COUNT,
    A_USER,
    AN_ID,
    ANY_TEXT,
    ANYTHING,
    WORDS,
    JsonObject,
    Kind,
    SandboxInputError,
    parse_json,
)


def parse_fault_rules(document: str | bytes) -> tuple[FaultRule, ...]:
    """Give the rules of a JSON document: one object, or a list. Raises SandboxInputError."""
    value = parse_json(document)
    problems: list[str] = []
    given = value if isinstance(value, list) else [value]
    rules = tuple(
        _rule(JsonObject(each, f"fault[{number}]" if isinstance(value, list) else "", problems))
        for number, each in enumerate(given)
    )
    if problems:
        raise SandboxInputError(problems)
    return rules


def fault_rule_model(armed: ArmedRule) -> dict[str, object]:
    """Give a rule in the form in which it was asked for, with its counts."""
    rule = armed.rule
    return {
        "fault": rule.fault.name,
        **asdict(rule.fault),
        "when": {name: value for name, value in asdict(rule.when).items() if value is not None},
        "applied": rule.applied,
        "skip": rule.skip,
        "times": rule.times,
        "probability": rule.probability,
        "seen": armed.seen,
        "hit": armed.hit,
    }


@dataclass(frozen=True, slots=True)
class _Form:
    make: Callable[..., Fault]
    required: Mapping[str, Kind[Any]] = field(default_factory=dict)
    optional: Mapping[str, Kind[Any]] = field(default_factory=dict)


def _rule(each: JsonObject) -> FaultRule:
    rule = FaultRule(
        fault=_fault(each),
        when=_when(each.nested("when")),
        applied=each.take("applied", A_FLAG, default=False),
        skip=each.take("skip", A_COUNT, 0),
        times=each.take("times", A_COUNT, None),
        probability=each.take("probability", _SHARE, 1.0),
    )
    each.refuse_rest()
    return rule


def _fault(each: JsonObject) -> Fault:
    name = each.require("fault", _NAME, "")
    if not name:
        for form in _FORMS.values():  # whatever it was meant to be, these fields could be its own
            for field_name in (*form.required, *form.optional):
                each.take(field_name, ANYTHING, None)
        return Drop()
    form = _FORMS[name]
    given = {field_name: each.require(field_name, kind, None) for field_name, kind in form.required.items()}
    for field_name, kind in form.optional.items():
        if (value := each.take(field_name, kind, None)) is not None:
            given[field_name] = value
    return form.make(**given)


def _when(each: JsonObject) -> When:
    when = When(
        method=each.take("method", WORDS, None),
        path=each.take("path", WORDS, None),
        message=each.take("message", AN_ID, None),
        dialog=each.take("dialog", AN_ID, None),
        user=each.take("user", A_USER, None),
    )
    each.refuse_rest()
    return when


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and value in _FORMS else None


def _status(value: object) -> int | None:
    return value if type(value) is int and 200 <= value < 600 else None  # noqa: PLR2004  # what HTTP allows


def _share(value: object) -> float | None:
    share = A_NUMBER.read(value)
    return share if share is not None and share <= 1.0 else None


def _shape(value: object) -> BodyShape | None:
    return BodyShape(value) if isinstance(value, str) and value in list(BodyShape) else None


def _headers(value: object) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    lines = (f"{name}: {each}" for name, each in value.items() if isinstance(each, str))
    return value if sum(_HEADER.fullmatch(line) is not None for line in lines) == len(value) else None


_HEADER: Final = re.compile(r"[A-Za-z0-9-]+: [\x20-\x7e]*")
_STATUS: Final = Kind("an HTTP status from 200 to 599", _status)
_SHARE: Final = Kind("a number from 0 to 1", _share)
_SHAPE: Final = Kind(f"one of {', '.join(BodyShape)}", _shape)
_HEADERS: Final = Kind("an object of header names and their texts", _headers)

_FORMS: Final[Mapping[str, _Form]] = {
    Delay.name: _Form(Delay, {"seconds": A_NUMBER}, {"jitter": A_NUMBER}),
    Status.name: _Form(Status, {"status": _STATUS}, {"body": _SHAPE, "words": ANY_TEXT, "headers": _HEADERS}),
    Redirect.name: _Form(Redirect, {"location": WORDS}, {"status": _STATUS}),
    Drop.name: _Form(Drop),
    Truncate.name: _Form(Truncate),
    Garbage.name: _Form(Garbage),
    Drip.name: _Form(Drip, {}, {"interval": A_NUMBER, "size": A_POSITIVE_COUNT}),
    EndlessHeader.name: _Form(EndlessHeader, {}, {"interval": A_NUMBER, "size": A_POSITIVE_COUNT}),
    GzipBomb.name: _Form(GzipBomb, {}, {"megabytes": A_POSITIVE_COUNT}),
}
_NAME: Final = Kind(f"one of {', '.join(_FORMS)}", _name)
