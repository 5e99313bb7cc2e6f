"""A secret's file is read again when it has other content, and never believed when it cannot be used."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.chat_api.errors import CredentialError
from reconciler.chat_api.secret import Secret
from reconciler.chat_api.secret_file import SecretFile, SecretFiles

SETTING = "RECONCILER_API_KEY_FILE"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("first")
    return path


@pytest.fixture
def file(path: Path, clock: Clock) -> SecretFile:
    return SecretFile(path, setting=SETTING, clock=clock)


def rename_over(path: Path, content: str) -> None:
    """Put another file in the place of `path`, as an editor or a deployment does."""
    new = path.with_name("new")
    new.write_text(content)
    new.rename(path)


def make_empty(path: Path) -> None:
    path.write_text("")


def write_garbage(path: Path) -> None:
    path.write_bytes(b"\xff\x00half")


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def make_a_dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


UNUSABLE = [
    (Path.unlink, "does not exist"),
    (make_a_dangling_link, "does not exist"),
    (make_empty, "is empty"),
    (write_garbage, "control character"),
    (make_a_folder, "regular file"),
    (make_a_pipe, "regular file"),
]


@pytest.mark.parametrize(("spoil", "what"), UNUSABLE)
def test_a_file_that_cannot_be_used_at_the_start_is_explained_without_its_name(
    tmp_path: Path, spoil: Callable[[Path], None], what: str
) -> None:
    path = tmp_path / "canary"
    path.write_text("canary")
    spoil(path)
    with pytest.raises(CredentialError, match=what) as caught:
        SecretFile(path, setting=SETTING)
    assert str(caught.value).startswith(f"{SETTING}: ")
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("path", [Path("canary" * 1000), Path("canary\0"), Path("/dev/null/canary")])
def test_a_name_that_is_none_is_explained(path: Path) -> None:
    with pytest.raises(CredentialError, match="cannot be read") as caught:
        SecretFile(path, setting=SETTING)
    assert "canary" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else_is_explained(path: Path) -> None:
    path.chmod(0)
    with pytest.raises(CredentialError, match="may not be read"):
        SecretFile(path, setting=SETTING)


def test_an_unreadable_file_costs_no_descriptor(file: SecretFile, path: Path) -> None:
    make_a_folder(path)
    file.look()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        file.look()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_file_put_in_its_place_is_taken_at_once(file: SecretFile, path: Path) -> None:
    rename_over(path, "second")
    assert (file.reveal(), file.edition) == ("first", 0)
    file.look()
    assert (file.reveal(), file.edition) == ("second", 1)
    file.look()
    assert file.edition == 1


def test_a_kubernetes_secret_that_was_swapped_is_taken_at_once(tmp_path: Path, clock: Clock) -> None:
    for version in ("1", "2"):
        folder = tmp_path / f"..{version}"
        folder.mkdir()
        (folder / "key").write_text(f"key-{version}\n")
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "key").symlink_to("..data/key")
    file = SecretFile(tmp_path / "key", setting=SETTING, clock=clock)
    file.look()
    assert file.reveal() == "key-1"
    (tmp_path / "..data_tmp").symlink_to("..2")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    file.look()
    assert file.reveal() == "key-2"


def test_the_same_content_is_the_same_edition(file: SecretFile, path: Path) -> None:
    rename_over(path, "first\n")
    file.look()
    path.touch()
    file.look()
    assert (file.reveal(), file.edition) == ("first", 0)


def test_a_file_written_in_place_is_taken_once_it_stayed_the_same(
    file: SecretFile, path: Path, clock: Clock
) -> None:
    path.write_text("sec")
    file.look()
    clock.now += 0.9
    path.write_text("second")
    file.look()
    clock.now += 0.9
    file.look()
    assert file.reveal() == "first", "neither half of it nor all of it is a second old"
    clock.now += 0.1
    file.look()
    assert (file.reveal(), file.edition) == ("second", 1)


def test_a_file_of_the_same_size_and_time_is_seen(file: SecretFile, path: Path, clock: Clock) -> None:
    file.look()
    state = path.stat()
    path.write_text("FIRST")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    file.look()
    clock.now += 1
    file.look()
    assert file.reveal() == "FIRST"


def test_what_the_service_refuses_is_given_up_for_anything_else(file: SecretFile, path: Path) -> None:
    path.write_text("second")
    file.look(refused=True)
    assert file.reveal() == "second"


def test_a_refusal_counts_until_there_is_something_else(file: SecretFile, path: Path) -> None:
    file.look(refused=True)
    path.write_text("second")
    file.look()
    assert file.reveal() == "second"
    path.write_text("third")
    file.look()
    assert file.reveal() == "second", "nobody refused the second"


@pytest.mark.parametrize(("spoil", "what"), UNUSABLE)
def test_what_was_read_before_stays_in_use(
    file: SecretFile, path: Path, spoil: Callable[[Path], None], what: str
) -> None:
    spoil(path)
    for refused in (False, True):
        file.look(refused=refused)
        assert (file.reveal(), file.edition) == ("first", 0)
        assert file.trouble is not None
        assert what in file.trouble
        assert file.trouble.endswith("what was read before stays in use")


def test_a_file_that_can_be_used_again_is(file: SecretFile, path: Path, clock: Clock) -> None:
    path.unlink()
    file.look()
    path.write_text("second")
    file.look()
    clock.now += 1
    file.look()
    assert (file.reveal(), file.edition, file.trouble) == ("second", 1, None)


def test_an_operator_is_told_once_of_each_thing(file: SecretFile, path: Path) -> None:
    told: list[tuple[int, str]] = []
    files = SecretFiles([Secret("canary"), file], lambda level, words: told.append((level, words)))

    def look_twice() -> list[tuple[int, str]]:
        told.clear()
        files.look()
        files.look()
        return told

    assert look_twice() == []
    make_empty(path)
    [(level, words)] = look_twice()
    assert level == logging.WARNING
    assert words.startswith(f"{SETTING}: is empty")
    write_garbage(path)
    [(level, words)] = look_twice()
    assert words.startswith(f"{SETTING}: holds a space, a line break, a control character")
    before = files.editions
    rename_over(path, "canary")
    assert look_twice() == [(logging.INFO, f"{SETTING}: holds another secret now; it is used from here on")]
    assert files.editions != before
