"""The daemon sees what changes on disk, however it is written, and sends just that."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.sandbox.faults import Delay, FaultRule
from tests.program.chat import dialog_id, manifest, message_id
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program
from tests.program.waiting import wait_for

Save = Callable[[Path, str], None]

both_ways = pytest.mark.parametrize("watch", ["inotify", "poll"])


def hello(text: str) -> str:
    return manifest(1, messages={0: f"text: {text}", 1: "text: stays"})


def swap(link: Path, target: str) -> None:
    """Point a symbolic link elsewhere in one step, as git-sync and the kubelet do it."""
    draft = link.with_name(f"{link.name}.new")
    draft.symlink_to(target)
    draft.rename(link)


def in_place(path: Path, content: str) -> None:
    path.write_text(content)


def by_renaming(path: Path, content: str) -> None:
    draft = path.with_name(f".{path.name}.swp")
    draft.write_text(content)
    draft.rename(path)


def with_a_backup(path: Path, content: str) -> None:
    path.rename(path.with_name(f"{path.name}~"))
    path.write_text(content)


def by_making_it_anew(path: Path, content: str) -> None:
    path.unlink()
    path.write_text(content)


@both_ways
@pytest.mark.parametrize("save", [in_place, by_renaming, with_a_backup, by_making_it_anew])
def test_an_edit_is_sent_however_an_editor_saves(
    program: Program, sandbox: LiveSandbox, watch: str, save: Save
) -> None:
    path = program.declare("team/one.yaml", hello("first"))
    with program.daemon("--watch", watch) as daemon:
        sandbox.sees_puts(2)
        for text in ("second", "third"):
            save(path, hello(text))
            put = sandbox.sees_text(text)
            assert put.path == f"/chat/Message/{message_id(1, 0)}.json"
            assert put.fields == {"chat_dialog_id": dialog_id(1), "message": text}
        daemon.stop()
    assert sandbox.arrived() == 4


@both_ways
def test_files_that_come_and_go_are_seen(program: Program, sandbox: LiveSandbox, watch: str) -> None:
    program.declare("one.yaml", hello("first"))
    with program.daemon("--watch", watch) as daemon:
        daemon.becomes_ready()
        program.declare("new/folder/two.yaml", manifest(2, messages={0: "text: in a new folder"}))
        sandbox.sees_text("in a new folder")
        shutil.rmtree(program.manifests / "new")
        wait_for(lambda: daemon.metric("reconciler_manifest_files") == 1, "the file is gone")
        program.declare("two.yaml", manifest(2, messages={0: "text: moved and changed"}))
        sandbox.sees_text("moved and changed")
        daemon.stop()
    assert sandbox.arrived() == 4


@both_ways
def test_a_config_map_is_seen_each_time_it_is_swapped(
    program: Program, sandbox: LiveSandbox, watch: str
) -> None:
    mount = program.manifests
    mount.mkdir()

    def version(number: int) -> None:
        """Do what the kubelet does: a new folder, `..data` swapped, the old folder removed."""
        folder = mount / f"..2026_11_2{number}"
        folder.mkdir()
        (folder / "one.yaml").write_text(hello(f"version {number}"))
        old = (mount / "..data").resolve()
        swap(mount / "..data", folder.name)
        if number > 1:
            shutil.rmtree(old)

    version(1)
    (mount / "one.yaml").symlink_to("..data/one.yaml")
    with program.daemon("--watch", watch) as daemon:
        for number in (1, 2, 3, 4):
            if number > 1:
                version(number)
            sandbox.sees_text(f"version {number}")
        daemon.stop()
    assert sandbox.arrived() == 5


@both_ways
def test_a_git_sync_worktree_is_seen_each_time_its_link_is_swapped(
    program: Program, sandbox: LiveSandbox, watch: str
) -> None:
    root = program.directory / "git"

    def worktree(number: int) -> None:
        folder = root / "worktrees" / f"{number:040x}" / "chat"
        folder.mkdir(parents=True)
        (folder / "one.yaml").write_text(hello(f"commit {number}"))
        old = (root / "current").resolve()
        swap(root / "current", f"worktrees/{number:040x}")
        if number > 1:
            shutil.rmtree(old)

    worktree(1)
    with program.daemon("--watch", watch, "git/current/chat") as daemon:
        for number in (1, 2, 3, 4):
            if number > 1:
                worktree(number)
            sandbox.sees_text(f"commit {number}")
        daemon.stop()
    assert sandbox.arrived() == 5
    assert program.history()[0]["origin"].startswith("git/current/chat/one.yaml:")


@both_ways
def test_while_the_folder_is_gone_nothing_is_sent_and_readyz_says_why(
    program: Program, sandbox: LiveSandbox, watch: str
) -> None:
    program.declare("one.yaml", hello("first"))
    with program.daemon("--watch", watch) as daemon:
        daemon.becomes_ready()
        away = program.manifests.rename(program.directory / "away")
        daemon.becomes_unready("manifests: not there; its dialogs stay as they are until it is back")
        assert daemon.metric('reconciler_hindered{by="source"}') == 1
        assert daemon.get("/healthz").status == 200
        assert [dialog["condition"] for dialog in program.status()["dialogs"]] == ["in sync"]
        (away / "one.yaml").write_text(hello("second"))
        away.rename(program.manifests)
        sandbox.sees_text("second")
        daemon.becomes_ready()
        shutil.rmtree(program.manifests)
        daemon.becomes_unready("not there")
        program.manifests.mkdir()
        daemon.becomes_unready("no manifests there")
        program.declare("one.yaml", hello("third"))
        sandbox.sees_text("third")
        daemon.becomes_ready()
        daemon.stop()
    assert sandbox.arrived() == 4


def test_the_daemon_may_start_before_its_manifests_are_there(program: Program, sandbox: LiveSandbox) -> None:
    with program.daemon() as daemon:
        daemon.becomes_unready("manifests: not there")
        program.declare("one.yaml", hello("first"))
        sandbox.sees_puts(2)
        daemon.becomes_ready()
        daemon.stop()


def test_a_burst_of_saves_is_few_passes_and_the_last_state_wins(
    program: Program, sandbox: LiveSandbox
) -> None:
    path = program.declare("one.yaml", hello("first"))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        before = daemon.total("reconciler_passes_total")
        for number in range(50):
            path.write_text(hello(f"save {number}"))
        sandbox.sees_text("save 49")
        calls = sandbox.arrived() - 2
        wait_for(lambda: daemon.total("reconciler_passes_total") >= before + calls, "the last pass is over")
        passes = daemon.total("reconciler_passes_total") - before
        daemon.stop()
    assert passes <= 10
    assert sandbox.arrived() == 2 + calls, "after the last state nothing is sent"
    assert sandbox.message(message_id(1, 0)).text == "save 49"


def test_a_broken_edit_holds_its_dialog_and_the_mended_one_is_sent(
    program: Program, sandbox: LiveSandbox
) -> None:
    program.declare("one.yaml", hello("first"))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        program.declare("one.yaml", hello("second").replace("apiVersion", "apiVision"))
        program.declare("two.yaml", manifest(2, messages={0: "text: goes on"}))
        sandbox.sees_text("goes on")
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="invalid"}') == 1, "one is invalid")
        assert daemon.metric("reconciler_manifest_problems") >= 1
        assert daemon.get("/readyz").status == 200
        assert "manifests/one.yaml:1:1" in daemon.stderr
        program.declare("one.yaml", hello("mended"))
        sandbox.sees_text("mended")
        wait_for(lambda: daemon.metric('reconciler_dialogs{condition="in sync"}') == 2, "both are in sync")
        assert daemon.metric("reconciler_manifest_problems") == 0
        daemon.stop()
    assert sandbox.arrived() == 4


def test_a_touch_or_the_same_content_again_makes_no_call_and_no_pass(
    program: Program, sandbox: LiveSandbox
) -> None:
    path = program.declare("one.yaml", hello("first"))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        before = daemon.total("reconciler_passes_total")
        path.write_text(hello("first"))
        os.utime(path, (0, 0))
        program.declare("notes.txt", "not a manifest")
        program.declare("two.yaml", manifest(2, messages={0: "text: seen after all that"}))
        sandbox.sees_text("seen after all that")
        wait_for(lambda: daemon.total("reconciler_passes_total") > before, "the pass is over")
        assert daemon.total("reconciler_passes_total") == before + 1
        daemon.stop()


def test_suspending_and_resuming_by_an_edit_needs_no_restart(program: Program, sandbox: LiveSandbox) -> None:
    suspend = "suspend: {reason: legal hold, until: 2099-01-01T00:00:00Z}"
    messages = {0: "text: held back"}
    program.declare("one.yaml", manifest(1, suspend, messages=messages))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        assert daemon.metric('reconciler_changes_held{reason="suspended"}') == 1
        assert sandbox.arrived() == 0
        program.declare("one.yaml", manifest(1, messages=messages))
        sandbox.sees_text("held back")
        daemon.stop()


@both_ways
@pytest.mark.parametrize("save", [in_place, by_renaming])
def test_a_single_file_can_be_watched_also_through_a_link(
    program: Program, sandbox: LiveSandbox, watch: str, save: Save
) -> None:
    path = program.declare("../elsewhere/one.yaml", hello("first"))
    other = program.declare("../elsewhere/two.yaml", hello("by another target"))
    (program.directory / "link.yaml").symlink_to("elsewhere/one.yaml")
    with program.daemon("--watch", watch, "link.yaml") as daemon:
        sandbox.sees_text("first")
        save(path, hello("second"))
        sandbox.sees_text("second")
        swap(program.directory / "link.yaml", str(other.relative_to(program.directory)))
        sandbox.sees_text("by another target")
        daemon.stop()


def test_a_file_that_can_no_longer_be_used_is_told_of_and_holds_its_dialog(
    program: Program, sandbox: LiveSandbox
) -> None:
    path = program.declare("one.yaml", hello("first"))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        path.unlink()
        os.mkfifo(path)
        wait_for(lambda: daemon.metric("reconciler_manifest_problems") == 1, "a metric tells of the problem")
        assert "manifests/one.yaml" in daemon.says(r"unreadable .*not a regular file.*")[0]
        path.unlink()
        path.write_text(hello("second"))
        sandbox.sees_text("second")
        wait_for(lambda: daemon.metric("reconciler_manifest_problems") == 0, "the problem is over")
        daemon.says(r" readable again origin=manifests/one\.yaml")
        daemon.stop()
    assert sandbox.arrived() == 3


def test_what_is_suspended_is_sent_as_soon_as_that_is_over(program: Program, sandbox: LiveSandbox) -> None:
    until = datetime.now(UTC) + timedelta(seconds=3)
    suspend = f"suspend: {{reason: for a moment, until: {until.isoformat()}}}"
    program.declare("one.yaml", manifest(1, suspend, messages={0: "text: after all"}))
    with program.daemon() as daemon:
        daemon.becomes_ready()
        put = sandbox.sees_text("after all")
        daemon.stop()
    assert put.at >= until.timestamp()


def test_a_slow_call_for_one_dialog_does_not_hold_up_another(program: Program, sandbox: LiveSandbox) -> None:
    program.declare("slow.yaml", manifest(1, messages={0: "text: slow"}))
    sandbox.let_fail(FaultRule(fault=Delay(seconds=8), times=1))
    with program.daemon() as daemon:
        sandbox.sees(lambda log: log.arrived == 1, "the slow call")
        program.declare("fast.yaml", manifest(2, messages={0: "text: fast"}))
        sandbox.sees_text("fast")
        assert sandbox.message(message_id(1, 0)).text != "slow"
        daemon.kill()
