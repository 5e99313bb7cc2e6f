"""What the container image promises, proved on a real one by `make test-image`; `make test` passes it by."""

import json
import re
from dataclasses import dataclass
from time import monotonic

import pytest

from tests.image.build import ROOT
from tests.image.containers import CALLS, GREETING, MANIFEST, Chat, Setup
from tests.image.podman import Podman

OURS = 65532
SOMEBODY = 1_000_720_000
"""A user id such as OpenShift makes up for a namespace; the image knows nothing of it."""

GROUP = 2000

COMPILERS = "as c++ cc clang cmake cpp g++ gcc go ld make rustc tcc"


@dataclass(frozen=True, slots=True)
class Inside:
    """Runs a shell line in a container of its own, on a root that is writable as far as its modes go."""

    podman: Podman
    image: str

    def __call__(self, line: str, *, user: int = OURS) -> list[str]:
        """Give what the line prints."""
        options = ("--rm", "--network=none", f"--user={user}", "--entrypoint=sh")
        return self.podman("run", *options, self.image, "-c", line).splitlines()


@pytest.fixture
def in_image(podman: Podman, image: str) -> Inside:
    return Inside(podman, image)


def test_the_image_says_how_it_is_run(podman: Podman, image: str) -> None:
    (found,) = json.loads(podman("image", "inspect", image))
    config = found["Config"]
    assert config["User"] == f"{OURS}:{OURS}"
    assert config["Entrypoint"] == ["reconciler"]
    assert config["Cmd"] == ["run", "/manifests"]
    assert config["StopSignal"] in {"SIGTERM", "15"}
    assert config["Volumes"] == {"/var/lib/reconciler": {}}
    assert config["ExposedPorts"] == {"9464/tcp": {}}
    assert config["WorkingDir"] == "/"
    assert config["Labels"]["org.opencontainers.image.title"] == "reconciler"
    assert found["Healthcheck"]["Test"] == ["CMD", "reconciler", "health"]


def test_nothing_in_it_compiles(in_image: Inside) -> None:
    assert in_image(f"for name in {COMPILERS}; do command -v $name; done; true") == []


def test_it_holds_the_pinned_packages_and_no_installer(in_image: Inside) -> None:
    listing = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()))"
    (line,) = in_image(f'python -I -c "{listing}"')
    found = {_normal(each) for each in line.split()}
    pins = re.findall(r"^\S+==\S+", (ROOT / "requirements/run.txt").read_text(encoding="utf-8"), re.MULTILINE)
    rest = found - {_normal(pin) for pin in pins}
    assert [each.partition("==")[0] for each in rest] == ["reconciler"]


def test_no_file_lends_its_owner_s_rights(in_image: Inside) -> None:
    assert in_image("find / -xdev -type f -perm /6000", user=0) == []
    capable = (
        "import os; from pathlib import Path; roots = map(Path, ('/usr', '/opt', '/etc', '/var')); "
        "print(*(f for r in roots for f in r.rglob('*') if f.is_file() and not f.is_symlink() "
        "and 'security.capability' in os.listxattr(f)))"
    )
    assert in_image(f'python -c "{capable}"', user=0) == [""]


def test_its_user_owns_nothing_and_writes_where_everybody_may(in_image: Inside) -> None:
    """On a writable root, and beside the ledger's directory."""
    seen = "find / -xdev -not -type l 2>/dev/null"
    assert in_image(f"{seen} -user {OURS}; true") == ["/var/lib/reconciler"]
    assert in_image(f"{seen} -writable -not -perm -1000; true") == ["/var/lib/reconciler"]
    assert in_image("stat -c %a /var/lib/reconciler") == ["700"]


def test_its_user_has_no_shell_and_no_home(in_image: Inside) -> None:
    (entry,) = in_image(f"getent passwd {OURS}")
    assert entry.endswith(":/nonexistent:/usr/sbin/nologin")


def test_nothing_is_compiled_again_at_each_start(in_image: Inside) -> None:
    imported = in_image("python -v -m reconciler run --help 2>&1 | grep '^# code object from'")
    assert len(imported) > 100
    assert [line for line in imported if not line.endswith(".pyc'")] == []


def test_it_stays_small(podman: Podman, image: str, base: str, facts: list[str]) -> None:
    whole, under = (
        int(podman("image", "inspect", "--format={{.Size}}", each)) / 1e6 for each in (image, base)
    )
    facts.append(f"image: {whole:.0f} MB, of which {whole - under:.0f} MB are not the base")
    assert whole - under < 90


def test_it_converges_a_folder_that_it_may_only_read(setup: Setup) -> None:
    setup.declare(MANIFEST)
    with setup.daemon():
        assert len(setup.chat.calls(at_least=CALLS)) == CALLS


def test_an_edit_on_the_host_makes_one_call(setup: Setup) -> None:
    setup.declare(MANIFEST)
    with setup.daemon() as container:
        setup.wait_until_ready(container)
        setup.declare(MANIFEST.replace("Good morning", "Good evening"))
        *_, last = calls = setup.chat.calls(at_least=CALLS + 1)
    assert len(calls) == CALLS + 1
    assert last["message"] == "Good evening"


