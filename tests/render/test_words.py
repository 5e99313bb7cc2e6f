"""Times as a reader wants them."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.render.words import ahead, took

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("gap", "shown"),
    [
        (timedelta(minutes=-5), "now"),
        (timedelta(0), "now"),
        (timedelta(seconds=90), "in 1 min 30 s"),
        (timedelta(days=30), "in 30 d 0 h"),
        (timedelta(days=31), "2026-12-23"),
    ],
)
def test_how_far_ahead_a_time_is(gap: timedelta, shown: str) -> None:
    assert ahead(NOW + gap, NOW) == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 ms"),
        (0.084, "84 ms"),
        (0.9996, "1.0 s"),
        (1.0, "1.0 s"),
        (1.25, "1.2 s"),
        (59.97, "1 min 0 s"),
        (75.0, "1 min 15 s"),
        (8000.0, "2 h 13 min"),
    ],
)
def test_a_length_of_time_that_was_measured_is_told_as_exactly_as_it_is_short(
    seconds: float, words: str
) -> None:
    assert took(seconds) == words
