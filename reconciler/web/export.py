"""The history as a file, made piece by piece: however long the record is, it takes little memory."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, Final

from reconciler.ledger.errors import LedgerError
from reconciler.ledger.history import Told
from reconciler.render.history_document import history_document
from reconciler.web.documents import HISTORY

_PIECE: Final = 250
"""Entries in one piece: read and written in some 10 ms."""

COLUMNS: Final = (
    *("kind", "number", "sentAt", "answeredAt", "at", "by", "reason", "dialog", "dialogId", "message"),
    *("wholeDialog", "actAs", "fields", "old", "new", "oldDigest", "newDigest", "origin", "attempt"),
    *("result", "cause", "status", "words", "requestId", "plan", "guard", "changes"),
)
"""Those of calls, approvals and retries; a cell is empty where its kind of entry has no such member."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for a formula, also full-width, or drops and then takes what follows for one."""


def as_json(entries: Iterator[Told], *, texts: bool) -> Iterator[bytes]:
    """Give one JSON document, as `reconciler history -o json` does."""
    yield f'{{"format": {json.dumps(HISTORY)}, "entries": ['.encode()
    before = "\n"
    for piece in _pieces(entries):
        documents = (json.dumps(history_document(row, texts=texts)) for row in piece)
        yield (before + ",\n".join(documents)).encode()
        before = ",\n"
    yield b"\n]}\n"


def as_csv(entries: Iterator[Told], *, texts: bool) -> Iterator[bytes]:
    """Give a table (RFC 4180). No cell is a formula: an apostrophe stands before what looks like one."""
    yield _rows([COLUMNS])
    for piece in _pieces(entries):
        yield _rows(_cells(history_document(row, texts=texts)) for row in piece)


def _pieces(entries: Iterator[Told]) -> Iterator[list[Told]]:
    """Give the entries in pieces; where the ledger breaks off, what could be read of the last one too."""
    piece: list[Told] = []
    try:
        for entry in entries:
            piece.append(entry)
            if len(piece) == _PIECE:
                yield piece
                piece = []
    except LedgerError:
        if piece:
            yield piece
        raise
    if piece:
        yield piece


def _rows(rows: Any) -> bytes:
    table = io.StringIO(newline="")
    csv.writer(table).writerows(rows)
    return table.getvalue().encode(errors="backslashreplace")


def _cells(document: dict[str, Any]) -> list[str]:
    return [_cell(document.get(column)) for column in COLUMNS]


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return " ".join(value)
        case str():
            return f"'{value}" if value.startswith(_FORMULA) else value
        case _:
            return str(value)
