"""What a manifest file declares, value by value and place by place."""

import gc
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.acting import Acting
from reconciler.core.manifest import (
    BrokenManifest,
    DeclaredMessage,
    DeclaredText,
    DeclaredUsers,
    Manifest,
    Suspend,
)
from reconciler.core.message import DialogId, MessageId, UserId
from reconciler.core.message_text import MessageText
from reconciler.core.problem import Origin
from reconciler.source.rules import Rules
from reconciler.source.syntax import EventParser, FastestParser, PythonParser
from reconciler.source.yaml_file import Loaded, load
from reconciler.source.yaml_loading import load_with

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
    result = load_with(WHOLE.encode(), "m.yaml", ANYONE, parser)
    assert result == Loaded(
        manifests=(
            Manifest(
                name="vip-lounge",
                dialog=DIALOG,
                origin=at(1, 1),
                digest=hashlib.sha256(
                    hashlib.sha256(WHOLE.encode()).digest() + ANYONE.fingerprint()
                ).digest(),
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
        "no",
        "yes",
        "on",
        "true",
        "false",
        "1.10",
        "0x10",
        "0o17",
        "010",
        "1e3",
        "1_000",
        "+1",
        ".5",
        ".inf",
        ".NaN",
        "2026-11-22",
        "2026-11-22T10:00:00Z",
        "2001-13-45",
        "12:30",
        "190:20:30",
        "=",
        "nullable",
        "~5",
        "NULl",
        "-5",
        "053e10123456789012345678",
        "Hello",
        "9:00-17:30",
        "C#",
        "a#b",
        "it's",
        'say "hi"',
        "a:b",
        "<<",
        "x" * 10_000,
        "é",
        "日本語",
        "👩‍👩‍👧 and \u200b zero width",
        "\ufeffx",
    ],
)
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
        ("|+\n        one\n\n", "one\n\n\n"),
        (">\n        one\n        two\n\n        three\n", "one two\nthree\n"),
        (">-\n        one\n        two\n", "one two"),
        ("|2-\n          two spaces\n", "  two spaces"),
        ("|\n        # no comment\n        --- #4\n", "# no comment\n--- #4\n"),
        ("one\n        two", "one two"),
        ('"one\n        two\\\n        three"', "one twothree"),
        ("Hello   ", "Hello"),
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
    manifest = only_manifest(f"""{ONE_MESSAGE}\
      text: &hours 9-17
    - id: 53aabe15e4b077ddd43e7fd4
      text: *hours # an alias is not cut off by a comment, as a text would be
""")
    texts = [message.text for message in manifest.messages]
    assert [(text.text.reveal(), text.origin) for text in texts if text] == [
        ("9-17", at(10, 13)),
        ("9-17", at(12, 13)),
    ]


@pytest.mark.parametrize("spelling", ["true", "True", "TRUE"])
def test_true_stands_for_the_user_who_acts(spelling: str) -> None:
    assert only_message(f"      read: {spelling}\n").read == DeclaredUsers(users=(BOT,), origin=at(10, 13))


def test_users_stay_in_the_order_written_quoted_or_not() -> None:
    message = only_message("      delivered:\n        - 9\n        - '7'\n        - 9223372036854775807\n")
    assert message.delivered is not None
    assert message.delivered.users == (UserId(9), UserId(7), UserId(2**63 - 1))


@pytest.mark.parametrize(
    ("of_message", "of_dialog", "default", "acts"),
    [
        (1, 2, 3, 1),
        (1, None, None, 1),
        (None, 2, 3, 2),
        (None, 2, None, 2),
        (None, None, 3, 3),
    ],
)
def test_the_nearest_act_as_acts(
    of_message: int | None, of_dialog: int | None, default: int | None, acts: int
) -> None:
    rules = Rules(acting=Acting(default=None if default is None else UserId(default)))
    dialog_line = "" if of_dialog is None else f"  actAs: {of_dialog}\n"
    message_line = "" if of_message is None else f"      actAs: {of_message}\n"
    manifest = only_manifest(
        f"""{HEAD}{dialog_line}  messages:
    - id: 53aabe15e4b077ddd43e7fd3
{message_line}      text: Hello
      read: true
""",
        rules,
    )
    (message,) = manifest.messages
    assert message.text is not None
    assert message.read is not None
    assert (message.text.actor, message.read.users) == (UserId(acts), (UserId(acts),))


def test_nobody_needs_to_act_where_all_users_are_listed() -> None:
    manifest = only_manifest(f"{HEAD}  read: [7]\n  messages:\n    - id: {MESSAGE}\n      delivered: [8]\n")
    assert manifest.declared() == 2


FOR_42 = Rules(acting=Acting(default=UserId(42), only=UserId(42)))
NOT_FOR_7 = (
    "this credential acts only for user 42, not for 7; "
    "leave that user to another credential, or use an API key"
)


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ("  actAs: 7\n  read: true\n", "7:10"),
        ("  read: [42, 7]\n", "7:14"),
        (f"  messages:\n    - id: {MESSAGE}\n      delivered: [7]\n", "9:19"),
        (f"  messages:\n    - id: {MESSAGE}\n      text: Hello\n      actAs: 7\n", "10:14"),
    ],
)
def test_a_user_token_acts_for_its_own_user_only(spec: str, place: str) -> None:
    assert problems(HEAD + spec, FOR_42) == [f"m.yaml:{place}: {NOT_FOR_7}"]


