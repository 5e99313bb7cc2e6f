"""The rate is a ceiling in every window of a second, and nearly reached."""

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, cycle, groupby, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.chat_api.limiter import Limiter
from tests.chat_api.virtual_time import run, virtual_loop

NANOSECOND = 1e-9


def limiter(rate: float | None, lateness: Iterator[float] | None = None) -> Limiter:
    """Give a limiter on the virtual clock, whose timers are late by so much, one after another."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds)
        if lateness is not None:
            virtual_loop().stall(next(lateness))

    return Limiter(rate, clock=virtual_loop().time, sleep=sleep)


async def calls(gate: Limiter, *, seconds: float, callers: int = 4, ask_first: bool = False) -> list[float]:
    """Give when each call left that `callers` made as fast as they were let.

    With `ask_first` they wait only where there is no token at once, as the sender does.
    """
    left: list[float] = []

    async def work() -> None:
        while True:
            if not ask_first or gate.at_once() is None:
                await gate.acquire()
            left.append(virtual_loop().time())
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(work()) for _ in range(callers)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return left


def most_in_a_second(times: list[float]) -> int:
    """Give the most calls in any window of a second; its end is not part of it."""
    most = first = 0
    for last, now in enumerate(times):
        while times[first] <= now - 1 + NANOSECOND:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize("ask_first", [False, True])
@pytest.mark.parametrize("rate", [0.1, 0.5, 1, 2.5, 20, 80, 120, 160, 1000, 10_000])
def test_the_rate_is_nearly_reached_and_never_exceeded(rate: float, *, ask_first: bool) -> None:
    seconds = max(10.0, 20 / rate) if rate < 1000 else 3.0

    async def main() -> list[float]:
        return await calls(limiter(rate), seconds=seconds, ask_first=ask_first)

    times = run(main())
    assert len(times) >= 0.98 * rate * seconds
    assert most_in_a_second(times) <= math.ceil(rate)


def test_who_asks_whether_there_is_a_token_at_once_takes_none_from_those_who_wait() -> None:
    async def main() -> None:
        gate = limiter(1)
        assert gate.at_once() is not None
        assert gate.at_once() is None
        waiter = asyncio.create_task(gate.acquire())
        await asyncio.sleep(0.5)
        assert gate.at_once() is None
        await waiter
        await asyncio.sleep(1.1)
        assert gate.at_once() is not None
        gate.pause(5)
        await asyncio.sleep(2)
        assert gate.at_once() is None

    run(main())


@pytest.mark.parametrize(
    ("rate", "callers", "together"),
    [(20, 12, 1), (39, 12, 1), (40, 12, 2), (80, 12, 4), (80, 1, 1), (160, 12, 8)],
)
def test_calls_are_spread_evenly_those_together_that_are_50_ms_apart_at_most(
    rate: float, callers: int, together: int
) -> None:
    async def main() -> list[float]:
        return await calls(limiter(rate), seconds=1, callers=callers)

    first, second, *times = run(main())
    assert [first, second] == pytest.approx([0, 1.012 / rate]), "nobody else waited yet"
    groups = [len(list(group)) for _, group in groupby(times)]
    assert set(groups[:-1]) == {together}
    gaps = [later - earlier for earlier, later in pairwise(sorted({*times}))]
    assert gaps == pytest.approx([together * 1.012 / rate] * len(gaps), abs=1e-5)


@pytest.mark.parametrize(("rate", "at_once"), [(160, 1), (1000, 1), (2500, 3), (10_000, 10)])
def test_no_timer_is_set_for_less_than_it_can_tell_apart(rate: float, at_once: int) -> None:
    async def main() -> int:
        gate = limiter(rate)
        return next(made for made in count() if gate.at_once() is None)

    assert run(main()) == at_once


def test_who_goes_first_does_not_wait_for_those_after_it() -> None:
    async def main() -> float:
        gate = limiter(80)
        marks = [asyncio.create_task(gate.acquire(1)) for _ in range(12)]
        await asyncio.sleep(0.065)
        began = virtual_loop().time()
        await gate.acquire(0)
        waited = virtual_loop().time() - began
        await asyncio.gather(*marks)
        return waited

    assert run(main()) <= 1.012 / 80


@pytest.mark.parametrize("most_late", [0.001, 0.005, 0.01])
def test_late_timers_do_not_add_up(most_late: float) -> None:
    random = Random(7)  # noqa: S311  # repeatable lateness, not a secret

    async def main() -> list[float]:
        late = iter(lambda: random.uniform(0, most_late), None)
        return await calls(limiter(80, late), seconds=60)

    times = run(main())
    assert len(times) >= 0.98 * 80 * 60
    assert most_in_a_second(times) <= 80


def test_a_stall_is_not_caught_up_on() -> None:
    async def main() -> list[float]:
        late = iter([0.0] * 40 + [0.7] + [0.0] * 10_000)
        return await calls(limiter(80, late), seconds=3)

    times = run(main())
    stalled = max(range(1, len(times)), key=lambda i: times[i] - times[i - 1])
    after = [time - times[stalled] for time in times[stalled:]]
    assert times[stalled] - times[stalled - 1] > 0.7
    assert len([time for time in after if time < 1 / 80]) <= 4 + 1, "as many as leave together, and one"
    assert len(times) <= (3 - 0.7) * 80 + 2


def test_an_idle_time_is_not_caught_up_on() -> None:
    async def main() -> float:
        gate = limiter(80)
        await gate.acquire()
        await asyncio.sleep(10)
        await gate.acquire()
        await gate.acquire()
        return virtual_loop().time()

    assert run(main()) == pytest.approx(10 + 1.012 / 80)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What may go wrong around a limiter: all times in seconds."""

    timers_late: list[float]
    work_between_calls: list[float]
    cancelled_at: list[float]
    events: list[tuple[float, str]]


