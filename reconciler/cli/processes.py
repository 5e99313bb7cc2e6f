"""Work that is done by as many processes as there are processors, its results in order."""

import gc
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any, ClassVar, Final, TypeVar

from reconciler.core.failure import Failure

Context = TypeVar("Context")
Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST: Final = 16
"""Processes, however many processors there are: each takes some memory."""

_AHEAD: Final = 2
"""Items for each process that are under way, or done and not taken yet."""


class ProcessEnded(Failure):
    """A process of ours ended that nobody asked to."""


_ENDING: Final = frozenset({signal.SIGINT, signal.SIGTERM})


@dataclass(frozen=True, slots=True)
class _Failed:
    """What a process says in place of a result. An exception of its own might not survive the way."""

    words: str


class _Here:
    """What a process was forked for. Nothing of it is sent: it is there, as everything else is."""

    prepare: ClassVar[Callable[[], AbstractContextManager[Any]]]
    work: ClassVar[Callable[[Any, Any], Any]]
    context: ClassVar[Any] = None
    undo: ClassVar[ExitStack] = ExitStack()


def in_processes(
    prepare: Callable[[], AbstractContextManager[Context]],
    work: Callable[[Context, Item], Result],
    items: Iterable[Item],
) -> Iterator[Result]:
    """Do `work` for each item, with what `prepare` gives once in each process; give the results in order.

    Items and results are pickled; `prepare` and `work` need not be. Few results wait at a time. The
    caller has no threads, and no open connection to a database: none survives a fork
    (https://sqlite.org/howtocorrupt.html). Where no processes are to be had, all is done in this one.
    """
    processes = min(len(os.sched_getaffinity(0)), _MOST)
    if processes > 1:
        gc.freeze()  # else each process copies all there is, by taking note of having looked at it
        pool = ProcessPoolExecutor(
            processes, multiprocessing.get_context("fork"), initializer=_begin, initargs=(prepare, work)
        )
        try:
            if _forked(pool):
                yield from map(_taken, _ahead(pool, items, processes * _AHEAD))
                return
        except BrokenProcessPool:
            msg = "a process of this command ended early; if memory is short, name fewer manifests at a time"
            raise ProcessEnded(msg) from None
        finally:
            pool.shutdown(cancel_futures=True)
    with prepare() as context:
        yield from (work(context, item) for item in items)


def _forked(pool: ProcessPoolExecutor) -> bool:
    """Let a pool fork its processes; tell whether it could. Where it could not, none is left."""
    # What comes while a process is forked would be lost: Python can't raise it there.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        pool.submit(int)
    except (OSError, RuntimeError):  # no process, or no thread to look after them
        for child in multiprocessing.active_children():
            child.terminate()
            child.join()
        pool.shutdown(wait=False)
        return False
    else:
        return True
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


def _ahead(pool: ProcessPoolExecutor, items: Iterable[Item], many: int) -> Iterator[Future[Any]]:
    waiting: deque[Future[Any]] = deque()
    for item in items:
        waiting.append(pool.submit(_do, item))
        if len(waiting) == many:
            yield waiting.popleft()
    yield from waiting


def _taken(result: Future[Any]) -> Any:
    found = result.result()
    if isinstance(found, _Failed):
        raise Failure(found.words)
    return found


def _begin(prepare: Callable[[], AbstractContextManager[Any]], work: Callable[[Any, Any], Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; who began this ends it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    with suppress(
        RuntimeError
    ):  # no place for a thread: then only a parent that is killed leaves this behind
        Thread(target=_end_with_parent, daemon=True).start()
    _Here.prepare, _Here.work = staticmethod(prepare), staticmethod(work)


def _end_with_parent() -> None:
    """End this process where who began it was killed: nobody tells it then, and it would wait for ever."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        signal.raise_signal(signal.SIGTERM)


def _do(item: Any) -> Any:
    try:
        if _Here.context is None:
            _Here.context = _Here.undo.enter_context(_Here.prepare())
        return _Here.work(_Here.context, item)
    except Failure as failure:
        return _Failed(str(failure))
