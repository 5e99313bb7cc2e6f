"""When a look at the files counts as a success."""

import pytest

from reconciler.core.condition import Condition
from reconciler.core.file_report import FileReport
from reconciler.core.problem import Problem
from reconciler.daemon.health import Health
from reconciler.daemon.state import State
from reconciler.source.directory import ManifestFile, Scan
from tests.core.builders import HERE, MINUTE, NOW
from tests.metrics.shown import file

WELL = (Condition.IN_SYNC, Condition.SUSPENDED)
MANIFEST = ManifestFile(path="a.yaml", location="/a.yaml", content=b"")
SEEN = Scan(here="/", files=(MANIFEST,))
UNREADABLE = Scan(here="/", files=(MANIFEST,), problems=(Problem(HERE, "can't be read", "let me"),))
INCOMPLETE = Scan(here="/", files=(MANIFEST,), complete=False)


def after(scan: Scan, *files: FileReport, **hindrances: str) -> Health:
    """Look at the files and find nothing to do, a minute after a look that found all well."""
    health = Health()
    state = State(health, ())
    state.seen(SEEN, NOW)
    state.calm((), NOW)
    state.hinder(**hindrances)
    state.seen(scan, NOW + MINUTE)
    state.calm(files, NOW + MINUTE)
    assert health.last_attempt_at == NOW + MINUTE
    return health


@pytest.mark.parametrize("condition", WELL)
def test_it_is_one_where_all_is_as_declared_or_suspended(condition: Condition) -> None:
    assert after(SEEN, file("/a.yaml", condition)).last_success_at == NOW + MINUTE


@pytest.mark.parametrize("condition", [each for each in Condition if each not in WELL])
def test_it_is_none_where_a_dialog_is_not(condition: Condition) -> None:
    assert after(SEEN, file("/a.yaml", Condition.IN_SYNC, condition)).last_success_at == NOW


@pytest.mark.parametrize("scan", [UNREADABLE, INCOMPLETE])
def test_it_is_none_where_not_every_file_could_be_seen_and_read(scan: Scan) -> None:
    assert after(scan, file("/a.yaml", Condition.IN_SYNC)).last_success_at == NOW


@pytest.mark.parametrize("by", ["ledger", "service"])
def test_it_is_none_where_something_stands_in_the_way(by: str) -> None:
    assert after(SEEN, file("/a.yaml", Condition.IN_SYNC), **{by: "is away"}).last_success_at == NOW


def test_a_bug_of_a_turn_before_is_over() -> None:
    assert after(SEEN, file("/a.yaml", Condition.IN_SYNC), bug="a bug").last_success_at == NOW + MINUTE