WEATHER = st.builds(
    Weather,
    timers_late=st.lists(st.one_of(st.floats(0, 0.02), st.floats(0, 1.5)), min_size=1, max_size=20),
    work_between_calls=st.lists(st.floats(0, 0.3), min_size=1, max_size=10),
    cancelled_at=st.lists(st.floats(0, 3), max_size=10),
    events=st.lists(st.tuples(st.floats(0, 3), st.sampled_from(["429", "pause", "stall"])), max_size=6),
)


@given(st.sampled_from([1.0, 3.0, 7.5, 80.0, 300.0, 2000.0]), st.integers(1, 20), WEATHER)
def test_no_window_of_a_second_ever_holds_more(rate: float, callers: int, weather: Weather) -> None:
    async def main() -> list[float]:
        gate = limiter(rate, cycle(weather.timers_late))
        loop, left, work = virtual_loop(), list[float](), cycle(weather.work_between_calls)

        async def call() -> None:
            while True:
                if len(left) % 2 or gate.at_once() is None:
                    await gate.acquire()
                left.append(loop.time())
                await asyncio.sleep(next(work))

        happen: dict[str, Callable[[], None]] = {
            "429": gate.slow_down,
            "pause": lambda: gate.pause(0.2),
            "stall": lambda: loop.stall(0.4),
        }
        tasks = [asyncio.create_task(call()) for _ in range(callers)]
        for at, what in weather.events:
            loop.call_at(at, happen[what])
        for at, task in zip(weather.cancelled_at, tasks, strict=False):
            loop.call_at(at, task.cancel)
        await asyncio.sleep(4)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert gate.waiting == 0
        return left

    assert most_in_a_second(run(main())) <= math.ceil(rate)


def test_the_urgent_go_first_then_whoever_came_first() -> None:
    async def main() -> list[str]:
        gate, served = limiter(10), list[str]()

        async def call(name: str, priority: int) -> None:
            await gate.acquire(priority)
            served.append(name)

        await gate.acquire()
        names = [("a", 1), ("b", 0), ("c", 1), ("d", 0), ("e", -1)]
        tasks = [asyncio.create_task(call(*who)) for who in names]
        await asyncio.sleep(0)
        assert gate.waiting == 5
        await asyncio.sleep(0.25)
        tasks.append(asyncio.create_task(call("late but urgent", -1)))
        await asyncio.gather(*tasks)
        return served

    assert run(main()) == ["e", "b", "late but urgent", "d", "a", "c"]


