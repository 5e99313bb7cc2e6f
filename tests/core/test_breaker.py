from datetime import datetime

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reconciler.core.breaker import Breaker
from reconciler.core.outcome import Applied, Cause, Deferred, Outcome, Rejected
from tests.core.builders import MINUTE, NOW, SECOND

OUTAGE = Deferred(Cause.OUTAGE)
CREDENTIAL = Deferred(Cause.CREDENTIAL)
THROTTLED = Deferred(Cause.THROTTLED)
ANSWERS = (Applied(), Rejected(), THROTTLED)
"""What shows that the service is there and takes our credential."""

HALF_A_MINUTE = 30 * SECOND
FLOWING = Breaker()


def after(*outcomes: Outcome, breaker: Breaker = FLOWING, now: datetime = NOW) -> Breaker:
    for target, outcome in enumerate(outcomes):
        breaker = breaker.after(outcome, now, target)
    return breaker


def after_probes(*outcomes: Outcome, breaker: Breaker) -> Breaker:
    """Give the state after a probe for each outcome, each at the first moment it may be made."""
    for outcome in outcomes:
        assert breaker.probe_at is not None
        breaker = breaker.after(outcome, breaker.probe_at, "probe")
    return breaker


@pytest.mark.parametrize(
    ("outcomes", "tripped"),
    [
        pytest.param([], False, id="nothing happened"),
        pytest.param([OUTAGE] * 4, False, id="four failures"),
        pytest.param([OUTAGE] * 5, True, id="five failures in a row"),
        pytest.param([*[OUTAGE] * 4, Applied(), *[OUTAGE] * 4], False, id="a success between"),
        pytest.param(
            [*[OUTAGE] * 4, Rejected(), *[OUTAGE] * 4], False, id="a refusal between: the service is there"
        ),
        pytest.param(
            [*[OUTAGE] * 4, THROTTLED, *[OUTAGE] * 4], False, id="too fast between: the service is there"
        ),
        pytest.param([THROTTLED] * 9, False, id="too fast, again and again"),
        pytest.param([Rejected()] * 9, False, id="refused, again and again"),
        pytest.param([CREDENTIAL], True, id="a refused credential"),
        pytest.param([OUTAGE, CREDENTIAL], True, id="a refused credential after a failure"),
    ],
)
def test_the_breaker_trips(outcomes: list[Outcome], tripped: bool) -> None:  # noqa: FBT001  # a column of the table
    breaker = after(*outcomes)
    assert breaker.tripped == tripped
    assert breaker.paused_until(NOW) == (NOW + HALF_A_MINUTE if tripped else None)


@pytest.mark.parametrize(("trip", "cause"), [([OUTAGE] * 5, Cause.OUTAGE), ([CREDENTIAL], Cause.CREDENTIAL)])
def test_a_tripped_breaker_says_why(trip: list[Outcome], cause: Cause) -> None:
    assert after(*trip).cause is cause


def test_a_pause_ends_with_one_probe() -> None:
    breaker = after(CREDENTIAL)
    end = NOW + HALF_A_MINUTE
    assert breaker.paused_until(end - SECOND) == end
    assert breaker.paused_until(end) is None
    assert breaker.tripped


@pytest.mark.parametrize("trip", [[OUTAGE] * 5, [CREDENTIAL]], ids=["outages", "credential"])
@pytest.mark.parametrize("probe", [OUTAGE, CREDENTIAL], ids=["outage", "credential"])
def test_each_probe_that_fails_makes_the_pause_longer_up_to_five_minutes(
    trip: list[Outcome], probe: Outcome
) -> None:
    breaker = after(*trip)
    for seconds in (60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300):
        at = breaker.probe_at
        assert at is not None
        breaker = breaker.after(probe, at, "probe")
        assert breaker.paused_until(at) == at + seconds * SECOND


@pytest.mark.parametrize("answer", ANSWERS, ids=["applied", "rejected", "throttled"])
def test_a_probe_that_is_answered_lets_calls_flow_from_a_clean_slate(answer: Outcome) -> None:
    breaker = after_probes(OUTAGE, answer, breaker=after(*[OUTAGE] * 5))
    assert breaker == FLOWING


def test_a_failure_of_a_call_that_was_under_way_makes_no_pause_longer() -> None:
    breaker = after(*[OUTAGE] * 5)
    later = after(OUTAGE, CREDENTIAL, breaker=breaker, now=NOW + SECOND)
    assert (later.probe_at, later.pauses, later.cause) == (breaker.probe_at, breaker.pauses, breaker.cause)