def test_a_default_user_whom_the_user_token_is_not_is_found_where_it_is_needed() -> None:
    rules = Rules(acting=Acting(default=UserId(7), only=UserId(42)))
    assert problems(f"{HEAD}  read: true\n", rules) == [f"m.yaml:7:9: {NOT_FOR_7}"]
    assert problems(f"{HEAD}  read: [42]\n", rules) == []


def test_a_user_token_may_do_what_its_user_may() -> None:
    spec = f"  actAs: 42\n  read: true\n  messages:\n    - id: {MESSAGE}\n      text: Hi\n      read: [42]\n"
    assert only_manifest(HEAD + spec, FOR_42).declared() == 3


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1m", timedelta(minutes=1)),
        ("60s", timedelta(minutes=1)),
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("365d", timedelta(days=365)),
        ('"05m"', timedelta(minutes=5)),
    ],
)
def test_an_interval_is_a_sum_of_days_hours_minutes_and_seconds(written: str, meant: timedelta) -> None:
    assert only_manifest(f"{HEAD}  read: [7]\n  interval: {written}\n").interval == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-12-01T00:00:00Z", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T01:30:00+01:30", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-11-30 23:00:00-01:00", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T00:00Z", datetime(2026, 12, 1, tzinfo=UTC)),
        ('"2026-12-01T00:00:00.25Z"', datetime(2026, 12, 1, microsecond=250_000, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_the_end_of_a_suspension_is_kept_in_utc(written: str, meant: datetime) -> None:
    suspend = only_manifest(f"{HEAD}  suspend:\n    reason: legal hold\n    until: {written}\n").suspend
    assert suspend == Suspend(reason="legal hold", until=meant)
    assert suspend.until.tzinfo is UTC


@pytest.mark.parametrize("written", ["2026-11-22", "'2026-11-22'", "again, please", "3", "no"])
def test_requested_at_is_any_text_as_spelled(written: str) -> None:
    manifest = only_manifest(f"{HEAD}  read: [7]\n  requestedAt: {written}\n")
    assert manifest.requested_at == written.strip("'")


@pytest.mark.parametrize("name", ["a", "7", "vip-lounge", "a.b--c", "true", "2026-11-22", "x" * 253])
def test_names_are_lower_case_letters_digits_hyphens_and_dots(name: str) -> None:
    assert only_manifest(HEAD.replace("vip-lounge", name)).name == name


def test_labels_are_texts_as_spelled_and_cannot_be_changed() -> None:
    labels = "  labels: {team: support, 'on call': no, v: 1.10, empty: '', ~x: \"null\"}\n"
    manifest = only_manifest(HEAD.replace("spec:\n", f"{labels}spec:\n"))
    assert manifest.labels == {"team": "support", "on call": "no", "v": "1.10", "empty": "", "~x": "null"}
    with pytest.raises(TypeError):
        manifest.labels["team"] = "billing"  # type: ignore[index]  # that is what is tested


@pytest.mark.parametrize("messages", ["", "  messages: []\n"])
def test_a_dialog_may_declare_nothing(messages: str) -> None:
    assert only_manifest(HEAD + messages).declared() == 0


def test_json_is_yaml() -> None:
    text = (
        '{"apiVersion": "reconciler/v1", "kind": "Dialog", "metadata": {"name": "vip-lounge"},'
        ' "spec": {"dialogId": "53a99a7be4b094c7c6d31b41", "actAs": 96753878, "read": true}}'
    )
    assert only_manifest(text).read == DeclaredUsers(users=(BOT,), origin=at(1, text.index("true") + 1))


@pytest.mark.parametrize("nothing", ["# to come\n", "---\n", "---\n# to come\n---\n...\n", "\n\n# a\n\n"])
def test_a_file_of_comments_declares_nothing(nothing: str) -> None:
    assert loaded(nothing) == Loaded(manifests=(), broken=(), problems=())


SECOND = HEAD.replace("vip-lounge", "second").replace("31b41", "31b42")


def test_a_file_may_hold_several_documents() -> None:
    result = loaded(f"# first\n{HEAD}---\n# none\n---\n{SECOND}...\n")
    assert [(m.name, m.origin) for m in result.manifests] == [("vip-lounge", at(2, 1)), ("second", at(11, 1))]
    assert result.problems == ()


def test_a_broken_document_leaves_the_others_of_its_file_alone() -> None:
    result = loaded(f"{HEAD}  read: false\n---\n{SECOND}")
    assert [m.name for m in result.manifests] == ["second"]
    assert result.broken == (BrokenManifest(name="vip-lounge", dialog=DIALOG, origin=at(1, 1)),)


@pytest.mark.parametrize(
    ("wrong", "name", "dialog"),
    [
        (("kind: Dialog", "kind: Chat"), "vip-lounge", DIALOG),
        (("vip-lounge", "VIP"), None, DIALOG),
        (("53a99a7be4b094c7c6d31b41", "53A99A7BE4B094C7C6D31B41"), "vip-lounge", None),
        (("metadata:\n  name: vip-lounge", "metadata: vip-lounge"), None, DIALOG),
        (("spec:\n  dialogId: 53a99a7be4b094c7c6d31b41", "spec: []"), "vip-lounge", None),
    ],
)
def test_a_broken_manifest_says_whose_it_is_where_that_can_be_read(
    wrong: tuple[str, str], name: str | None, dialog: DialogId | None
) -> None:
    assert loaded(HEAD.replace(*wrong)).broken == (BrokenManifest(name=name, dialog=dialog, origin=at(1, 1)),)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("# \x07\n", id="control character"),
        pytest.param("# \udcff\n", id="not UTF-8"),
        pytest.param("---\nkind: Dial", id="no line break at the end"),
        pytest.param("<<<<<<< HEAD\n", id="merge conflict"),
    ],
)
def test_no_document_of_a_file_is_trusted_that_may_be_cut_off_or_mixed_up(end: str) -> None:
    result = load(f"{HEAD}---\n{SECOND}{end}".encode("utf-8", "surrogateescape"), "m.yaml", ANYONE)
    assert result.manifests == ()
    assert [broken.name for broken in result.broken[:2]] == ["vip-lounge", "second"]


