"""What a manifest file declares, value by value and place by place."""

import gc
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.manifest import (
    Acting,
    BrokenManifest,
    DeclaredMessage,
    DeclaredText,
    DeclaredUsers,
    Manifest,
    Suspend,
)
from reconciler.core.message import DialogId, MessageId, MessageText, UserId
from reconciler.core.problem import Origin
from reconciler.source.syntax import EventParser, FastestParser, PythonParser
from reconciler.source.yaml_file import Loaded, Rules, load

ANYONE = Rules(acting=Acting())
DIALOG = DialogId("53a99a7be4b094c7c6d31b41")
MESSAGE = MessageId("53aabe15e4b077ddd43e7fd3")
BOT = UserId(96753878)

HEAD = """\
apiVersion: reconciler/v1
kind: Dialog
metadata:
  name: vip-lounge
spec:
  dialogId: 53a99a7be4b094c7c6d31b41
"""
ONE_MESSAGE = f"""{HEAD}\
  actAs: 96753878
  messages:
    - id: 53aabe15e4b077ddd43e7fd3
"""
"""Fields of the message are to follow, from line 10 on, indented by six spaces."""

WHOLE = """\
apiVersion: reconciler/v1
kind: Dialog
metadata:
  name: vip-lounge                        # unique
  labels: {team: support, tier: 1}
spec:
  dialogId: 53a99a7be4b094c7c6d31b41
  actAs: 96753878                         # the user who acts
  read: true
  delivered: [123, 456]
  interval: 10m
  requestedAt: "2026-11-22"
  suspend: {reason: "legal hold", until: 2026-12-01T00:00:00Z}
  messages:
    - id: 53aabe15e4b077ddd43e7fd3
      text: "Opening hours: 9-17"
      actAs: 111                          # the author
      read: [123]
      delivered: true
"""


def loaded(text: str, rules: Rules = ANYONE) -> Loaded:
    return load(text.encode(), "m.yaml", rules)


def only_manifest(text: str, rules: Rules = ANYONE) -> Manifest:
    result = loaded(text, rules)
    assert result.problems == ()
    assert result.broken == ()
    (manifest,) = result.manifests
    return manifest


def only_message(fields: str, rules: Rules = ANYONE) -> DeclaredMessage:
    (message,) = only_manifest(ONE_MESSAGE + fields, rules).messages
    return message


def problems(text: str, rules: Rules = ANYONE) -> list[str]:
    return [str(problem) for problem in loaded(text, rules).problems]


def at(line: int, column: int) -> Origin:
    return Origin("m.yaml", line, column)


@pytest.mark.parametrize("parser", [FastestParser, PythonParser])
def test_a_manifest_is_read_whole_and_each_value_knows_its_place(parser: type[EventParser]) -> None:
    result = load(WHOLE.encode(), "m.yaml", ANYONE, parser)
    assert result == Loaded(
        manifests=(
            Manifest(
                name="vip-lounge",
                dialog=DIALOG,
                origin=at(1, 1),
                digest=hashlib.sha256(WHOLE.encode()).digest(),
                labels={"team": "support", "tier": "1"},
                read=DeclaredUsers(users=(BOT,), origin=at(9, 9)),
                delivered=DeclaredUsers(users=(UserId(123), UserId(456)), origin=at(10, 14)),
                interval=timedelta(minutes=10),
                requested_at="2026-11-22",
                suspend=Suspend(reason="legal hold", until=datetime(2026, 12, 1, tzinfo=UTC)),
                messages=(
                    DeclaredMessage(
                        id=MESSAGE,
                        origin=at(15, 7),
                        text=DeclaredText(
                            text=MessageText("Opening hours: 9-17"), actor=UserId(111), origin=at(16, 13)
                        ),
                        read=DeclaredUsers(users=(UserId(123),), origin=at(18, 13)),
                        delivered=DeclaredUsers(users=(UserId(111),), origin=at(19, 18)),
                    ),
                ),
            ),
        ),
        broken=(),
        problems=(),
    )


@pytest.mark.parametrize(
    "typed",
    [
        "no", "yes", "on", "true", "false", "1.10", "0x10", "0o17", "010", "1e3", "1_000", "+1", ".5", ".inf", ".NaN",
        "2026-11-22", "2026-11-22T10:00:00Z", "2001-13-45", "12:30", "190:20:30", "=", "nullable", "~5", "NULl", "-",
        "053e10123456789012345678", "Hello", "9:00-17:30", "C#", "a#b", "it's", 'say "hi"', "a: b".replace(": ", ":"),
        "<<", "x" * 10_000, "é", "日本語", "👩‍👩‍👧 and \u200b zero width", "\ufeffx",
    ],
)  # fmt: skip
def test_what_is_typed_without_quotes_is_what_is_sent(typed: str) -> None:
    message = only_message(f"      text: {typed}\n")
    assert message.text is not None
    assert message.text.text.reveal() == typed


@pytest.mark.parametrize(
    ("yaml", "sent"),
    [
        ('"null"', "null"),
        ("'~'", "~"),
        ('"yes"', "yes"),
        ("'don''t'", "don't"),
        (r'"a\tb\nc"', "a\tb\nc"),
        (r'"\u00e9 \U0001F600"', "é 😀"),
        (r'"a\u2028b"', "a\u2028b"),
        ("'  spaces  '", "  spaces  "),
        ("|\n        one\n        two\n", "one\ntwo\n"),
        ("|-\n        one\n        two\n", "one\ntwo"),
        ("|+\n        one\n\n\n", "one\n\n\n"),
        (">\n        one\n        two\n\n        three\n", "one two\nthree\n"),
        (">-\n        one\n        two\n", "one two"),
        ("|2-\n          two spaces\n", "  two spaces"),
        ("|\n        # no comment\n        --- #4\n", "# no comment\n--- #4\n"),
        ("one\n        two", "one two"),
        ('"one\n        two\\\n        three"', "one twothree"),
        ("Hello   # greeting".replace("   # greeting", "   "), "Hello"),
        ("\n        Hello", "Hello"),
    ],
)
def test_quotes_and_blocks_mean_what_yaml_says(yaml: str, sent: str) -> None:
    message = only_message(f"      text: {yaml}\n")
    assert message.text is not None
    assert message.text.text.reveal() == sent


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    block = ONE_MESSAGE + "      text: |\n        one\n        two\n"
    (unix,) = loaded(block).manifests
    (windows,) = loaded("\ufeff" + block.replace("\n", "\r\n")).manifests
    assert windows.messages == unix.messages
    assert windows.origin == unix.origin


def test_an_alias_of_one_value_is_that_value_at_the_place_of_the_alias() -> None:
    (manifest,) = loaded(f"""{ONE_MESSAGE}      text: &hours 9-17 # o'clock

    - id: 53aabe15e4b077ddd43e7fd4
      text: *hours
""").manifests or (None,)
    assert manifest is None  # the comment: see below
    (manifest,) = loaded(f"""{ONE_MESSAGE}      text: &hours 9-17
    - id: 53aabe15e4b077ddd43e7fd4
      text: *hours # the same
""").manifests
    texts = [message.text for message in manifest.messages]
    assert [(text.text.reveal(), text.origin) for text in texts if text] == [
        ("9-17", at(10, 13)),
        ("9-17", at(12, 13)),
    ]