def test_it_follows_the_link_that_git_sync_swaps(setup: Setup) -> None:
    setup.declare(MANIFEST, folder=".worktrees/one")
    setup.declare(MANIFEST.replace("Good morning", "Good evening"), folder=".worktrees/two")
    current, following = setup.manifests / "current", setup.manifests / "following"
    current.symlink_to(".worktrees/one")
    with setup.daemon(command=("run", "/manifests/current")) as container:
        setup.wait_until_ready(container)
        following.symlink_to(".worktrees/two")
        following.replace(current)
        *_, last = calls = setup.chat.calls(at_least=CALLS + 1)
    assert len(calls) == CALLS + 1
    assert last["message"] == "Good evening"


def test_it_runs_without_any_right(podman: Podman, setup: Setup) -> None:
    setup.declare(MANIFEST)
    with setup.daemon() as container:
        setup.wait_until_ready(container)
        status = podman("exec", container, "cat", "/proc/1/status")
        writable = "for place in / /tmp /var/tmp /manifests; do touch $place/x && echo $place; done; true"
        found = podman("exec", container, "sh", "-c", writable)
    has = dict(line.split(":", 1) for line in status.splitlines())
    assert {*has["Uid"].split(), *has["Gid"].split()} == {str(OURS)}
    assert [int(has[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")] == [0] * 5
    assert has["NoNewPrivs"].strip() == "1"
    assert found == ""


def test_the_ledger_lies_in_the_volume_for_its_owner_alone(podman: Podman, setup: Setup) -> None:
    setup.declare(MANIFEST)
    with setup.daemon() as container:
        setup.wait_until_ready(container)
        listed = podman("exec", container, "sh", "-c", "cd /var/lib/reconciler && stat -c '%n %u %a' *")
        status = podman("exec", container, "reconciler", "status", "-o", "json")
    files = {name: (int(user), mode) for name, user, mode in map(str.split, listed.splitlines())}
    assert "ledger.db" in files
    assert set(files.values()) == {(OURS, "600")}
    assert "opening-hours" in status


def test_people_can_ask_beside_the_daemon(podman: Podman, setup: Setup) -> None:
    """With the image's own settings: which ledger, and that `manifests` are in `/`."""
    setup.declare(MANIFEST)
    with setup.daemon() as container:
        setup.wait_until_ready(container)
        assert podman.attempt("exec", container, "reconciler", "plan", "--exit-code").returncode == 0
        setup.chat.calls(at_least=CALLS)
        assert GREETING in podman("exec", container, "reconciler", "history")


def test_its_health_check_tells_a_daemon_from_none(podman: Podman, chat: Chat, setup: Setup) -> None:
    setup.declare(MANIFEST)
    with setup.daemon() as container:
        setup.wait_until_ready(container)
        assert podman.attempt("healthcheck", "run", container).returncode == 0
    assert podman.attempt("healthcheck", "run", chat.container).returncode == 1


def test_a_stop_is_clean_and_a_new_container_calls_nothing(
    podman: Podman, setup: Setup, facts: list[str]
) -> None:
    setup.declare(MANIFEST)
    with setup.daemon() as container:
        setup.wait_until_ready(container)
        begun = monotonic()
        assert _stopped(podman, container) == 0
        facts.append(f"stop: {monotonic() - begun:.1f} s from SIGTERM to the end")
    begun = monotonic()
    with setup.daemon() as container:
        setup.wait_until_ready(container)
        facts.append(f"start: {monotonic() - begun:.1f} s from `podman run` to ready")
        assert len(setup.chat.calls()) == CALLS


def test_it_runs_as_any_user_whose_group_may_write_the_volume(podman: Podman, setup: Setup) -> None:
    """As Kubernetes does with `fsGroup`, on a disk that has just been formatted."""
    volume = f"--volume={setup.volume}:/var/lib/reconciler"
    line = f"cd /var/lib/reconciler && mkdir lost+found && chown 0:{GROUP} . && chmod 2770 ."
    podman("run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", volume, setup.image, "-c", line)
    setup.declare(MANIFEST)
    with setup.daemon(f"--user={SOMEBODY}:0", f"--group-add={GROUP}") as container:
        setup.wait_until_ready(container)
        assert len(setup.chat.calls(at_least=CALLS)) == CALLS
        owner = podman("exec", container, "stat", "-c", "%u %a", "/var/lib/reconciler/ledger.db")
    assert owner.split() == [str(SOMEBODY), "600"]


@pytest.mark.parametrize("ledger", ["ro", "rw"], ids=["a read-only volume", "a volume of somebody else"])
def test_a_ledger_that_cannot_be_written_is_one_line_of_the_log_and_the_end(
    podman: Podman, setup: Setup, ledger: str
) -> None:
    setup.declare(MANIFEST)
    user = "--user=1234:1234" if ledger == "rw" else f"--user={OURS}:{OURS}"
    done = podman.attempt("run", "--rm", *setup.arguments(user, ledger=ledger))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    told = json.loads(line)
    assert (told["level"], told["event"]) == ("critical", "failed")
    assert told["what"].startswith("/var/lib/reconciler/ledger.db: the ")
    assert setup.chat.calls() == []


def _stopped(podman: Podman, container: str) -> int:
    """Stop a container as an orchestrator does; give its exit code: 137 where it had to be killed."""
    podman("stop", "--time=20", container)
    return int(podman("inspect", "--format={{.State.ExitCode}}", container))


def _normal(requirement: str) -> str:
    return re.sub(r"[-_.]+(?=.*==)", "-", requirement).lower()
