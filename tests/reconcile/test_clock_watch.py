"""Whether a clock was set: a table of what it said, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.daemon.clock_watch import ClockWatch

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        pytest.param((0, 0, 0), (False, False, False), id="it goes on as time does"),
        pytest.param((7200, 7200), (False, False), id="it is wrong and stays so"),
        pytest.param((0, 7200, 7200), (False, True, False), id="set forward"),
        pytest.param((7200, 0, 0), (False, True, False), id="set back"),
        pytest.param((0, 7200, 0), (False, True, True), id="set forward and back"),
        pytest.param((0, 1, 0, -1), (False, False, False, False), id="a step of a second"),
        pytest.param((0, 1.5), (False, True), id="more than a second"),
        pytest.param((0, 0.6, 1.2, 1.8, 2.4), (False, False, True, False, True), id="little by little"),
    ],
)
def test_a_clock_was_set_where_it_moved_apart_from_time(
    ahead: tuple[float, ...], told: tuple[bool, ...]
) -> None:
    watch = ClockWatch()
    seconds = [(1000.0 + 2 * beat, off) for beat, off in enumerate(ahead)]
    times = [(NOON + timedelta(seconds=steady + off), steady) for steady, off in seconds]
    assert tuple(watch.was_set(clock, steady) for clock, steady in times) == told
