"""The named queries of `queries/`. Each is parsed when it is first used: a command uses few of them."""

import re
from pathlib import Path
from typing import Any, Final

import aiosql

_FOLDER: Final = Path(__file__).with_name("queries")

_QUERY: Final = re.compile(r"^-- name: (\w+)(?:.*\n(?!-- name: ))+", re.MULTILINE)


class NamedQueries:
    """Every named query as a function; the first argument of each is the connection."""

    def __init__(self) -> None:
        texts = (path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.sql")))
        self._sql: Final = {found[1]: found[0] for text in texts for found in _QUERY.finditer(text)}

    def __getattr__(self, name: str) -> Any:
        """Parse a query. Raises AttributeError where there is none of that name."""
        if name not in self._sql:
            msg = f"no query is named {name}"
            raise AttributeError(msg)
        query = getattr(aiosql.from_str(self._sql[name], "sqlite3"), name)
        setattr(self, name, query)
        return query


QUERIES: Final = NamedQueries()
