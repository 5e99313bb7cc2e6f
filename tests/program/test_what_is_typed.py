"""What is typed is what is sent; what can't be sent is refused, with its place and what to do."""

import os
from pathlib import Path
from typing import Final

import pytest

from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.seed import Credentials, Seed, SeedDialog, SeedMessage
from tests.program.chat import ANN, KEY, TOKEN, chat, dialog_id, manifest, message_id
from tests.program.live_sandbox import LiveSandbox, live_sandbox
from tests.program.program import Program

TEXTS: Final = [
    ("no", "no"),
    ("Off", "Off"),
    ("true", "true"),
    ("1.10", "1.10"),
    ("0777", "0777"),
    ("1_000", "1_000"),
    ("2026-11-22", "2026-11-22"),
    ("2001-13-45", "2001-13-45"),
    ("12:30", "12:30"),
    ("1e3", "1e3"),
    (".inf", ".inf"),
    ("0x10", "0x10"),
    ("053e10", "053e10"),
    ('"null"', "null"),
    ("'it''s'", "it's"),
    ('"tab\\tand \\u00e4"', "tab\tand ä"),
    ("Grüße 👋 aus Köln", "Grüße 👋 aus Köln"),
    ("https://example.org/#top", "https://example.org/#top"),
    ('"  spaces  "', "  spaces  "),
    ("|\n        two\n        lines\n", "two\nlines\n"),
    (">-\n        one\n        line\n", "one line"),
]


def test_texts_reach_the_chat_as_they_were_typed(tmp_path: Path) -> None:
    with live_sandbox(SandboxOptions(seed=chat(dialogs=1, messages=len(TEXTS)))) as sandbox:
        program = Program(tmp_path, RECONCILER_API_URL=sandbox.url, RECONCILER_API_KEY=KEY)
        messages = [
            f"    - id: {message_id(0, number)}\n      text: {typed}\n"
            for number, (typed, _) in enumerate(TEXTS)
        ]
        program.declare("one.yaml", manifest(0, "messages:") + "".join(messages))
        program.run("apply")
        assert [sandbox.message(message_id(0, number)).text for number in range(len(TEXTS))] == [
            sent for _, sent in TEXTS
        ]


IDS: Final = [
    "012345670123456701234567",  # YAML reads this as octal
    "123456789012345678901234",  # and this as a decimal
    "053e10123456789012345678",  # and this as a floating-point number
    "000000000000000000000000",  # and this as zero
]


def test_unquoted_ids_reach_the_chat_as_they_were_typed(tmp_path: Path) -> None:
    seed = Seed(
        dialogs=tuple(SeedDialog(id=each, occupants=(ANN,)) for each in IDS),
        messages=tuple(SeedMessage(id=each, dialog=each, sender=ANN) for each in IDS),
        credentials=Credentials(api_keys=(KEY,)),
    )
    with live_sandbox(SandboxOptions(seed=seed)) as sandbox:
        program = Program(tmp_path, RECONCILER_API_URL=sandbox.url, RECONCILER_API_KEY=KEY)
        for number, each in enumerate(IDS):
            typed = manifest(number, "messages:").replace(dialog_id(number), each)
            program.declare(f"{number}.yaml", f"{typed}    - id: {each}\n      text: hello\n")
        program.run("apply")
        sent = {put.path: put.fields["chat_dialog_id"] for put in sandbox.puts()}
    assert sent == {f"/chat/Message/{each}.json": each for each in IDS}


AN_ID: Final = message_id(1, 0)

REFUSED: Final = [
    ("read: false", "7:9", "can't be reached"),
    ("delivered: no", "7:14", "can't be reached"),
    ("messages: [{id: 53aabe15e4b077ddd43e7fd, text: a}]", "7:19", "24 hexadecimal digits"),
    ("messages: [{id: '', text: a}]", "7:19", "24 hexadecimal digits"),
    ("messages: [{id: 53AABE15e4b077ddd43e7fd3, text: a}]", "7:19", "53aabe15e4b077ddd43e7fd3"),
    (f'messages: [{{id: {AN_ID}, text: ""}}]', "7:51", "text is empty"),
    (f"messages: [{{id: {AN_ID}, text: 12345678901}}]", "7:51", "RECONCILER_MAX_TEXT"),
    (f'messages: [{{id: {AN_ID}, text: "a\\0"}}]', "7:51", "U+0000"),
    (f"messages: [{{id: {AN_ID}, txt: a}}]", "7:45", 'did you mean "text"?'),
    (f"messages: [{{id: {AN_ID}, text: a, text: b}}]", "7:54", "twice"),
    (f"messages: [{{id: {AN_ID}, text: a}}, {{id: {AN_ID}, text: b}}]", "7:55", "twice"),
    ("read: []", "7:9", "empty"),
    ("interval: 10m", "7:13", "read or delivered"),
    ("suspend: {reason: later}", "7:12", "until"),
    ("suspend: {reason: later, until: 2026-12-01}", "7:35", "time zone"),
]
"""A line of a `spec`, where in the file the problem is, and some of what is said of it."""