@pytest.mark.parametrize("cancelled", [0, 1, 2, 3])
@pytest.mark.parametrize("at", [0.05, 0.15, 0.25, 0.35])
def test_a_waiter_that_is_cancelled_takes_no_token(cancelled: int, at: float) -> None:
    async def main() -> list[float]:
        gate, left = Limiter(10, clock=virtual_loop().time), list[float]()

        async def call() -> None:
            await gate.acquire()
            left.append(virtual_loop().time())

        await gate.acquire()
        tasks = [asyncio.create_task(call()) for _ in range(4)]
        virtual_loop().call_at(at, tasks[cancelled].cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert gate.waiting == 0
        return left

    times = run(main())
    already_served = at > (cancelled + 1) * 0.1012
    assert times == pytest.approx([0.1, 0.2, 0.3, 0.4][: 4 if already_served else 3], abs=0.01)


def test_all_waiters_can_be_cancelled_and_the_next_is_served_in_time() -> None:
    async def main() -> float:
        gate = limiter(1)
        await gate.acquire()
        tasks = [asyncio.create_task(gate.acquire()) for _ in range(1000)]
        await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await gate.acquire()
        return virtual_loop().time()

    assert run(main()) == pytest.approx(1, abs=0.02)


def test_without_a_limit_nothing_waits() -> None:
    async def main() -> None:
        gate = limiter(None)
        for _ in range(1000):
            await gate.acquire()
        assert virtual_loop().time() == 0
        assert (gate.ceiling, gate.present_rate, gate.waiting) == (None, None, 0)

    run(main())


def test_a_storm_of_refusals_halves_the_rate_once() -> None:
    async def main() -> None:
        gate = limiter(80)
        for _ in range(16):
            gate.slow_down()
            await asyncio.sleep(0.1)
        assert (gate.present_rate, gate.ceiling) == (40, 80)
        times = await calls(gate, seconds=5)
        assert 0.98 * 40 * 5 <= len(times) <= 40 * 5 + 1
        assert most_in_a_second(times) <= 40

    run(main())


def test_the_rate_comes_back_step_by_step() -> None:
    async def main() -> list[float | None]:
        gate = limiter(80)
        gate.slow_down()
        rates = [gate.present_rate]
        for _ in range(6):
            await asyncio.sleep(10.001)
            rates.append(gate.present_rate)
        return rates

    assert run(main()) == [40, 48, 56, 64, 72, 80, 80]


def test_refusal_after_refusal_ends_at_a_call_a_second() -> None:
    async def main() -> list[float | None]:
        gate, rates = limiter(20), []
        for _ in range(7):
            gate.slow_down()
            rates.append(gate.present_rate)
            await asyncio.sleep(2.5)
        return rates

    assert run(main()) == [10, 5, 2.5, 1.25, 1, 1, 1]


def test_a_rate_below_the_floor_stays_as_it_is() -> None:
    async def main() -> None:
        gate = limiter(0.5)
        gate.slow_down()
        assert gate.present_rate == 0.5

    run(main())


def test_a_plan_without_a_limit_that_refuses_gets_one_for_a_while() -> None:
    async def main() -> list[float | None]:
        gate = limiter(None)
        gate.slow_down()
        rates = [gate.present_rate]
        for _ in range(5):
            await asyncio.sleep(10.001)
            rates.append(gate.present_rate)
        return rates

    assert run(main()) == [80, 96, 112, 128, 144, None]


@pytest.mark.parametrize("rate", [20, None])
@pytest.mark.parametrize(("seconds", "waited"), [(0, 0), (7, 7), (3600, 60), (math.inf, 60)])
def test_a_pause_lets_nothing_through_for_a_minute_at_most(
    rate: float | None, seconds: float, waited: float
) -> None:
    async def main() -> float:
        gate = limiter(rate)
        waiter = asyncio.create_task(gate.acquire())
        gate.pause(seconds)
        gate.pause(seconds / 2 if seconds < math.inf else 1)
        await waiter
        return virtual_loop().time()

    assert run(main()) == pytest.approx(waited, abs=0.001)


def test_a_pause_is_kept_to_its_end_also_where_the_rate_has_grown_by_then() -> None:
    async def main() -> None:
        gate = limiter(1500)
        gate.slow_down()
        gate.pause(60)
        await asyncio.sleep(59.9995)
        assert gate.present_rate == 1500
        assert gate.at_once() is None
        await asyncio.sleep(0.001)
        assert gate.at_once() is not None

    run(main())


def test_a_pause_holds_those_who_wait_already() -> None:
    async def main() -> float:
        gate = limiter(1)
        await gate.acquire()
        waiter = asyncio.create_task(gate.acquire())
        await asyncio.sleep(0.5)
        gate.pause(5)
        await waiter
        return virtual_loop().time()

    assert run(main()) == pytest.approx(5.5, abs=0.01)


@pytest.mark.parametrize("rate", [0, -1, 0.09, 10_001, math.nan, math.inf])
def test_a_rate_that_makes_no_sense_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match=r"from 0.1 to 10,000 calls a second"):
        Limiter(rate)


