r"""Records of the log as lines: `time LEVEL event key=value ...` for people, JSON for programs.

Whatever a value holds, a record is one line: nothing in it can end the line, steer a terminal or
pass for another field. Texts that are not Unicode have the odd parts spelt out, as in `\udcff`.
"""

import copy
import json
import logging
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from reconciler.log_lines.events import Bug, Event, Log, Value
from reconciler.reconcile.bug import BugInDialog, bug_words

_BARE: Final = re.compile(r"[!#-<>-~]+")
"""What needs no quotes: printable ASCII without space, quote and equals sign."""

_REPR: Final = re.compile(r"\s(?:exception|result)=.*", re.DOTALL)
"""What asyncio shows of a task that ended: an exception's own words may hold a text."""


class TextFormat(logging.Formatter):
    """Lines for people: values are quoted as in JSON where they need it."""

    def format(self, record: logging.LogRecord) -> str:
        """Give one line."""
        event = event_of(record)
        pairs = (f"{key}={_quoted(_shown(value))}" for key, value in event.pairs())
        return " ".join((_time(record), f"{record.levelname:7}", event.event(), *pairs))


class JsonFormat(logging.Formatter):
    """Lines for programs: a JSON object each, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """Give one line."""
        event = event_of(record)
        head = {"time": _time(record), "level": record.levelname.lower(), "event": event.event()}
        return json.dumps({**head, **{key: _plain(value) for key, value in event.pairs()}})


def event_of(record: logging.LogRecord) -> Event:
    """Give the event that a record tells of; of others than ours the words, without what they quote."""
    match record.msg:
        case Event():
            return record.msg
        case BugInDialog(name=name, words=words):
            return Bug(name=name, what=words)
        case _:
            return Log(logger=record.name, what=_words(record))


def _words(record: logging.LogRecord) -> str:
    """Give the first line of what a library says. No exception speaks for itself: it may quote a text."""
    said = copy.copy(record)
    match record.args:
        case tuple(args):
            said.args = tuple(map(_unquoted, args))
        case Mapping() as args:
            said.args = {key: _unquoted(value) for key, value in args.items()}
        case None:
            pass
    try:
        words = said.getMessage()
    except Exception:  # noqa: BLE001  # its words don't fit its values, and it is to be heard all the same
        words = str(record.msg)
    first = _REPR.sub("", words).partition("\n")[0]
    error = record.exc_info[1] if record.exc_info else None
    return first if error is None else f"{first}: {bug_words(error)}"


def _unquoted(value: object) -> object:
    return bug_words(value) if isinstance(value, BaseException) else value


def _time(record: logging.LogRecord) -> str:
    return _rfc3339(datetime.fromtimestamp(record.created, UTC))


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Value) -> Value | list[str]:
    """Give a value as JSON has it; a number that is none has no value."""
    match value:
        case datetime():
            return _rfc3339(value)
        case str():
            return _well_formed(value)
        case tuple():
            return [_well_formed(each) for each in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def _shown(value: Value) -> str:
    """Give a value as text; an item of several is quoted where its end would not be seen."""
    match value:
        case datetime():
            return _rfc3339(value)
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(
                each if _BARE.fullmatch(each) and "," not in each else _in_quotes(each) for each in value
            )
        case _:
            return str(value)


def _quoted(text: str) -> str:
    return text if _BARE.fullmatch(text) else _in_quotes(text)


def _in_quotes(text: str) -> str:
    """Give a JSON string in which all that is not seen, or that turns what is, is spelt out."""
    quoted = json.dumps(_well_formed(text), ensure_ascii=False)
    return quoted if quoted.isprintable() else "".join(_spelt_out(quoted))


def _spelt_out(text: str) -> Iterator[str]:
    for character in text:
        yield character if character.isprintable() else json.dumps(character)[1:-1]


def _well_formed(text: str) -> str:
    """Spell out lone surrogates: file names that are not UTF-8 have them, and no JSON parser must."""
    return text.encode(errors="backslashreplace").decode()
