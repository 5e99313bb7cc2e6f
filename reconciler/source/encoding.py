"""Bytes of a file -> its text: UTF-8, complete, of bounded size, and nothing invisible in it."""

import codecs
import re
from typing import Final

from reconciler.source.diagnostics import Diagnostics
from reconciler.source.regular_file import LARGEST_FILE

# YAML allows NEL, LS and PS, but takes them for line breaks, which no editor does: every place behind
# one would be wrong, and a text that holds one would be folded.
_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_VISIBLE: Final = bytes((*b"\t\n\r", *range(0x20, 0x7F)))
"""What of ASCII is not in `_INVISIBLE`."""

CONFLICT: Final = re.compile(r"^<{7} ", re.MULTILINE)
"""The line with which git starts a merge conflict."""

_LINE_BREAK: Final = re.compile(r"\r\n?|\n")
_COMPLETE: Final = ("\n", "\r", '"', "'", "]", "}")
"""Ends of a file behind which no part of a value can be missing: `text: hel` is valid YAML too."""

_OTHER_ENCODINGS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_REPLACEMENT: Final = "\ufffd"


def decode(data: bytes, found: Diagnostics) -> str:
    """Give the text of a file; an empty one where there is nothing that could be read.

    After a problem, what can be read is still given, to find out whose manifests the file holds.
    """
    if len(data) > LARGEST_FILE:
        found.add_at(1, 1, "the file is larger than 16 MiB", "split it")
        return ""
    for mark, encoding in _OTHER_ENCODINGS:
        if data.startswith(mark):
            found.add_at(1, 1, f"the file is {encoding}", "save it as UTF-8")
            return ""
    text = _decode_utf8(data, found).removeprefix("\ufeff")
    if not text or text.isspace():
        found.add_at(1, 1, "the file is empty", "a half-written save? write a manifest, or remove the file")
        return ""
    if invisible := _first_invisible(text):
        line, column = place_of(text, invisible.start())
        found.add_at(line, column, f"the invisible character U+{ord(invisible.group()):04X}", "remove it")
        text = _INVISIBLE.sub(_REPLACEMENT, text)
    if "<<<<<<< " in text and (conflict := CONFLICT.search(text)):
        line, column = place_of(text, conflict.start())
        found.add_at(line, column, "a merge conflict", "keep one side of it, and remove its markers")
    if not text.rstrip(" \t").endswith(_COMPLETE):
        line, column = place_of(text, len(text))
        todo = "a half-written save? end the line with one"
        found.add_at(line, column, "the last line has no line break", todo)
    return text


def _first_invisible(text: str) -> re.Match[str] | None:
    if text.isascii() and not text.encode().translate(None, _VISIBLE):
        return None  # most often; ten times as fast as the search
    return _INVISIBLE.search(text)


def _decode_utf8(data: bytes, found: Diagnostics) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode().removeprefix("\ufeff")
        line, column = place_of(before, len(before))
        found.add_at(
            line, column, f"the byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8"
        )
        return data.decode(errors="replace")


def place_of(text: str, index: int) -> tuple[int, int]:
    """Give line and column of the character at `index`, or of the end of the text, both from 1."""
    line, start = 1, 0
    for found in _LINE_BREAK.finditer(text, 0, index):
        line, start = line + 1, found.end()
    return line, index - start + 1