@pytest.mark.parametrize("answer", ANSWERS, ids=["applied", "rejected", "throttled"])
def test_an_answer_to_a_call_that_was_under_way_ends_the_pause(answer: Outcome) -> None:
    assert after(answer, breaker=after(*[OUTAGE] * 5), now=NOW + SECOND) == FLOWING


class AnyHistory(RuleBasedStateMachine):
    """The breaker beside what a reader of its docstring would write down."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker()
        self.now = NOW
        self.in_a_row: list[int] = []
        self.order: list[int] = []
        self.pauses = 0
        self.probe_at: datetime | None = None
        self.credential = False

    @rule(seconds=st.sampled_from([0, 1, 29, 30, 60, 300, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule(outcome=st.sampled_from(ANSWERS))
    def the_service_answers(self, outcome: Outcome) -> None:
        self.in_a_row.clear()
        self.order.clear()
        self.pauses, self.probe_at, self.credential = 0, None, False
        self.breaker = self.breaker.after(outcome, self.now, 0)

    @rule(outcome=st.sampled_from([OUTAGE, OUTAGE, OUTAGE, CREDENTIAL]), which=st.integers(1, 7))
    def a_call_fails(self, outcome: Deferred, which: int) -> None:
        self.in_a_row.append(which)
        if which in self.order or len(self.order) < 5:
            self.order = [*(other for other in self.order if other != which), which]
        if self.probe_at is None:
            trips = len(self.in_a_row) == 5 or outcome.cause is Cause.CREDENTIAL
        else:
            trips = self.now >= self.probe_at
        if trips:
            self.pauses += 1
            self.probe_at = self.now + min(self.pauses * HALF_A_MINUTE, 5 * MINUTE)
            self.credential = outcome.cause is Cause.CREDENTIAL
        self.breaker = self.breaker.after(outcome, self.now, which)

    @invariant()
    def it_pauses_as_told(self) -> None:
        told = self.probe_at
        assert self.breaker.tripped == (told is not None)
        pause = told if told is not None and self.now < told else None
        assert self.breaker.paused_until(self.now) == pause
        for which in range(1, 8):
            pause = told
            if told is not None and not self.credential and len(self.order) < 5:
                after = self.order.index(which) if which in self.order else None
                pause = None if after is None else told + after * 10 * SECOND
            expected = pause if pause is not None and self.now < pause else None
            assert self.breaker.paused_until(self.now, which) == expected


test_any_history = AnyHistory.TestCase


def test_one_change_that_fails_again_and_again_is_probed_and_keeps_no_other_waiting() -> None:
    breaker = FLOWING
    for _ in range(5):
        breaker = breaker.after(OUTAGE, NOW, "the same")
    assert breaker.paused_until(NOW, "the same") == NOW + HALF_A_MINUTE
    assert breaker.paused_until(NOW, "another") is None
    assert not breaker.open


def test_of_a_few_that_fail_each_gets_its_turn_as_the_probe() -> None:
    breaker, now = FLOWING, NOW
    for _ in range(5):
        breaker = breaker.after(OUTAGE, now, "poison")
    for other in ("a", "b"):
        breaker = breaker.after(OUTAGE, now, other)
    probed = []
    for _ in range(9):
        waits = {target: breaker.paused_until(now, target) or now for target in ("a", "b", "poison")}
        probe = min(waits, key=lambda target: waits[target])
        probed.append(probe)
        now = waits[probe]
        breaker = breaker.after(OUTAGE, now, probe)
    assert probed == ["poison", "a", "b"] * 3


def test_where_no_call_could_be_made_at_all_nothing_goes_on() -> None:
    breaker = FLOWING.trip(Cause.OUTAGE, NOW)
    assert breaker.open
    assert breaker.paused_until(NOW, "anything") == NOW + HALF_A_MINUTE


def test_where_others_fail_too_it_is_the_service_and_everything_waits() -> None:
    breaker = FLOWING
    for _ in range(5):
        breaker = breaker.after(OUTAGE, NOW, "the same")
    for other in range(4):
        assert not breaker.open
        breaker = breaker.after(OUTAGE, NOW + SECOND, other)
    assert breaker.open
    assert breaker.paused_until(NOW, "anything") == NOW + HALF_A_MINUTE


def test_what_it_remembers_of_a_long_outage_does_not_grow() -> None:
    breaker = FLOWING
    for target in range(1000):
        breaker = breaker.after(OUTAGE, NOW + target * MINUTE, target)
    assert len(breaker.failing) == breaker.failures == 5


def test_a_pause_ends_where_the_clock_was_set_back() -> None:
    tripped = FLOWING.after(CREDENTIAL, NOW, "any")
    assert tripped.paused_until(NOW) is not None
    assert tripped.paused_until(NOW - 5 * MINUTE) is None
