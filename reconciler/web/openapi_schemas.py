"""What the API answers, as JSON Schema: a test holds each document against it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from reconciler.core.condition import Condition, HeldReason
from reconciler.core.outcome import Cause
from reconciler.core.refusal import Guard
from reconciler.core.standing import PartState
from reconciler.ledger.history import Result
from reconciler.web.documents import CHANGES, DIALOG, DIALOGS, HISTORY, OVERVIEW, PROBLEMS
from reconciler.web.state import State

Json = dict[str, Any]


def ref(name: str) -> Json:
    """Give a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(_optional: Iterable[str] = (), **members: Json) -> Json:
    """Give the schema of an object that has these members and no others."""
    optional = set(_optional)
    return {
        "type": "object",
        "properties": members,
        "required": [name for name in members if name not in optional],
        "additionalProperties": False,
    }


def _words(kind: type[StrEnum]) -> Json:
    return {"type": "string", "enum": [str(member) for member in kind]}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _counts(kind: type[StrEnum]) -> Json:
    return _object(**{str(member): COUNT for member in kind})


def _some_counts(kind: type[StrEnum]) -> Json:
    return {
        "type": "object",
        "propertyNames": _words(kind),
        "additionalProperties": COUNT,
    }


def _constant(value: str) -> Json:
    return {"type": "string", "const": value}


TEXT: Final[Json] = {"type": "string"}
FLAG: Final[Json] = {"type": "boolean"}
COUNT: Final[Json] = {"type": "integer", "minimum": 0}
NUMBER: Final[Json] = {"type": "number", "minimum": 0}
MOMENT: Final[Json] = {"type": "string", "format": "date-time"}
ID: Final[Json] = {"type": "string", "pattern": "^[0-9a-f]{24}$"}
USER: Final[Json] = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
DIGEST: Final[Json] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
ORIGIN: Final[Json] = {"type": "string", "description": "path:line:column"}
CHANGE: Final[Json] = {**COUNT, "description": "The number of changes by then; for /api/v1/changes."}

_PART: Final = {
    "user": USER,
    "state": _words(PartState),
    "reason": _or_null(_words(HeldReason)),
    "detail": TEXT,
    "until": _or_null(MOMENT),
    "origin": ORIGIN,
}
_REQUEST: Final = {"at": MOMENT, "by": TEXT, "reason": TEXT}

SCHEMAS: Final[Json] = {
    "Overview": _object(
        format=_constant(OVERVIEW),
        change=CHANGE,
        at=MOMENT,
        version=TEXT,
        state=_words(State),
        sentence=TEXT,
        hindrance=_or_null(TEXT),
        attention=_list(ref("Attention")),
        firstPassDone=FLAG,
        dialogsByCondition=_counts(Condition),
        pending=COUNT,
        held=_counts(HeldReason),
        rate=_object(ceiling=NUMBER, present=NUMBER),
        callsWaiting=COUNT,
        drainSeconds=NUMBER,
        breakerTripped=FLAG,
        files=COUNT,
        problems=COUNT,
        lastPassAt=_or_null(MOMENT),
        lastSuccessAt=_or_null(MOMENT),
        watch=_object(mode={"type": "string", "enum": ["inotify", "poll"]}, reason=_or_null(TEXT)),
        passes=_list(ref("Pass")),
    ),
    "Attention": _object(what=TEXT, todo=TEXT, command=_or_null(TEXT), path=TEXT),
    "Pass": _object(
        finishedAt=MOMENT,
        seconds=NUMBER,
        applied=COUNT,
        deferred=COUNT,
        rejected=COUNT,
        callSeconds=_or_null(NUMBER),
    ),
    "Dialogs": _object(
        format=_constant(DIALOGS),
        change=CHANGE,
        total=COUNT,
        page=COUNT,
        pages=COUNT,
        size=COUNT,
        dialogsByCondition=_counts(Condition),
        labels=_list(TEXT),
        dialogs=_list(ref("DialogStanding")),
    ),
    "DialogStanding": _object(
        name=_or_null(TEXT),
        dialogId=_or_null(ID),
        labels={"type": "object", "additionalProperties": TEXT},
        origin=ORIGIN,
        condition=_words(Condition),
        declared=COUNT,
        applied=COUNT,
        pending=COUNT,
        held=_some_counts(HeldReason),
        note=TEXT,
        dueAt=_or_null(MOMENT),
    ),
    "Dialog": _object(
        format=_constant(DIALOG),
        change=CHANGE,
        dialog=ref("DialogStanding"),
        unseen=_or_null(TEXT),
        problems=_list(ref("ManifestProblem")),
        messages=_list(ref("Message")),
        history=_list(ref("Entry")),
        next=_or_null(COUNT),
    ),
    "Message": _object(
        message=_or_null(ID),
        wholeDialog=FLAG,
        origin=ORIGIN,
        text=_or_null(ref("TextPart")),
        read=_list(ref("Part")),
        delivered=_list(ref("Part")),
    ),
    "Part": _object(**_PART),
    "TextPart": _object(
        ("old", "new"),
        **_PART,
        oldDigest=_or_null(DIGEST),
        newDigest=_or_null(DIGEST),
        oldInDoubt=FLAG,
        old=_or_null(TEXT),
        new=_or_null(TEXT),
    ),
    "History": _object(
        format=_constant(HISTORY), change=CHANGE, entries=_list(ref("Entry")), next=_or_null(COUNT)
    ),
    "HistoryExport": _object(format=_constant(HISTORY), entries=_list(ref("Entry"))),
    "Entry": {"oneOf": [ref("Call"), ref("Approval"), ref("Retry")]},
    "Call": _object(
        ("old", "new"),
        kind=_constant("call"),
        number=COUNT,
        sentAt=MOMENT,
        answeredAt=_or_null(MOMENT),
        dialog=TEXT,
        dialogId=ID,
        message=_or_null(ID),
        wholeDialog=FLAG,
        actAs=USER,
        fields=_list({"type": "string", "enum": ["text", "delivered", "read"]}),
        oldDigest=_or_null(DIGEST),
        newDigest=_or_null(DIGEST),
        old=_or_null(TEXT),
        new=_or_null(TEXT),
        origin=ORIGIN,
        attempt=COUNT,
        result=_words(Result),
        cause=_or_null(_words(Cause)),
        status=_or_null({"type": "integer"}),
        words=TEXT,
        requestId=_or_null(TEXT),
    ),
    "Approval": _object(
        kind=_constant("approval"), **_REQUEST, plan=TEXT, guard=_words(Guard), changes=COUNT
    ),
    "Retry": _object(
        kind=_constant("retry"), **_REQUEST, dialog=_or_null(TEXT), dialogId=_or_null(ID), changes=COUNT
    ),
    "Problems": _object(
        format=_constant(PROBLEMS),
        change=CHANGE,
        problems=_list(ref("ManifestProblem")),
        dialogs=_list(ref("DialogStanding")),
    ),
    "ManifestProblem": _object(
        path=TEXT,
        line={"type": "integer", "minimum": 1},
        column={"type": "integer", "minimum": 1},
        what=TEXT,
        todo=TEXT,
    ),
    "Changes": _object(format=_constant(CHANGES), change=CHANGE),
    "OpenApi": {"type": "object", "required": ["openapi", "info", "paths", "components"]},
    "Problem": _object(
        type=_constant("about:blank"),
        title=TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail={**TEXT, "description": "What is wrong."},
        todo={**TEXT, "description": "What to do about it."},
        parameter={**_or_null(TEXT), "description": "The parameter that is wrong, if one is."},
    ),
}
