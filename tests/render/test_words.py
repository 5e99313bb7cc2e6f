"""Times as a reader wants them."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.render.words import ahead

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
