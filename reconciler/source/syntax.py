"""YAML's own rules: the parser, and its complaints in a reader's words."""

from typing import Final, NamedTuple, Protocol

from yaml.error import MarkedYAMLError
from yaml.events import Event
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from reconciler.core.problem import Origin, Problem
from reconciler.source.encoding import place_of


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


# The C library's and the Python parser's words share these parts. The first that fits counts.
_COMPLAINTS: Final = (
    _Complaint("unexpected end of stream", "this quote is never closed", "close it", at_start=True),
    _Complaint("unexpected document", "a line of --- or ... inside quotes", "close the quotes before it"),
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


def explain(error: Exception, text: str, path: str) -> Problem:
    """Give a parser's error about `text` as a problem; not in its words, which could quote a message."""
    line, column = 1, 1
    complaint = _UNKNOWN
    if isinstance(error, MarkedYAMLError):
        words = error.problem or ""
        complaint = next((c for c in _COMPLAINTS if c.part in words), _UNKNOWN)
        mark = (error.context_mark if complaint.at_start else None) or error.problem_mark
        if mark is not None and mark.index < len(text):
            line, column = mark.line + 1, mark.column + 1
        else:
            line, column = place_of(text, len(text))  # libyaml adds a line to a file that lacks its end
    return Problem(Origin(path, line, column), complaint.what, complaint.todo)
