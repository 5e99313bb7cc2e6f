"""What a browser sends for a form, as the shared queries read it."""

import re
from collections.abc import Iterator
from typing import Final

from reconciler.web.parameters import Query

_LOCAL: Final = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d)(:\d\d(?:\.\d+)?)?")
"""What `<input type=datetime-local>` gives: no zone, and no seconds where those are 0."""

_TIMES: Final = frozenset({"since", "until"})


class Form:
    """A query without the fields that were left empty; its times are UTC, as their labels say."""

    def __init__(self, query: Query) -> None:
        given = {name: [value for value in query.getall(name, []) if value.strip()] for name in query}
        self._given = {
            name: [_in_utc(value) for value in values] if name in _TIMES else values
            for name, values in given.items()
            if values
        }

    def __iter__(self) -> Iterator[str]:
        """Give the names."""
        return iter(self._given)

    def getall(self, key: str, default: list[str]) -> list[str]:
        """Give every value of a name."""
        return self._given.get(key, default)


def _in_utc(time: str) -> str:
    local = _LOCAL.fullmatch(time)
    return time if local is None else f"{local[1].replace(' ', 'T')}{local[2] or ':00'}Z"
