"""A record is one line, whatever it holds, and says in both forms what it was given."""

import json
import logging
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_type_hints

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.outcome import Cause
from reconciler.log_lines.events import EVENTS, Called, Event, Invalid, Log, Reported, Value
from reconciler.log_lines.formats import JsonFormat, TextFormat
from reconciler.reconcile.bug import BugInDialog

AT: Final = datetime(2026, 11, 22, 19, 30, 54, 118_000, tzinfo=UTC)
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
VALUE: Final = r'("(?:[^"\\]|\\.)*"|[!#-<>-~]+)'
PAIR: Final = re.compile(rf" (\w+)={VALUE}")
LINE: Final = re.compile(rf"({TIME.pattern}) (\w+) +([a-z ]+?)((?: \w+={VALUE})*)")
"""How a program reads a line of text, if it must."""

NASTY: Final = (
    *(
        "two\nlines",
        "cr\rlf\r\n",
        "\x1b[2J\x1b]0;title\x07",
        "\x85\u2028\u2029",
        "\u202eover\u202c\u2066ride",
    ),
    *(
        "\x00\x7f\x9b31m",
        "\ud800",
        "\udcff.yaml",
        "\ud83d\ude00",
        "",
        " ",
        '"',
        "\\",
        "=",
        'a="b" level=error',
    ),
    *(
        '\\" event=called',
        "2026-11-22T19:30:54.118Z ERROR called result=applied",
        "Grüße 👋 שלום",
        "\u200b\ufeff",
    ),
)


def record(msg: object, *args: object, level: int = logging.INFO, exc_info: Any = None) -> logging.LogRecord:
    made = logging.LogRecord("aiohttp.server", level, "here.py", 1, msg, args, exc_info)
    made.created = AT.timestamp()
    return made


def as_json(made: logging.LogRecord) -> Mapping[str, Any]:
    line = JsonFormat().format(made)
    assert re.fullmatch(r"[ -~]+", line), "printable ASCII, and so one line"
    read = json.loads(line, object_pairs_hook=dict, parse_constant=pytest.fail)
    assert isinstance(read, dict)
    return read


def as_text(made: logging.LogRecord) -> tuple[str, str, str, Mapping[str, str]]:
    """Give time, level, event and the fields of a line of text."""
    line = TextFormat().format(made)
    assert line.isprintable(), "one line, of what is seen"
    found = LINE.fullmatch(line)
    assert found is not None, line
    pairs = PAIR.findall(found[4])
    return found[1], found[2], found[3], {k: json.loads(v) if v[0] == '"' else v for k, v in pairs}


texts = st.text(st.characters(exclude_categories=())) | st.sampled_from(NASTY)
times = st.datetimes(timezones=st.just(UTC)) | st.just(AT.astimezone(timezone(timedelta(hours=-5))))
OF_TYPE: Final[Mapping[object, st.SearchStrategy[Any]]] = {
    str: texts,
    int: st.integers(-(2**63), 2**63),
    float: st.floats(),
    datetime: times,
    NoneType: st.none(),
    tuple[str, ...]: st.lists(texts, max_size=3).map(tuple),
}


