"""Faults on demand: which request goes wrong, and how."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import ClassVar, Final


class BodyShape(StrEnum):
    """The shapes in which the service, or what stands before it, says that something went wrong."""

    ERRORS = "errors"
    BASE = "base"
    FIELD = "field"
    FIELD_TEXT = "field-text"
    MESSAGE = "message"
    EMPTY = "empty"
    HTML = "html"
    XML = "xml"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """The answer takes `seconds`, and up to `jitter` more. Other faults may follow."""

    name: ClassVar[str] = "delay"
    seconds: float
    jitter: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Another answer: `status`, and a body of some shape that says `words`, or what goes with the status."""

    name: ClassVar[str] = "status"
    status: int
    body: BodyShape = BodyShape.ERRORS
    words: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Somebody sends the caller elsewhere."""

    name: ClassVar[str] = "redirect"
    location: str
    status: int = 307


@dataclass(frozen=True, slots=True, kw_only=True)
class GzipBomb:
    """A small gzip body that unpacks to `megabytes` of zeros."""

    name: ClassVar[str] = "gzip-bomb"
    megabytes: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """The connection is closed without an answer."""

    name: ClassVar[str] = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate:
    """The answer promises a longer body than it has, and the connection is closed."""

    name: ClassVar[str] = "truncate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """Bytes that are no HTTP answer, and the connection is closed."""

    name: ClassVar[str] = "garbage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip:
    """A body of `size` bytes, one every `interval` seconds."""

    name: ClassVar[str] = "drip"
    interval: float = 0.1
    size: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EndlessHeader:
    """A header of `size` bytes that never ends, a kilobyte every `interval` seconds."""

    name: ClassVar[str] = "endless-header"
    interval: float = 0.01
    size: int = 100_000_000


Answered = Status | Redirect | GzipBomb
"""Faults that a whole HTTP answer can show."""

Broken = Drop | Truncate | Garbage | Drip | EndlessHeader
"""Faults that end without a whole HTTP answer."""

Fault = Delay | Answered | Broken


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The requests that a rule is for: all that agree with each part that is set. `path` may hold `*`."""

    method: str | None = None
    path: str | None = None
    message: str | None = None
    dialog: str | None = None
    user: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """One fault for some requests.

    Of the requests it is for, the first `skip` go through; of those that follow, each is hit with
    `probability` until `times` were hit. `applied` says whether the request is carried out all the
    same: the service did it, and its answer is lost or late.
    """

    fault: Fault
    when: When = field(default_factory=When)
    applied: bool = False
    skip: int = 0
    times: int | None = None
    probability: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What rules look at in a request."""

    method: str
    path: str
    messages: tuple[str, ...]
    dialog: str | None
    user: int | None


@dataclass(slots=True)
class ArmedRule:
    """A rule, how many requests it was for and how many it hit."""

    rule: Final[FaultRule]
    seen: int = 0
    hit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What goes wrong with one request: waits in seconds before and after it is carried out, and a fault."""

    names: tuple[str, ...] = ()
    wait_before: float = 0.0
    wait_after: float = 0.0
    fault: Answered | Broken | None = None
    applied: bool = True


NOTHING: Final = Drawn()


class Faults:
    """The rules in force. They are tried in order: delays add up, the first other fault ends the search."""

    def __init__(self, rules: Iterable[FaultRule], chance: int) -> None:
        self.rules = [ArmedRule(rule) for rule in rules]
        self._dice = random.Random(chance)  # noqa: S311  # dice of a test tool

    def add(self, *rules: FaultRule) -> None:
        """Put rules in force, after those that are."""
        self.rules += [ArmedRule(rule) for rule in rules]

    def clear(self) -> None:
        """Let everything go through again."""
        self.rules.clear()

    def draw(self, subject: Subject) -> Drawn:
        """Give what goes wrong with a request."""
        names: list[str] = []
        waits = {False: 0.0, True: 0.0}
        for armed in self.rules:
            if not self._hits(armed, subject):
                continue
            names.append(armed.rule.fault.name)
            match armed.rule.fault:
                case Delay(seconds=seconds, jitter=jitter):
                    waits[armed.rule.applied] += seconds + jitter * self._dice.random()
                case fault:
                    return Drawn(
                        names=tuple(names),
                        wait_before=waits[False],
                        wait_after=waits[True],
                        fault=fault,
                        applied=armed.rule.applied,
                    )
        return (
            Drawn(names=tuple(names), wait_before=waits[False], wait_after=waits[True]) if names else NOTHING
        )

    def _hits(self, armed: ArmedRule, subject: Subject) -> bool:
        rule = armed.rule
        if not _is_for(rule.when, subject):
            return False
        armed.seen += 1
        if armed.seen <= rule.skip or armed.hit == rule.times:
            return False
        if rule.probability < 1.0 and self._dice.random() >= rule.probability:
            return False
        armed.hit += 1
        return True


def _is_for(when: When, subject: Subject) -> bool:
    return (
        when.method in {None, subject.method}
        and (when.path is None or fnmatchcase(subject.path, when.path))
        and (when.message is None or when.message in subject.messages)
        and when.dialog in {None, subject.dialog}
        and when.user in {None, subject.user}
    )
