"""One JSON object that a person wrote, read field by field; every problem is kept with its place."""

import difflib
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_ID: Final = re.compile(r"[0-9a-f]{24}")


class SandboxInputError(Exception):
    """What was given to the sandbox cannot be used."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems) or self.__doc__)
        self.problems: Final = tuple(problems)


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """What a field must be. `read` gives None for anything else."""

    expected: str
    read: Callable[[object], T_co | None]


class JsonObject:
    """Gives the fields of one object; whatever is wrong goes to `problems`, and reading goes on."""

    def __init__(self, value: object, place: str, problems: list[str]) -> None:
        self._place = place
        self._problems = problems
        self._value: dict[str, object] = {}
        self._taken: set[str] = set()
        if isinstance(value, dict):
            self._value = value
        else:
            problems.append(f"{place or 'the document'}: must be an object")

    def take(self, key: str, kind: Kind[T], default: T) -> T:
        """Give a field, or `default` where it is missing, null or wrong."""
        self._taken.add(key)
        value = self._value.get(key)
        if value is None:
            return default
        taken = kind.read(value)
        if taken is None:
            self.problem(key, f"must be {kind.expected}")
            return default
        return taken

    def require(self, key: str, kind: Kind[T], placeholder: T) -> T:
        """Give a field that must be there; `placeholder` keeps the reading going where it is not."""
        if self._value.get(key) is None:
            self.problem(key, f"is missing; it must be {kind.expected}")
        return self.take(key, kind, placeholder)

    def objects(self, key: str) -> Iterator["JsonObject"]:
        """Give each object of a list with its place; none where the list is missing."""
        for number, value in enumerate(self.take(key, A_LIST, [])):
            yield JsonObject(value, f"{self._path(key)}[{number}]", self._problems)

    def nested(self, key: str) -> "JsonObject":
        """Give the object of a field; an empty one where it is missing."""
        self._taken.add(key)
        return JsonObject(self._value.get(key, {}), self._path(key), self._problems)

    def rest(self) -> dict[str, object]:
        """Give the fields that nothing took."""
        return {key: value for key, value in self._value.items() if key not in self._taken}

    def refuse_rest(self) -> None:
        """Make a problem of each field that nothing took."""
        for key in self.rest():
            self.problem(key, f"is unknown{self._nearest(key, cutoff=0.6)}")

    def refuse_misspelt(self) -> None:
        """Make a problem of each field that nothing took, where it is nearly a known one."""
        for key in self.rest():
            if nearest := self._nearest(key, cutoff=0.8):
                self.problem(key, f"is unknown{nearest}")

    def problem(self, key: str, what: str) -> None:
        """Keep one problem of a field."""
        self._problems.append(f"{self._path(key)}: {what}")

    def _path(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key

    def _nearest(self, key: str, *, cutoff: float) -> str:
        found = difflib.get_close_matches(key, sorted(self._taken), n=1, cutoff=cutoff)
        return f"; did you mean {found[0]}?" if found else ""


def parse_json(document: str | bytes) -> object:
    """Parse a JSON document. Raises SandboxInputError, with line and column, where it is not JSON."""
    try:
        value: object = json.loads(document)
    except json.JSONDecodeError as error:
        problem = f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}"
        raise SandboxInputError([problem]) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, a number without end, nested without end
        raise SandboxInputError(["not JSON that can be read: it must be UTF-8 of sensible size"]) from error
    return value


def list_of(kind: Kind[T]) -> Kind[tuple[T, ...]]:
    """Give the kind of a list whose items are all of one kind."""

    def read(value: object) -> tuple[T, ...] | None:
        if not isinstance(value, list):
            return None
        items = tuple(item for each in value if (item := kind.read(each)) is not None)
        return items if len(items) == len(value) else None

    return Kind(f"a list, each item {kind.expected}", read)


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _words(value: object) -> str | None:
    return _text(value) or None


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _positive(value: object) -> int | None:
    return _count(value) or None


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
        return float(value)
    return None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _list(value: object) -> list[object] | None:
    return value if isinstance(value, list) else None


def _object(value: object) -> dict[str, object] | None:
    return value if isinstance(value, dict) else None


AN_ID: Final = Kind("an id: 24 lower-case hex digits in quotes", _id)
A_USER: Final = Kind("a user id: a whole number from 1", _positive)
ANY_TEXT: Final = Kind("a text", _text)
WORDS: Final = Kind("a text that is not empty", _words)
A_COUNT: Final = Kind("a whole number from 0", _count)
A_POSITIVE_COUNT: Final = Kind("a whole number from 1", _positive)
A_NUMBER: Final = Kind("a number from 0", _number)
A_FLAG: Final = Kind("true or false", _flag)
A_LIST: Final = Kind("a list", _list)
AN_OBJECT: Final = Kind("an object", _object)
ANYTHING: Final = Kind("anything", lambda value: value)
