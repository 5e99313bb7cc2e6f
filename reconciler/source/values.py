"""Nodes -> single values: ids, names, times, texts; or None, and a problem in `found`.

A scalar is its source text, quoted or not, unless it is one of YAML's nulls.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from reconciler.core.message import DialogId, MessageId
from reconciler.core.message_text import MessageText, unsendable
from reconciler.source.diagnostics import Diagnostics, name_value
from reconciler.source.node import MappingNode, Node, ScalarNode

NAME: Final = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"
LONGEST_LINE: Final = 253
"""Characters of a name, label, reason or `requestedAt`."""

DURATION: Final = r"(?=[0-9])([0-9]{1,8}d)?([0-9]{1,8}h)?([0-9]{1,8}m)?([0-9]{1,8}s)?"
SHORTEST_INTERVAL: Final = timedelta(minutes=1)
LONGEST_INTERVAL: Final = timedelta(days=365)

_LOCAL_TIME: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
MOMENT: Final = _LOCAL_TIME + r"(Z|[+-][0-9]{2}:[0-9]{2})"

_WRITE_ID: Final = "write its 24 hexadecimal digits"
_WRITE_NAME: Final = "write it in lower-case letters, digits, - and . only, like vip-lounge"
_WRITE_LINE: Final = "write a few words, or remove the line"
_WRITE_DURATION: Final = "write it like 10m, 2h, 1d or 1h30m"
_WRITE_MOMENT: Final = "write it like 2026-12-01T00:00:00Z"
_WRITE_TEXT: Final = "write the text in quotes, or remove the line"

_ID_LENGTH: Final = 24
_NAME: Final = re.compile(NAME)
_HEX_DIGITS: Final = re.compile(r"[0-9a-f]+")
_DURATION: Final = re.compile(DURATION)
_MOMENT: Final = re.compile(MOMENT)
_NO_ZONE: Final = re.compile(_LOCAL_TIME + r"|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COMMENT: Final = re.compile(r"[ \t]+#")


def read_scalar(node: Node, key: str, todo: str, found: Diagnostics) -> ScalarNode | None:
    """Give the scalar that `node` must be; `todo` says how one is written here."""
    if type(node) is not ScalarNode:
        found.add(node, f"{key} is {'a mapping' if type(node) is MappingNode else 'a list'}", todo)
        return None
    if node.null:
        what = f"is {node.text}, which is no value" if node.text else "has no value"
        found.add(node, f"{key} {what}", todo)
        return None
    return node


def read_dialog_id(node: Node, key: str, found: Diagnostics) -> DialogId | None:
    """Give the id of a dialog."""
    scalar = read_scalar(node, key, _WRITE_ID, found)
    if scalar is None:
        return None
    try:
        return DialogId(scalar.text)
    except ValueError:
        _refuse_id(scalar, key, found)
        return None


def read_message_id(node: Node, key: str, found: Diagnostics) -> MessageId | None:
    """Give the id of a message."""
    scalar = read_scalar(node, key, _WRITE_ID, found)
    if scalar is None:
        return None
    try:
        return MessageId(scalar.text)
    except ValueError:
        _refuse_id(scalar, key, found)
        return None


def _refuse_id(scalar: ScalarNode, key: str, found: Diagnostics) -> None:
    text = scalar.text
    what = name_value(key, text)
    if _HEX_DIGITS.fullmatch(text):
        many = "few" if len(text) < _ID_LENGTH else "many"
        found.add(scalar, f"{what} has too {many} digits", "copy the whole id, 24 hexadecimal digits")
    elif len(text) == _ID_LENGTH and _HEX_DIGITS.fullmatch(text.lower()):
        todo = f"write it in lower case, as the service does: {text.lower()}"
        found.add(scalar, f"{what} has upper-case letters", todo)
    else:
        found.add(scalar, f"{what} is not made of hexadecimal digits", _WRITE_ID)


def read_name(node: Node, key: str, found: Diagnostics) -> str | None:
    """Give the name of a manifest."""
    scalar = read_scalar(node, key, _WRITE_NAME, found)
    if scalar is None:
        return None
    if len(scalar.text) > LONGEST_LINE:
        _refuse_length(scalar, key, found)
        return None
    if _NAME.fullmatch(scalar.text) is None:
        found.add(scalar, f"{name_value(key, scalar.text)} is not a usable name", _WRITE_NAME)
        return None
    return scalar.text


def read_constant(node: Node, key: str, only: str, found: Diagnostics) -> None:
    """Refuse all but the one value that this key can have."""
    scalar = read_scalar(node, key, f"write {only}", found)
    if scalar is not None and scalar.text != only:
        found.add(scalar, f"{name_value(key, scalar.text)} is not known", f"write {only}")


def read_line(node: Node, key: str, found: Diagnostics) -> str | None:
    """Give a text in one line, for people: a reason or the like."""
    scalar = read_scalar(node, key, _WRITE_LINE, found)
    if scalar is None or not check_line(scalar, key, found):
        return None
    if not scalar.text:
        found.add(scalar, f"{key} is empty", _WRITE_LINE)
        return None
    return scalar.text


def check_line(scalar: ScalarNode, key: str, found: Diagnostics) -> bool:
    """Tell whether a text is short, in one line and without control characters."""
    if len(scalar.text) > LONGEST_LINE:
        _refuse_length(scalar, key, found)
    elif "\n" in scalar.text:
        found.add(scalar, f"{key} has a line break", "write it in one line, not as a block")
    elif (char := unsendable(scalar.text)) is not None:
        found.add(scalar, f"{key} holds the control character U+{ord(char):04X}", "remove it")
    else:
        return True
    return False


def _refuse_length(scalar: ScalarNode, key: str, found: Diagnostics) -> None:
    found.add(scalar, f"{key} has {len(scalar.text):,} characters", f"shorten it to {LONGEST_LINE}")


def read_interval(node: Node, key: str, found: Diagnostics) -> timedelta | None:
    """Give a duration such as 10m, 2h, 1d or 1h30m."""
    scalar = read_scalar(node, key, _WRITE_DURATION, found)
    if scalar is None:
        return None
    match = _DURATION.fullmatch(scalar.text)
    if match is None:
        found.add(scalar, f"{name_value(key, scalar.text)} is not a duration", _WRITE_DURATION)
        return None
    days, hours, minutes, seconds = (int(part[:-1]) if part else 0 for part in match.groups())
    interval = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
        found.add(scalar, f"{name_value(key, scalar.text)} is out of range", "write 1m to 365d")
        return None
    return interval


def read_moment(node: Node, key: str, found: Diagnostics) -> datetime | None:
    """Give a time, in UTC; without a time zone it would mean another one in each place."""
    scalar = read_scalar(node, key, _WRITE_MOMENT, found)
    if scalar is None:
        return None
    what = name_value(key, scalar.text)
    if _MOMENT.fullmatch(scalar.text):
        try:
            return datetime.fromisoformat(scalar.text).astimezone(UTC)
        except (ValueError, OverflowError):
            found.add(scalar, f"{what} is not in the calendar", "check the day and the time")
    elif _NO_ZONE.fullmatch(scalar.text):
        found.add(scalar, f"{what} has no time zone", f"{_WRITE_MOMENT} or 2026-12-01T01:00:00+01:00")
    else:
        found.add(scalar, f"{what} is not a time", _WRITE_MOMENT)
    return None


def read_text(node: Node, key: str, source: str, longest: int, found: Diagnostics) -> MessageText | None:
    """Give the text of a message exactly as typed; `source` is the text of the whole file."""
    scalar = read_scalar(node, key, _WRITE_TEXT, found)
    if scalar is None:
        return None
    if scalar.plain and _COMMENT.match(source, scalar.end):
        found.add(scalar, f'{key} ends before " #", which starts a comment', "put the text in quotes")
        return None
    if len(scalar.text) > longest:
        what = f"{key} has {len(scalar.text):,} characters, {longest:,} are allowed"
        found.add(scalar, what, "shorten it, or raise RECONCILER_MAX_TEXT")
        return None
    try:
        return MessageText(scalar.text)
    except ValueError:
        char = unsendable(scalar.text)
        if char is None:
            found.add(scalar, f"{key} is empty", _WRITE_TEXT)
        else:
            found.add(scalar, f"{key} holds the control character U+{ord(char):04X}", "remove it")
        return None
