"""Parameters of a request: checked, and refused by name where one can't be meant as it is."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Final, Protocol, TypeVar

from reconciler.web.trouble import Trouble

E = TypeVar("E", bound=StrEnum)

_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:)(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
"""RFC 3339, which asks for more than Python's own reading does."""

_LEAP: Final = "60"

_NUMBER: Final = re.compile(r"[0-9]{1,19}")


class Query(Protocol):
    """A query as aiohttp gives it."""

    def __iter__(self) -> Iterator[str]:
        """Give the names, one that is given twice as often."""
        ...

    def getall(self, key: str, default: list[str]) -> list[str]:
        """Give every value of a name."""
        ...


class Parameters:
    """The query of a request, of which all names are `known`. Every method raises Trouble."""

    def __init__(self, query: Query, known: Iterable[str]) -> None:
        self._query = query
        names = sorted(known)
        for name in query:
            if name not in names:
                todo = f"leave it out; this address takes {', '.join(names)}" if names else "leave it out"
                raise _wrong(name, "is not known here", todo)

    def text(self, name: str, longest: int) -> str | None:
        """Give a text of at most so many characters; None where it is not given."""
        given = self._query.getall(name, [])
        if not given:
            return None
        if len(given) > 1:
            raise _wrong(name, "is given more than once", "give it once")
        return _sound(name, given[0], longest)

    def texts(self, name: str, *, most: int, longest: int) -> tuple[str, ...]:
        """Give a text for each time that the parameter is given."""
        given = self._query.getall(name, [])
        if len(given) > most:
            raise _wrong(name, f"is given more than {most} times", "give it less often")
        return tuple(_sound(name, value, longest) for value in given)

    def number(self, name: str, least: int, most: int) -> int | None:
        """Give a whole number; None where it is not given."""
        text = self.text(name, 40)
        if text is None:
            return None
        if not (_NUMBER.fullmatch(text) and least <= int(text) <= most):
            raise _wrong(name, "is no such number", f"give a whole number from {least} to {most}")
        return int(text)

    def flag(self, name: str) -> bool:
        """Give a flag, which is false where it is not given."""
        return self.one_of(name, {"true": True, "false": False}) or False

    def one_of(self, name: str, values: Mapping[str, bool]) -> bool | None:
        """Give what a word stands for; None where it is not given."""
        text = self.text(name, 40)
        if text is None:
            return None
        if text not in values:
            raise _wrong(name, "is no such word", f"give {' or '.join(values)}")
        return values[text]

    def choice(self, name: str, kind: type[E]) -> E | None:
        """Give one of several words; None where it is not given."""
        text = self.text(name, 40)
        return None if text is None else _member(name, text, kind)

    def choices(self, name: str, kind: type[E]) -> frozenset[E]:
        """Give the words of a parameter that may be given several times."""
        given = self.texts(name, most=len(kind), longest=40)
        return frozenset(_member(name, text, kind) for text in given)

    def moment(self, name: str) -> datetime | None:
        """Give a time with its zone; None where it is not given."""
        text = self.text(name, 60)
        if text is None:
            return None
        try:
            return _moment(text)
        except (ValueError, OverflowError):
            todo = "write it like 2026-11-22T09:30:00Z; in an address a `+` is written %2B"
            raise _wrong(name, "is no time as in RFC 3339", todo) from None


def _moment(text: str) -> datetime:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError
    day, minute, second, fraction, zone = found.groups(default="")
    leap = second == _LEAP
    time = datetime.fromisoformat(f"{day}T{minute}{'59' if leap else second}{fraction}{zone.upper()}")
    return (time + timedelta(seconds=leap)).astimezone(UTC)


def _member(name: str, text: str, kind: type[E]) -> E:
    try:
        return kind(text)
    except ValueError:
        raise _wrong(name, "is no such word", f"give {' or '.join(kind)}") from None


def _sound(name: str, text: str, longest: int) -> str:
    if len(text) > longest:
        raise _wrong(name, "is too long", f"give at most {longest} characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _wrong(name, "is not UTF-8", "encode it as UTF-8") from None
    return text


def _wrong(name: str, what: str, todo: str) -> Trouble:
    return Trouble(HTTPStatus.BAD_REQUEST, f"the parameter `{name[:40]}` {what}", todo, parameter=name[:40])
