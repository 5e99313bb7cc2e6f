"""The named queries of `queries/`. Each is parsed when it is first used: a command uses few of them."""

import re
import sys
from collections.abc import Callable
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).with_name("queries")

_QUERY: Final = re.compile(r"^-- name: (\w+)(?:.*\n(?!-- name: ))+", re.MULTILINE)


def _parser() -> Callable[..., Any]:
    """Give `aiosql.from_str`, from the module that it is in.

    All that the package adds is a look for its own version among everything that is installed,
    which takes longer than a command that reads the ledger. So while that module is imported its
    package is an empty one; whoever imports the package gets the whole of it.
    """
    spec = find_spec("aiosql")
    if "aiosql" in sys.modules or spec is None:
        from aiosql import from_str  # noqa: PLC0415  # it is there already, or to say that it is not

        return from_str
    sys.modules["aiosql"] = module_from_spec(spec)
    try:
        from aiosql.aiosql import from_str  # noqa: PLC0415  # see above
    finally:
        del sys.modules["aiosql"]
    return from_str


class NamedQueries:
    """Every named query as a function; the first argument of each is the connection."""

    def __init__(self) -> None:
        texts = (path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.sql")))
        self._sql: Final = {found[1]: found[0] for text in texts for found in _QUERY.finditer(text)}
        self._parse: Final = _parser()

    def __getattr__(self, name: str) -> Any:
        """Parse a query. Raises AttributeError where there is none of that name."""
        if name not in self._sql:
            msg = f"no query is named {name}"
            raise AttributeError(msg)
        query = getattr(self._parse(self._sql[name], "sqlite3"), name)
        setattr(self, name, query)
        return query


QUERIES: Final = NamedQueries()
