"""A scan says when Git is changing the files."""

import os
import time
from pathlib import Path

import pytest

from reconciler.source.directory import Directory


def repository(top: Path) -> Path:
    (top / ".git").mkdir(parents=True)
    (top / "manifests").mkdir()
    (top / "manifests/x.yaml").write_text("x")
    return top


@pytest.mark.parametrize("root", [".", "manifests", "manifests/x.yaml"])
def test_a_lock_of_the_enclosing_repository_makes_a_scan_busy(root: str, tmp_path: Path) -> None:
    lock = repository(tmp_path) / ".git/index.lock"
    directory = Directory([tmp_path / root])
    assert directory.scan().busy is None
    lock.touch()
    scan = directory.scan()
    assert scan.busy == f"{lock} exists, so Git is changing the files"
    assert scan.complete
    lock.unlink()
    assert directory.scan().busy is None


@pytest.mark.parametrize("pointer", ["{}/main/.git/worktrees/w", "../main/.git/worktrees/w"])
def test_a_worktree_is_locked_where_its_git_file_points(pointer: str, tmp_path: Path) -> None:
    own = tmp_path / "main/.git/worktrees/w"
    own.mkdir(parents=True)
    worktree = tmp_path / "worktree"
    worktree.mkdir()
    (worktree / ".git").write_text(f"gitdir: {pointer.format(tmp_path)}\n")
    (tmp_path / "link").symlink_to("worktree")
    directory = Directory([tmp_path / "link"])
    (tmp_path / "main/.git/index.lock").touch()
    assert directory.scan().busy is None
    (own / "index.lock").touch()
    assert directory.scan().busy == f"{own}/index.lock exists, so Git is changing the files"


def test_a_repository_inside_a_root_counts_too(tmp_path: Path) -> None:
    (repository(tmp_path / "all/team") / ".git/index.lock").touch()
    assert Directory([tmp_path / "all"]).scan().busy is not None


def test_only_the_nearest_repository_counts(tmp_path: Path) -> None:
    (repository(tmp_path) / ".git/index.lock").touch()
    repository(tmp_path / "manifests/sub")
    assert Directory([tmp_path / "manifests/sub"]).scan().busy is None


@pytest.mark.parametrize("age", [120, -120])
def test_a_lock_that_a_crash_left_is_passed_over(age: int, tmp_path: Path) -> None:
    lock = repository(tmp_path) / ".git/index.lock"
    lock.touch()
    then = time.time() - age
    os.utime(lock, (then, then))
    assert Directory([tmp_path]).scan().busy is None


@pytest.mark.parametrize("content", ["", "gitdir:", "gitdir: ", "gitdir: none", "gitdir: \0", "g" * 10_000])
def test_a_git_file_that_makes_no_sense_is_passed_over(content: str, tmp_path: Path) -> None:
    (tmp_path / ".git").write_text(content)
    (tmp_path / "x.yaml").write_text("x")
    scan = Directory([tmp_path]).scan()
    assert (len(scan.files), scan.busy) == (1, None)


def test_a_git_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".git")
    assert Directory([tmp_path]).scan().busy is None
