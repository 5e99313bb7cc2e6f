"""Group commit: who writes while a commit is under way shares the next one."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.core.doubt import Doubt
from reconciler.core.file_report import FileReport
from reconciler.ledger.entry import Entry, ForgottenFile
from reconciler.ledger.errors import LedgerReplaced
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.writer import Ledger
from reconciler.reconcile.group_commit import GroupCommit
from tests.core.builders import DIALOG
from tests.ledger.calls import intent, put_text, sent
from tests.reconcile.parts import until


class SlowLedger:
    """Writes to a real ledger once it is let, and remembers what went together."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.groups: list[tuple[Entry, ...]] = []
        self.gate = threading.Event()

    def next_number(self) -> int:
        return self._ledger.next_number()

    def in_doubt(self) -> Sequence[Doubt]:
        return self._ledger.in_doubt()

    def write(self, entries: Sequence[Entry]) -> None:
        self.groups.append(tuple(entries))
        self.gate.wait()
        self._ledger.write(entries)

    def check(self) -> None:
        self._ledger.check()

    def prove(self) -> None:
        self._ledger.prove()

    def requests_changed(self) -> bool:
        return self._ledger.requests_changed()


def file(name: str) -> FileReport:
    return FileReport(location=name, content=b"c", rules=b"r", settled=True, due_at=None, dialogs=())


async def test_what_comes_while_a_commit_is_under_way_shares_the_next(
    ledger: Ledger, thread: ThreadPoolExecutor, reader: LedgerReader
) -> None:
    slow = SlowLedger(ledger)
    recorder = GroupCommit(slow, thread)
    first = asyncio.ensure_future(recorder.write(file("first")))
    await until(lambda: slow.groups, "the first commit to begin")
    others = [asyncio.ensure_future(recorder.write(file(name))) for name in "abc"]
    await until(lambda: len(asyncio.all_tasks()) >= 5, "the others to wait")
    slow.gate.set()
    await asyncio.gather(first, *others)
    assert [len(group) for group in slow.groups] == [1, 3]
    assert reader.known_files().keys() == {"first", "a", "b", "c"}


async def test_an_entry_is_durable_once_write_returns(
    ledger: Ledger, thread: ThreadPoolExecutor, reader: LedgerReader
) -> None:
    recorder = GroupCommit(ledger, thread)
    for name in "abc":
        await recorder.write(file(name))
        assert name in reader.known_files()


async def test_entries_of_one_writer_keep_their_order(
    ledger: Ledger, thread: ThreadPoolExecutor, reader: LedgerReader
) -> None:
    recorder = GroupCommit(ledger, thread)
    await asyncio.gather(recorder.write(file("a")), recorder.write(ForgottenFile(location="a")))
    assert not reader.known_files()


async def test_numbers_go_on_where_the_ledger_ended(ledger: Ledger, thread: ThreadPoolExecutor) -> None:
    ledger.write([intent(41, put_text("Hello"))])
    recorder = GroupCommit(ledger, thread)
    assert [recorder.next_number() for _ in range(3)] == [42, 43, 44]


async def test_an_error_reaches_each_writer_of_the_group_and_the_next_group_is_tried(
    ledger: Ledger, thread: ThreadPoolExecutor, reader: LedgerReader
) -> None:
    aside = ledger.path.with_suffix(".aside")
    slow = SlowLedger(ledger)
    recorder = GroupCommit(slow, thread)
    ledger.path.rename(aside)
    slow.gate.set()
    told = await asyncio.gather(*(recorder.write(file(name)) for name in "abc"), return_exceptions=True)
    assert [type(error) for error in told] == [LedgerReplaced] * 3
    aside.rename(ledger.path)
    await recorder.write(file("d"))
    assert reader.known_files().keys() == {"d"}


async def test_a_writer_that_is_cancelled_leaves_the_others_alone(
    ledger: Ledger, thread: ThreadPoolExecutor, reader: LedgerReader
) -> None:
    slow = SlowLedger(ledger)
    recorder = GroupCommit(slow, thread)
    first = asyncio.ensure_future(recorder.write(file("first")))
    await until(lambda: slow.groups, "the commit to begin")
    second = asyncio.ensure_future(recorder.write(file("second")))
    first.cancel()
    slow.gate.set()
    await second
    with pytest.raises(asyncio.CancelledError):
        await first
    assert reader.known_files().keys() == {"first", "second"}


async def test_a_bug_in_one_entry_fails_its_own_writer_and_no_other(
    ledger: Ledger, thread: ThreadPoolExecutor, reader: LedgerReader
) -> None:
    """Otherwise an answer of another dialog, which stands in the same group, would be lost."""
    recorder = GroupCommit(ledger, thread)
    await recorder.write(intent(1, put_text("Hello")))
    used_twice = recorder.write(intent(1, put_text("Hello")))
    told = await asyncio.gather(
        recorder.write(file("a")), used_twice, recorder.write(file("b")), return_exceptions=True
    )
    assert [type(error) for error in told] == [type(None), ValueError, type(None)]
    assert reader.known_files().keys() == {"a", "b"}


async def test_check_tells_that_the_ledger_was_taken_away(ledger: Ledger, thread: ThreadPoolExecutor) -> None:
    recorder = GroupCommit(ledger, thread)
    await recorder.check()
    ledger.path.rename(ledger.path.with_suffix(".aside"))
    with pytest.raises(LedgerReplaced):
        await recorder.check()
    ledger.path.with_suffix(".aside").rename(ledger.path)


async def test_transactions_count_by_what_became_of_them_however_much_they_held(
    ledger: Ledger, thread: ThreadPoolExecutor
) -> None:
    recorder = GroupCommit(ledger, thread)
    await recorder.write(file("a"))
    await recorder.prove()
    assert (recorder.committed, recorder.failed) == (2, 0)
    ledger.path.rename(ledger.path.with_suffix(".aside"))
    for attempt in (recorder.write(file("b")), recorder.prove()):
        with pytest.raises(LedgerReplaced):
            await attempt
    assert (recorder.committed, recorder.failed) == (2, 2)


async def test_a_call_is_in_doubt_from_its_intent_on_record_to_its_answer_on_record(
    ledger: Ledger, thread: ThreadPoolExecutor
) -> None:
    recorder = GroupCommit(ledger, thread)
    first, answer = sent(recorder.next_number(), put_text("Hello"))
    await recorder.write(first)
    assert recorder.doubts.oldest() == {DIALOG: first.sent_at}
    aside = ledger.path.rename(ledger.path.with_suffix(".aside"))
    with pytest.raises(LedgerReplaced):
        await recorder.write(answer)
    assert recorder.doubts.oldest() == GroupCommit(ledger, thread).doubts.oldest() == {DIALOG: first.sent_at}
    aside.rename(ledger.path)
    await recorder.write(answer)
    assert recorder.doubts.oldest() == GroupCommit(ledger, thread).doubts.oldest() == {}


async def test_a_commit_waits_for_others_where_the_rate_has_enough_to_do_meanwhile(
    ledger: Ledger, thread: ThreadPoolExecutor
) -> None:
    slow = SlowLedger(ledger)
    slow.gate.set()
    recorder = GroupCommit(slow, thread, spare=lambda _: 3600.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    first = asyncio.ensure_future(recorder.write(file("first")))
    later = loop.create_future()
    loop.call_later(0.001, later.set_result, None)
    await later
    await asyncio.gather(first, recorder.write(file("second")))
    assert [len(group) for group in slow.groups] == [2]
    assert loop.time() - began < 1, "not for as long as there is to do"
