import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.backoff import wait
from reconciler.core.outcome import Cause, Deferred

OUTAGE = Deferred(Cause.OUTAGE)

deferrals = st.builds(
    Deferred, st.sampled_from(Cause), retry_after=st.none() | st.floats(0, 1e9, allow_nan=False)
)
shares = st.floats(0, 1, allow_nan=False)


@pytest.mark.parametrize(
    ("cause", "attempts", "seconds"),
    [
        (Cause.THROTTLED, 1, 1),
        (Cause.THROTTLED, 2, 2),
        (Cause.THROTTLED, 3, 4),
        (Cause.THROTTLED, 9, 256),
        (Cause.THROTTLED, 10, 300),
        (Cause.OUTAGE, 1, 2),
        (Cause.OUTAGE, 8, 256),
        (Cause.OUTAGE, 9, 300),
        (Cause.CREDENTIAL, 1, 15),
        (Cause.CREDENTIAL, 5, 240),
        (Cause.CREDENTIAL, 6, 300),
        (Cause.OUTAGE, 1_000_000_000, 300),
    ],
)
def test_the_longest_wait_doubles_up_to_five_minutes(cause: Cause, attempts: int, seconds: float) -> None:
    assert wait(Deferred(cause), attempts, jitter=1).total_seconds() == seconds


@pytest.mark.parametrize(("jitter", "seconds"), [(0, 0), (0.25, 2), (0.5, 4), (1, 8)])
def test_the_jitter_is_the_share_that_is_waited(jitter: float, seconds: float) -> None:
    assert wait(OUTAGE, 3, jitter).total_seconds() == seconds


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(None, 2), (0, 2), (0.5, 2.5), (30, 32), (60, 62), (61, 62), (1e9, 62), (float("inf"), 62)],
)
def test_a_wait_that_was_asked_for_is_honoured_up_to_a_minute(asked: float | None, seconds: float) -> None:
    assert wait(Deferred(Cause.OUTAGE, asked), 1, jitter=1).total_seconds() == seconds


@given(deferred=deferrals, attempts=st.integers(1), jitter=shares)
def test_a_wait_is_at_least_what_was_asked_for_and_never_over_six_minutes(
    deferred: Deferred, attempts: int, jitter: float
) -> None:
    seconds = wait(deferred, attempts, jitter).total_seconds()
    assert min(deferred.retry_after or 0, 60) <= seconds + 1e-6
    assert seconds <= 360


@given(deferred=deferrals, attempts=st.integers(1, 100), jitter=shares)
def test_a_later_attempt_never_waits_shorter_at_the_same_jitter(
    deferred: Deferred, attempts: int, jitter: float
) -> None:
    assert wait(deferred, attempts, jitter) <= wait(deferred, attempts + 1, jitter)
