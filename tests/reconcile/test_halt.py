"""A halt ends waiting, and nothing else."""

import asyncio
from collections.abc import Awaitable

import pytest

from reconciler.reconcile.halt import Halt
from tests.reconcile.parts import until


async def late(future: "asyncio.Future[str]", begun: list[str]) -> str:
    begun.append("waiting")
    return await future


async def test_what_comes_before_the_halt_is_given() -> None:
    given = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(given.set_result, "a leave")
    assert await Halt().before(given) == "a leave"


async def test_who_waits_is_given_nothing_once_there_is_a_halt_and_what_it_waited_for_ends() -> None:
    halt, never, begun = Halt(), asyncio.get_running_loop().create_future(), list[str]()
    waiting = [asyncio.create_task(halt.before(late(never, begun))) for _ in range(3)]
    await until(lambda: len(begun) == 3, "all to wait")
    halt.set()
    halt.set()
    assert await asyncio.gather(*waiting) == [None, None, None]
    assert never.cancelled()


async def test_nothing_that_takes_time_comes_before_a_halt_that_is_there() -> None:
    halt, never = Halt(), asyncio.get_running_loop().create_future()
    halt.set()
    assert halt.is_set()
    assert await halt.before(never) is None


async def test_who_is_cancelled_while_it_waits_is_cancelled_halt_or_not() -> None:
    halt, never, begun = Halt(), asyncio.get_running_loop().create_future(), list[str]()
    waiting = asyncio.create_task(halt.before(late(never, begun)))
    await until(lambda: bool(begun), "it to wait")
    halt.set()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_failure_of_what_is_waited_for_is_its_own() -> None:
    async def fails() -> None:
        raise TimeoutError

    failing: Awaitable[None] = fails()
    with pytest.raises(TimeoutError):
        await Halt().before(failing)
