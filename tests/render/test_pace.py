"""How fast calls come back, and how long those that are left take, in words."""

import pytest

from reconciler.render.pace import Pace, pace_words


def paced(every: float, until: float) -> Pace:
    """Give the pace of calls that come back one by one from 0 on."""
    pace = Pace(0.0)
    for number in range(1, round(until / every) + 1):
        pace.answered(number * every)
    return pace


def test_the_rate_is_that_of_late() -> None:
    pace = paced(0.1, 10)
    assert pace.rate(10, None) == pytest.approx(10, rel=0.02)
    assert pace.rate(12, None) == pytest.approx(6, rel=0.04), "nothing came back for two seconds"
    assert pace.rate(16, None) == 0
    assert pace.done == 100


def test_the_first_second_is_not_made_into_a_rate() -> None:
    pace = Pace(0.0)
    pace.answered(0.01)
    assert pace.rate(0.01, None) == 1
    assert pace.left(40, 0.01, 20.0) == 2, "as the limit allows"
    assert pace.left(40, 0.01, None) == 40


@pytest.mark.parametrize(("limit", "seconds"), [(20.0, 10.0), (10.0, 10.0), (5.0, 20.0), (None, 10.0)])
def test_what_is_left_takes_as_long_as_the_service_or_the_limit_makes_it(
    limit: float | None, seconds: float
) -> None:
    assert paced(0.1, 10).left(100, 10, limit) == pytest.approx(seconds, rel=0.02)


def test_a_lower_limit_counts_at_once() -> None:
    pace = paced(0.05, 10)
    assert pace_words(pace, 100, 10, limit=20.0, ceiling=20.0) == "20.0 calls/s, 5 s left"
    assert pace_words(pace, 100, 10, limit=10.0, ceiling=20.0) == "10.0 calls/s (slowed to 10), 10 s left"
    assert pace_words(pace, 100, 10, limit=80.0, ceiling=None) == "20.0 calls/s (slowed to 80), 5 s left"


def test_a_rate_of_less_than_a_call_in_the_window_is_still_one() -> None:
    pace = paced(10, 100)
    assert pace.rate(109, 0.1) == pytest.approx(0.1)
    assert pace.left(6, 109, 0.1) == pytest.approx(60)


def test_where_nothing_comes_back_nothing_is_promised() -> None:
    pace = paced(0.1, 10)
    assert pace.left(100, 20, 10.0) is None
    assert pace_words(pace, 100, 20, limit=10.0, ceiling=10.0) == "0.0 calls/s, no answer of late"


def test_a_long_time_is_told_in_large_units() -> None:
    assert pace_words(Pace(0.0), 100_000, 0.5, limit=20.0, ceiling=20.0) == "0.0 calls/s, 1 h 23 min left"
    assert "1,000.0 calls/s" in pace_words(paced(0.001, 6), 5, 6, limit=None, ceiling=None)
