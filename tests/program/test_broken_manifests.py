"""A manifest that can't be used holds its own dialog as it is, and no other."""

import pytest

from tests.program.chat import manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program


def texts(sandbox: LiveSandbox) -> list[object]:
    return [put.fields.get("message") for put in sandbox.puts()]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(manifest(2, "read: false", messages={0: "text: broken"}), id="by one value"),
        pytest.param(manifest(2, messages={0: "text: broken", 1: "txt: a"}), id="in another message"),
        pytest.param("just words\n", id="by being none"),
    ],
)
def test_a_broken_document_holds_its_dialog_and_the_documents_around_it_go_on(
    program: Program, sandbox: LiveSandbox, broken: str
) -> None:
    good = [manifest(n, messages={0: f"text: {n}"}) for n in (1, 2, 3, 4)]
    program.declare("file.yaml", good[0], good[1], good[2])
    program.run("apply")
    changed = [manifest(n, messages={0: f"text: {n} changed"}) for n in (1, 2, 3, 4)]
    program.declare("file.yaml", changed[0], broken, changed[2])
    program.declare("other.yaml", changed[3])
    done = program.run("apply", exits=3)
    assert set(texts(sandbox)[3:]) == {"1 changed", "3 changed", "4 changed"}
    assert sandbox.message(message_id(2, 0)).text == "2"
    assert "manifests/file.yaml:" in done.stderr
    assert program.status()["problems"]
    program.run("apply", exits=3)
    assert sandbox.arrived() == 6
    program.declare("file.yaml", *changed[:3])
    program.run("apply")
    assert texts(sandbox)[6:] == ["2 changed"]


def test_a_file_that_is_not_yaml_holds_its_dialogs_and_the_other_files_go_on(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("file.yaml", manifest(1, messages={0: "text: one"}))
    program.run("apply")
    program.declare("file.yaml", manifest(1, messages={0: 'text: "half a tex'}))
    program.declare("other.yaml", manifest(2, messages={0: "text: two"}))
    assert "manifests/file.yaml:8:" in program.run("apply", exits=3).stderr
    assert texts(sandbox) == ["one", "two"]


def test_two_manifests_for_one_dialog_are_both_named_and_neither_is_sent(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: one"}, name="one"))
    program.declare("two.yaml", manifest(5), manifest(1, messages={0: "text: two"}, name="two"))
    program.declare("three.yaml", manifest(3, messages={0: "text: three"}))
    done = program.run("apply", exits=3)
    assert texts(sandbox) == ["three"]
    lines = [line for line in done.stderr.splitlines() if "also declared" in line]
    assert [line.split(": ", 1)[0] for line in lines] == ["manifests/one.yaml:1:1", "manifests/two.yaml:8:1"]
    assert "manifests/two.yaml:8:1" in lines[0].split(": ", 1)[1]
    assert "manifests/one.yaml:1:1" in lines[1].split(": ", 1)[1]
    assert program.run("validate", exits=3).stdout.splitlines() == lines


def test_a_second_manifest_for_a_dialog_that_is_in_sync_is_refused_and_does_not_take_it_over(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: one"}, name="one"))
    program.run("apply")
    two = program.declare("two.yaml", manifest(1, messages={0: "text: two"}, name="two"))
    done = program.run("apply", exits=3)
    assert "manifests/two.yaml:1:1" in done.stderr
    assert "manifests/one.yaml:1:1" in done.stderr
    program.declare("one.yaml", manifest(1, messages={0: "text: one changed"}, name="one"))
    program.run("apply", exits=3)
    assert texts(sandbox) == ["one"], "while two claim the dialog nothing is sent for either"
    two.unlink()
    program.run("apply")
    assert texts(sandbox) == ["one", "one changed"]


def test_two_dialogs_of_one_name_are_refused(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", manifest(1, messages={0: "text: one"}, name="lounge"))
    program.declare("two.yaml", manifest(2, messages={0: "text: two"}, name="lounge"))
    assert 'the name "lounge" is also declared at' in program.run("apply", exits=3).stderr
    assert texts(sandbox) == []


def test_a_broken_manifest_still_claims_its_dialog(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("one.yaml", manifest(1, "read: false", messages={0: "text: one"}, name="one"))
    program.declare("two.yaml", manifest(1, messages={0: "text: two"}, name="two"))
    program.run("apply", exits=3)
    assert texts(sandbox) == []


def test_an_emptied_or_vanished_folder_never_means_that_nothing_is_wanted(
    program: Program, sandbox: LiveSandbox
) -> None:
    file = program.declare("one.yaml", manifest(1, messages={0: "text: one"}))
    program.run("apply")
    file.unlink()
    assert "manifests: no manifests there" in program.run("apply", exits=1).stderr
    program.manifests.rmdir()
    assert "manifests: not there" in program.run("apply", exits=1).stderr
    assert [dialog["condition"] for dialog in program.status()["dialogs"]] == ["in sync"]
    program.declare("one.yaml", manifest(1, messages={0: "text: one"}))
    program.run("apply")
    assert sandbox.arrived() == 1
