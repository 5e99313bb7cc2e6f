"""What is wrong with a manifest, where, and what to do: a value, not an exception."""

from typing import NamedTuple


class Origin(NamedTuple):
    """A place in a manifest: path as the reader knows it, line and column from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        """Give the form that editors and terminals turn into a link."""
        return f"{self.path}:{self.line}:{self.column}"


class Problem(NamedTuple):
    """One reason why a manifest cannot be used. Never holds message text."""

    origin: Origin
    what: str
    todo: str

    def __str__(self) -> str:
        """Give one line: where, what, what to do."""
        return f"{self.origin}: {self.what}; {self.todo}"