def test_a_file_cut_off_anywhere_within_a_line_declares_nothing() -> None:
    text = f"{ONE_MESSAGE}      text: Opening hours 9-17\n      read: [123]\n"
    for end in range(1, len(text)):
        cut = text[:end]
        if not cut.rstrip(" ").endswith(("\n", "]")):
            assert loaded(cut).manifests == (), cut


def test_a_value_that_is_closed_needs_no_line_break_behind_it() -> None:
    for ending in ('text: "Hi"', "text: 'Hi'", "read: [7]"):
        assert only_message(f"      {ending}").id == MESSAGE


def digests(text: str) -> list[bytes]:
    return [manifest.digest for manifest in loaded(text).manifests]


def test_a_digest_is_of_the_document_alone_wherever_it_stands() -> None:
    (first,), (second,) = digests(HEAD), digests(SECOND)
    assert digests(f"# é\n---\n{HEAD}---\n\n{SECOND}...\n") == [first, second]
    assert digests(f"\ufeff{SECOND}---\n# 1\n{HEAD}") == [second, first]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("      text: é\n", "      text: e\n"),
        ("      text: |+\n        a\n\n", "      text: |+\n        a\n\n\n"),
        ("      read: [7]\n", "      read: [8]\n"),
        ("      read: [7]\n", "      read: [7] # a comment counts too\n"),
    ],
)
def test_a_digest_changes_with_its_document(before: str, after: str) -> None:
    assert digests(ONE_MESSAGE + before) != digests(ONE_MESSAGE + after)


def test_the_fingerprint_of_the_rules_tells_all_of_them_apart() -> None:
    one, two = UserId(1), UserId(2)
    rules = [
        Rules(acting=Acting()),
        Rules(acting=Acting(default=one)),
        Rules(acting=Acting(default=two)),
        Rules(acting=Acting(only=one)),
        Rules(acting=Acting(default=one, only=one)),
        Rules(acting=Acting(default=UserId(11))),
        Rules(acting=Acting(), max_text=9),
    ]
    assert len({each.fingerprint() for each in rules}) == len(rules)
    assert rules[0].fingerprint() == ANYONE.fingerprint()


def test_a_text_may_be_as_long_as_the_rules_say() -> None:
    rules = Rules(acting=Acting(), max_text=3)
    assert only_message("      text: 日本語\n", rules).text is not None
    assert problems(f"{ONE_MESSAGE}      text: Hello\n", rules) == [
        "m.yaml:10:13: text has 5 characters, 3 are allowed; shorten it, or raise RECONCILER_MAX_TEXT"
    ]


@pytest.mark.parametrize("enabled", [True, False])
def test_loading_leaves_the_garbage_collector_as_it_was(*, enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        loaded(WHOLE)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


def test_a_digest_changes_with_the_rules() -> None:
    acting = Acting(default=UserId(1)), Acting(default=UserId(2))
    first, second = (load(HEAD.encode(), "m.yaml", Rules(acting=who)).manifests for who in acting)
    assert first[0].digest != second[0].digest
