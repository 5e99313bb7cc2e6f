"""YAML's own rules: the parser, and its complaints in a reader's words."""

from typing import Final, NamedTuple, Protocol

from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import Event
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from reconciler.core.problem import Origin, Problem
from reconciler.source.encoding import place_of
from reconciler.source.stretches import Stretch, count_lines


class EventParser(Protocol):
    """Gives the events of a file's bytes one by one, None behind the last; raises YAMLError."""

    def __init__(self, data: bytes, /) -> None:
        """Take the whole file."""

    def get_event(self) -> Event | None:
        """Give the next event."""


class PythonParser(Reader, Scanner, Parser):
    """PyYAML without its C library: the same events, some thirty times slower."""

    def __init__(self, data: bytes) -> None:
        Reader.__init__(self, data)
        Scanner.__init__(self)
        Parser.__init__(self)

    def get_event(self) -> Event | None:
        """Give the next event; numbers that are too large for Python raise YAMLError too."""
        try:
            return Parser.get_event(self)  # type: ignore[no-untyped-call,no-any-return]  # PyYAML has no types
        except (ValueError, OverflowError) as error:
            raise MarkedYAMLError(problem_mark=self.get_mark()) from error


FastestParser: type[EventParser]
try:
    from yaml._yaml import CParser as FastestParser
except ImportError:
    FastestParser = PythonParser


class _Complaint(NamedTuple):
    """What a parser's complaint means; `at_start`: it is about where the construct started."""

    part: str
    what: str
    todo: str
    at_start: bool = False


_NEVER_CLOSED: Final = _Complaint(
    "unexpected end of stream", "this quote is never closed", "close it", at_start=True
)
_CLOSED_TOO_LATE: Final = _NEVER_CLOSED._replace(
    what="this quote is not closed before the next line of --- or ...",
    todo="close it, or indent that line",
)

# The C library's and the Python parser's words share these parts. The first that fits counts.
_COMPLAINTS: Final = (
    _NEVER_CLOSED,
    _Complaint("a tab character", "a tab indents this line", "indent with spaces"),
    _Complaint(
        "cannot start any token",
        "no value can start with this character, and no line with a tab",
        "put the value in quotes, or indent with spaces",
    ),
    _Complaint(
        "mapping values are not allowed",
        'a ":" where no key can stand',
        'put a text that holds ": " in quotes, or indent the key like those next to it',
    ),
    _Complaint(
        "could not find expected ':'", 'a line without "key: value"', "complete or indent it", at_start=True
    ),
    _Complaint("',' or ']'", 'a list in brackets lacks a "," or its "]"', "add it here or before"),
    _Complaint("',' or '}'", 'a mapping in braces lacks a "," or its "}"', "add it here or before"),
    _Complaint("unknown escape", "an unknown escape after a backslash", "write \\\\, or use single quotes"),
    _Complaint(
        "hexdecimal", "an escape lacks digits", "\\x takes two hexadecimal digits, \\u four and \\U eight"
    ),
    _Complaint("escape code", "an escape that is no character", "write the character itself"),
    _Complaint(
        "expected alphabetic or numeric",
        "a value that starts with * or & is an alias or an anchor",
        "put the value in quotes",
        at_start=True,
    ),
    _Complaint(
        "comment or line break", "text behind the | or > of a block", "start the text on the next line"
    ),
    _Complaint("document start>", "something behind the end of the document", "start another one with ---"),
    _Complaint(
        "sequence entries are not allowed",
        "a list item where none can stand",
        "start it on a line of its own",
    ),
    _Complaint(
        "expected '-' indicator",
        "neither an item of this list nor its end",
        "indent it like the items, or like the keys of an item, next to it",
    ),
    _Complaint(
        "node content", "a bracket, brace or comma instead of a value", "put a text that holds it in quotes"
    ),
    _Complaint("incompatible YAML", "a YAML version that is not 1.1 or 1.2", "remove the line with %YAML"),
    _Complaint(
        "did not find expected key",
        "neither a key of this mapping nor its end",
        "indent it like the keys next to it; within quotes, write \" as \\\" and ' as ''",
    ),
)
_UNKNOWN: Final = _Complaint("", "not valid YAML", "look at the indentation and the quotes here and above")


class Mistake(NamedTuple):
    """What a parser has against a text: from the line `since` on it read what it gave up at in `until`."""

    problem: Problem
    since: int
    until: int


def explain(error: YAMLError, stretch: Stretch, path: str) -> Mistake:
    """Give a parser's error about `stretch`; not in its words, which could quote a message."""
    if not isinstance(error, MarkedYAMLError):
        first, end = stretch.line + 1, stretch.line + count_lines(stretch.text) + 1
        return Mistake(Problem(Origin(path, first, 1), _UNKNOWN.what, _UNKNOWN.todo), first, end)
    words = error.problem or ""
    complaint = next((c for c in _COMPLAINTS if c.part in words), _UNKNOWN)
    if complaint is _NEVER_CLOSED and not stretch.last:
        complaint = _CLOSED_TOO_LATE
    mark = (error.context_mark if complaint.at_start else None) or error.problem_mark
    if mark is not None and mark.index < len(stretch.text):
        line, column = mark.line + 1, mark.column + 1
    else:  # libyaml adds a line to a file that lacks its end
        line, column = place_of(stretch.text, len(stretch.text))
    since = until = line
    if error.problem_mark is not None:
        until = error.problem_mark.line + 1
    if error.context_mark is not None and (error.context or "").startswith("while scanning"):
        since = min(line, error.context_mark.line + 1)
    problem = Problem(Origin(path, stretch.line + line, column), complaint.what, complaint.todo)
    return Mistake(problem, stretch.line + since, stretch.line + until)