def values_of(event: type[Event]) -> Mapping[str, st.SearchStrategy[Any]]:
    hints = get_type_hints(event)
    return {
        name: st.one_of(*(OF_TYPE[each] for each in get_args(hint)))
        if isinstance(hint, UnionType)
        else OF_TYPE[hint]
        for name, hint in hints.items()
    }


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Draw an event of any kind, with anything in its fields."""
    event = draw(st.sampled_from(sorted(EVENTS.values(), key=lambda each: each.event())))
    return event(**{name: draw(values) for name, values in values_of(event).items()})


def well_formed(text: str) -> str:
    """Give a text as both forms say it: lone surrogates are spelt out."""
    return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text)


def moment(time: datetime) -> str:
    utc = time.astimezone(UTC)
    return f"{utc:%m-%dT%H:%M:%S}".join((f"{utc.year:04d}-", f".{utc.microsecond // 1000:03d}Z"))


def json_value(value: Value) -> object:
    match value:
        case str():
            return well_formed(value)
        case datetime():
            return moment(value)
        case tuple():
            return [well_formed(each) for each in value]
        case float() if not math.isfinite(value):
            return None
    return value


@settings(deadline=None)
@given(events())
def test_json_parses_back_to_the_values_that_were_given(event: Event) -> None:
    read = as_json(record(event))
    head = {"time": "2026-11-22T19:30:54.118Z", "level": "info", "event": event.event()}
    assert read == head | {name: json_value(value) for name, value in event.pairs()}
    assert list(read)[:3] == ["time", "level", "event"]


@settings(deadline=None)
@given(events())
def test_a_line_of_text_can_be_read_in_one_way_only(event: Event) -> None:
    time, level, name, fields = as_text(record(event))
    assert (time, level, name) == ("2026-11-22T19:30:54.118Z", "INFO", event.event())
    assert fields.keys() == dict(event.pairs()).keys()
    for key, value in event.pairs():
        match value:
            case str():
                assert fields[key] == well_formed(value)
            case datetime():
                assert fields[key] == moment(value)
            case tuple():
                assert items(fields[key]) == [well_formed(each) for each in value]
            case _:
                assert fields[key] == str(value)


def items(field: str) -> list[str]:
    """Read a field that holds several texts: bare or in quotes, with commas between."""
    found = re.findall(r'("(?:[^"\\]|\\.)*"|[^,"]+)(?:,|$)', field)
    return [json.loads(each) if each[0] == '"' else each for each in found]


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_that_a_value_holds_passes_for_a_line_or_a_field(nasty: str) -> None:
    event = Invalid(origin=nasty, what=nasty, todo=nasty)
    assert as_text(record(event))[3] == dict.fromkeys(("origin", "what", "todo"), well_formed(nasty))
    for form in (TextFormat(), JsonFormat()):
        line = form.format(record(event))
        assert len(line.splitlines()) == 1
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", line)


@settings(deadline=None)
@example("%s %d", (1,))
@example("a\nb", ())
@given(texts, st.lists(texts | st.integers(), max_size=2).map(tuple))
def test_whatever_a_library_says_is_one_line(msg: str, args: tuple[object, ...]) -> None:
    made = record(msg, *args, level=logging.WARNING)
    assert as_json(made)["event"] == "log"
    assert as_json(made)["logger"] == "aiohttp.server"
    assert as_text(made)[1:3] == ("WARNING", "log")


def test_letters_stay_readable_in_text() -> None:
    line = TextFormat().format(record(Log(logger="a", what="Grüße aus 東京 👋")))
    assert line.endswith('what="Grüße aus 東京 👋"')


def test_types_are_those_of_json() -> None:
    reported = Reported(result="success", applied=1, deferred=0, rejected=0, problems=2, seconds=0.25)
    read = as_json(record(reported))
    assert [type(read[name]) for name in ("applied", "seconds")] == [int, float]
    assert TIME.fullmatch(read["time"])


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_no_value_in_json(number: float) -> None:
    made = record(Reported(result="success", applied=1, deferred=0, rejected=0, problems=0, seconds=number))
    assert as_json(made)["seconds"] is None
    assert as_text(made)[3]["seconds"] == str(number)


def test_a_field_without_a_value_is_left_out() -> None:
    values: dict[str, Any] = dict.fromkeys(get_type_hints(Called), "x") | {
        "message": None,
        "cause": Cause.THROTTLED,
        "fields": ("text",),
    }
    assert "message" not in as_json(record(Called(**values)))
    assert "message" not in as_text(record(Called(**values)))[3]
    assert as_json(record(Called(**values)))["cause"] == "throttled"
    assert as_text(record(Called(**values)))[3]["cause"] == "throttled"


def fail(words: str) -> None:
    raise ValueError(words)


def raised(words: str) -> ValueError:
    """Give an exception that has a traceback."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # it is ours
        fail(words)
    return caught.value


CANARY: Final = "the text of a message"


@pytest.mark.parametrize("form", [TextFormat(), JsonFormat()], ids=["text", "json"])
def test_no_exception_speaks_for_itself(form: logging.Formatter) -> None:
    error = raised(CANARY)
    info = (ValueError, error, error.__traceback__)
    said = [
        record("Error handling request", exc_info=info),
        record("it failed: %s", error),
        record("it failed: %r", error),
        record("it failed: %(error)s", {"error": error}),
        record(f"Task exception was never retrieved\nfuture: <Task exception={error!r}>", exc_info=info),
        record(f"Task was destroyed but it is pending!\ntask: <Task result={CANARY!r}>"),
        record(f"Executing <Task finished name='Task-1' coro=<f()> exception={error!r}> took 0.2 seconds"),
        record("never raised", exc_info=(ValueError, ValueError(CANARY), None)),
    ]
    for made in said:
        made.exc_text = made.stack_info = CANARY
        assert CANARY not in form.format(made)
    assert "ValueError in fail, line" in form.format(said[0])
    assert "Executing <Task finished" in form.format(said[6])


def test_words_that_do_not_fit_their_values_are_said_all_the_same() -> None:
    assert as_json(record("%d of %d", "one"))["what"] == "%d of %d"


def test_a_bug_in_the_pass_of_a_dialog_is_an_event_of_its_own() -> None:
    read = as_json(record(BugInDialog(name="support", words="KeyError in f, line 1"), level=logging.ERROR))
    assert (read["event"], read["name"], read["what"]) == ("bug", "support", "KeyError in f, line 1")