def test_everything_that_cannot_be_meant_is_refused_with_its_place_and_what_to_do(offline: Program) -> None:
    for number, (line, _, _) in enumerate(REFUSED):
        offline.declare(f"{number:02}.yaml", manifest(number, line))
    done = offline.run("validate", exits=3, environ={"RECONCILER_MAX_TEXT": "10"})
    lines = done.stdout.splitlines()
    for number, (line, place, words) in enumerate(REFUSED):
        said = [each for each in lines if each.startswith(f"manifests/{number:02}.yaml:{place}: ")]
        assert any(words in each and "; " in each for each in said), (
            f"{line!r} gave {said} in:\n{done.stdout}"
        )
    planned = offline.run("plan", exits=3, environ={"RECONCILER_MAX_TEXT": "10"}).stdout
    assert planned.startswith("Nothing to send.\n")


def test_all_problems_of_a_file_are_shown_at_once(offline: Program) -> None:
    offline.declare(
        "one.yaml",
        manifest(1, "read: false", "intervall: 5", messages={0: "text: a, reed: true"}),
        manifest(1),
    )
    done = offline.run("validate", exits=3)
    places = [line.split(": ", 1)[0] for line in done.stdout.splitlines()]
    for place in ("7:9", "8:3", "10:47"):
        assert f"manifests/one.yaml:{place}" in places, done.stdout
    assert "problems" in done.stderr


def test_valid_manifests_are_said_to_be_valid(offline: Program) -> None:
    offline.declare("one.yaml", manifest(1, "read: true"), manifest(2, "delivered: [1, 2]"))
    done = offline.run("validate")
    assert (done.stdout, done.stderr) == ("", "1 file, 2 dialogs: all valid\n")
    document = offline.run("validate", "-o", "json").document()
    assert (document["files"], document["dialogs"], document["problems"]) == (1, 2, [])


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_user_the_token_cannot_act_for_is_refused_before_anything_is_sent(
    offline: Program, command: str
) -> None:
    offline.declare("one.yaml", manifest(1, "read: [111, 222]"))
    token = {"RECONCILER_TOKEN": TOKEN, "RECONCILER_ACT_AS": "111"}
    done = offline.run(command, exits=3, environ=token)
    assert "manifests/one.yaml:7:15: this credential acts only for user 111, not for 222" in (
        done.stdout + done.stderr
    )


@pytest.mark.slow
def test_files_made_to_do_harm_are_refused_in_bounded_time_and_the_others_go_on(
    program: Program, sandbox: LiveSandbox
) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(c)}: &{chr(c)} [*{chr(c - 1)}, *{chr(c - 1)}]\n" for c in range(ord("b"), ord("z"))
    )
    harmful = {
        "bomb.yaml": bomb.encode(),
        "deep.yaml": b"[" * 50_000,
        "latin.yaml": manifest(2, messages={0: "text: Grüße"}).encode("latin-1"),
        "zeros.yaml": bytes(5000),
        "tag.yaml": b"!!python/object/apply:os.system ['true']\n",
        "half.yaml": manifest(3, messages={0: 'text: "half'}).encode()[:-3],
        "surrogate.yaml": manifest(4, messages={0: 'text: "\\ud800"'}).encode(),
    }
    for name, content in harmful.items():
        program.declare(name).write_bytes(content)
    with program.declare("huge.yaml").open("wb") as huge:
        huge.truncate(300_000_000)
    program.declare("loop.yaml").unlink()
    (program.manifests / "loop.yaml").symlink_to("loop.yaml")
    (program.manifests / "out.yaml").symlink_to("/etc/hostname")
    (program.manifests / "round").symlink_to(".")
    os.mkfifo(program.manifests / "pipe.yaml")
    os.close(os.open(os.fsencode(program.manifests) + b"/\xff\n.yaml", os.O_CREAT))
    program.declare("good.yaml", manifest(1, messages={0: "text: hello"}))
    done = program.run("apply", exits=3)
    for name in (*harmful, "huge.yaml", "loop.yaml", "out.yaml", "pipe.yaml", "\\udcff\\n.yaml"):
        assert f"manifests/{name}:" in done.stderr
    assert [put.fields["message"] for put in sandbox.puts()] == ["hello"]