@pytest.mark.parametrize("seconds", [-1, math.nan])
def test_a_pause_that_makes_no_sense_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="0 seconds or more"):
        Limiter(20).pause(seconds)


async def test_the_real_clock_is_the_default() -> None:
    gate, start = Limiter(200), time.monotonic()
    await asyncio.gather(*(gate.acquire() for _ in range(41)))
    assert time.monotonic() - start >= 40 / 200 - 0.02


def test_a_flood_starves_nobody() -> None:
    """A mark waits behind texts, but not for as long as there are texts."""

    async def main() -> tuple[float, int]:
        gate = limiter(20)
        texts = 0

        async def flood() -> None:
            nonlocal texts
            while True:
                await gate.acquire(0)
                texts += 1

        flooding = [asyncio.create_task(flood()) for _ in range(3)]
        await asyncio.sleep(1)
        began = virtual_loop().time()
        await gate.acquire(1)
        waited = virtual_loop().time() - began
        for task in flooding:
            task.cancel()
        await asyncio.gather(*flooding, return_exceptions=True)
        return waited, texts

    waited, texts = run(main())
    assert 5 <= waited < 5.2
    assert texts >= 0.98 * 6 * 20


@given(st.integers(0, 2**32), st.sampled_from([1.0, 20.0, 80.0]))
def test_the_rate_is_the_ceiling_of_what_really_left_also_where_calls_are_held_up_after_their_leave(
    seed: int, rate: float
) -> None:
    dice = Random(seed)  # noqa: S311  # how long calls are held up, and no secret

    async def play() -> list[float]:
        gate, left = limiter(rate), []

        async def work() -> None:
            while True:
                leave = await gate.acquire()
                await asyncio.sleep(dice.choice((0.0, 0.0, 0.1, 0.5)))
                leave.used()
                left.append(virtual_loop().time())

        tasks = [asyncio.create_task(work()) for _ in range(8)]
        await asyncio.sleep(8)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return left

    left = run(play())
    assert left
    assert most_in_a_second(left) <= rate


def test_what_goes_before_a_newcomer_is_told_in_seconds() -> None:
    async def main() -> None:
        gate = limiter(10)
        await gate.acquire()
        waiting = [asyncio.create_task(gate.acquire(priority)) for priority in (0, 1, 1, 1)]
        await asyncio.sleep(0)
        assert (gate.backlog(0), gate.backlog(1)) == (0.1, 0.4)
        await asyncio.gather(*waiting)
        assert gate.backlog(1) == limiter(None).backlog(1) == 0

    run(main())
