"""What people ask for beside a daemon that writes: approvals and retries."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.change_key import ChangeKey
from reconciler.core.condition import Condition
from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.message import DialogId
from reconciler.core.refusal import Approval, Guard
from reconciler.ledger.errors import LedgerForeign, LedgerMissing, LedgerOutdated, LedgerUnwritable
from reconciler.ledger.existing import open_reader
from reconciler.ledger.history import ApprovalRow, HistoryRow, RetryRow, newest_first
from reconciler.ledger.opening import open_ledger, open_requests
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.requests import Requests
from reconciler.ledger.writer import Ledger
from tests.core.builders import ALICE, DIALOG, EARLIER, HERE, M1, M2, MINUTE, NOW, READ, mark_of, text_of
from tests.ledger.calls import DOWN, GONE, OTHER_DIALOG, intent, put_dialog, put_marks, put_text, sent

APPROVAL = Approval(
    plan="7c1f0a3e5b9d",
    guard=Guard.REWRITES,
    reason="the shop moved",
    by="ann",
    at=NOW,
    changes=frozenset({b"a" * 16, b"b" * 16}),
)


@pytest.fixture
def requests(ledger: Ledger) -> Iterator[Requests]:
    """Asks of the test's ledger, which stays open and locked."""
    with open_requests(ledger.path) as requests:
        yield requests


def retry(requests: Requests, dialog: DialogId | None = None) -> int:
    return requests.retry(dialog, reason="put right", by="ann", at=NOW)


def test_approvals_come_back_as_they_were_given_and_are_kept(
    ledger: Ledger, requests: Requests, path: Path
) -> None:
    assert ledger.approvals() == ()
    other = replace(APPROVAL, guard=Guard.DIALOG_MARKS, at=NOW + MINUTE, changes=frozenset({b"c" * 16}))
    for each in (APPROVAL, other, APPROVAL):
        requests.approve(each)
    assert ledger.approvals() == (APPROVAL, other, APPROVAL)
    with open_reader(path, LedgerReader) as reader:
        assert reader.approvals() == (APPROVAL, other, APPROVAL)


def test_an_approval_of_something_else_than_digests_is_a_bug(requests: Requests, ledger: Ledger) -> None:
    for changes in (frozenset({b"short"}), frozenset[bytes]()):
        with pytest.raises(ValueError, match=r"16 bytes|contradicts"):
            requests.approve(replace(APPROVAL, changes=changes))
    assert ledger.approvals() == ()


def held(ledger: Ledger, dialog: DialogId = DIALOG) -> set[ChangeKey]:
    """Give the changes that a failed attempt says something about; a freed rejection has no manifest."""
    return {key for key, attempt in ledger.applied(dialog).failed.items() if attempt.manifest}


def test_a_retry_frees_the_rejections_of_a_dialog_and_nothing_else(
    ledger: Ledger, requests: Requests
) -> None:
    ledger.write([*sent(1, put_text("Hi"), GONE), *sent(2, put_dialog(READ), GONE)])
    ledger.write(
        [*sent(3, put_text("Hi", of=M2), DOWN), *sent(4, put_marks(READ, dialog=OTHER_DIALOG), GONE)]
    )
    assert retry(requests, DIALOG) == 2
    assert held(ledger) == {text_of(M2)}
    assert len(held(ledger, OTHER_DIALOG)) == 1


def test_what_was_freed_is_still_known_to_have_been_tried(ledger: Ledger, requests: Requests) -> None:
    ledger.write(sent(1, put_text("Hi"), GONE))
    before = ledger.applied(DIALOG).failed
    retry(requests)
    assert ledger.applied(DIALOG).failed == {
        key: replace(attempt, manifest=b"") for key, attempt in before.items()
    }
    ledger.write(sent(2, put_text("Hi")))
    assert ledger.applied(DIALOG).failed == {}


def test_a_retry_of_all_frees_the_rejections_of_all(ledger: Ledger, requests: Requests) -> None:
    ledger.write([*sent(1, put_text("Hi", READ), GONE), *sent(2, put_marks(READ, dialog=OTHER_DIALOG), GONE)])
    assert retry(requests) == 3
    assert held(ledger) | held(ledger, OTHER_DIALOG) == set()


def test_what_is_rejected_after_a_retry_is_held_again_until_the_next(
    ledger: Ledger, requests: Requests
) -> None:
    ledger.write(sent(1, put_text("Hi"), GONE))
    retry(requests)
    ledger.write([*sent(2, put_text("Hi"), GONE), *sent(3, put_marks(READ, of=M2), GONE)])
    assert held(ledger) == {text_of(M1), mark_of(M2, READ, ALICE)}
    assert retry(requests, DIALOG) == 2
    assert held(ledger) == set()


def test_a_call_under_way_at_a_retry_is_tried_once_more_too(ledger: Ledger, requests: Requests) -> None:
    ledger.write(sent(1, put_text("Hi"), GONE))
    begun, answered = sent(2, put_text("Ho", of=M2), GONE)
    ledger.write([begun])
    retry(requests)
    ledger.write([answered])
    assert held(ledger) == set()
    ledger.write(sent(3, put_text("Ho", of=M2), GONE))
    assert held(ledger) == {text_of(M2)}


def test_where_nothing_is_rejected_a_retry_leaves_no_trace(
    ledger: Ledger, requests: Requests, path: Path
) -> None:
    ledger.write([*sent(1, put_text("Hi"), DOWN), *sent(2, put_marks(READ, dialog=OTHER_DIALOG), GONE)])
    assert retry(requests, DIALOG) == 0
    assert retry(requests, DialogId("9" * 24)) == 0
    assert len(held(ledger, OTHER_DIALOG)) == 1
    retry(requests)
    assert retry(requests) == retry(requests, OTHER_DIALOG) == 0
    with closing(sqlite3.connect(path)) as shell:
        assert shell.execute("SELECT count(*) FROM retry").fetchone() == (1,)


def stalled(location: str, dialog: DialogId) -> FileReport:
    report = DialogReport(name="vip-lounge", dialog=dialog, origin=HERE, condition=Condition.STALLED)
    return FileReport(
        location=location, content=b"content", rules=b"rules", settled=True, due_at=None, dialogs=(report,)
    )


def test_a_file_whose_rejection_was_freed_is_looked_at_again(ledger: Ledger, requests: Requests) -> None:
    reports = [stalled("/a.yaml", DIALOG), stalled("/b.yaml", OTHER_DIALOG)]
    ledger.write([*sent(1, put_text("Hi"), GONE), *sent(2, put_marks(READ, dialog=OTHER_DIALOG), GONE)])
    ledger.write(reports)
    retry(requests, DIALOG)
    assert {at: file.settled for at, file in ledger.known_files().items()} == {
        "/a.yaml": False,
        "/b.yaml": True,
    }
    ledger.write([replace(stalled("/a.yaml", DIALOG), dialogs=())])
    assert ledger.known_files()["/a.yaml"].settled
    ledger.write([*sent(3, put_text("Hi"), GONE), stalled("/a.yaml", DIALOG)])
    assert ledger.known_files()["/a.yaml"].settled


def test_the_writer_notices_requests_and_not_its_own_writing(
    ledger: Ledger, requests: Requests, path: Path
) -> None:
    assert not ledger.requests_changed()
    ledger.write(sent(1, put_text("Hi"), GONE))
    with open_reader(path, LedgerReader) as reader:
        reader.applied(DIALOG)
    assert not ledger.requests_changed()
    requests.approve(APPROVAL)
    ledger.write(sent(2, put_text("Ho"), GONE))
    assert ledger.requests_changed()
    assert not ledger.requests_changed()
    retry(requests)
    assert ledger.requests_changed()


def test_requests_of_many_at_once_and_a_busy_writer_all_come_through(ledger: Ledger, path: Path) -> None:
    def write_and_ask(number: int) -> None:
        ledger.write(sent(number, put_text(f"text {number}")))
        with open_requests(path) as requests:
            requests.approve(replace(APPROVAL, plan=f"plan {number}"))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write_and_ask, range(1, 101)))
    assert {each.plan for each in ledger.approvals()} == {f"plan {number}" for number in range(1, 101)}
    assert ledger.totals().applied == 100
    with closing(sqlite3.connect(path)) as shell:
        assert shell.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_only_the_writer_checkpoints(ledger: Ledger, path: Path) -> None:
    before = path.read_bytes()
    with open_requests(path) as requests:
        for number in range(1200):
            requests.approve(
                replace(APPROVAL, plan=f"plan {number}", changes=frozenset({bytes([number % 256]) * 16}))
            )
    assert path.with_name(f"{path.name}-wal").stat().st_size > 1100 * 4096
    assert path.read_bytes() == before
    ledger.write(sent(1, put_text("Hi")))
    assert path.read_bytes() != before


def test_requests_need_no_daemon(path: Path) -> None:
    with open_ledger(path, keep_text=True) as ledger:
        ledger.write(sent(1, put_text("Hi"), GONE))
    with open_requests(path) as requests:
        assert retry(requests, DIALOG) == 1
    assert not path.with_name(f"{path.name}-wal").exists()
    with open_ledger(path, keep_text=True) as ledger:
        assert held(ledger) == set()
        assert not ledger.requests_changed()


def test_where_there_is_no_ledger_none_is_made(path: Path) -> None:
    with pytest.raises(LedgerMissing, match=f"^{path}: there is no ledger; name the one that"):
        open_requests(path)
    assert list(path.parent.iterdir()) == []


def test_a_ledger_that_is_not_ours_or_not_of_this_release_is_not_asked_of(path: Path) -> None:
    open_ledger(path, keep_text=True).close()
    with closing(sqlite3.connect(path)) as shell:
        shell.execute("PRAGMA user_version = 0")
    with pytest.raises(LedgerOutdated):
        open_requests(path)
    with closing(sqlite3.connect(path)) as shell:
        shell.execute("PRAGMA application_id = 7")
    with pytest.raises(LedgerForeign):
        open_requests(path)


def test_a_shell_that_holds_a_lock_fails_a_request_as_a_whole(
    ledger: Ledger, requests: Requests, path: Path
) -> None:
    requests._connection.execute("PRAGMA busy_timeout = 20")  # noqa: SLF001  # not to wait for five seconds
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnwritable, match="another program has locked it"):
            requests.approve(APPROVAL)
    assert ledger.approvals() == ()
    requests.approve(APPROVAL)
    assert ledger.approvals() == (APPROVAL,)


def told(ledger: Ledger, dialog: str | None = None) -> list[str]:
    """Give calls by number and requests by kind and reason, as the history orders them."""
    entries = newest_first(ledger.history(dialog), ledger.requests(dialog))
    return [str(e.number) if isinstance(e, HistoryRow) else f"{type(e).__name__} {e.reason}" for e in entries]


def test_requests_stand_between_the_calls_before_and_after_them(ledger: Ledger, requests: Requests) -> None:
    requests.approve(replace(APPROVAL, reason="first of all"))
    ledger.write([*sent(1, put_text("Hi"), GONE), *sent(2, put_marks(READ), GONE)])
    requests.approve(replace(APPROVAL, reason="second"))  # at the same moment
    requests.retry(None, reason="third", by="ben", at=NOW + MINUTE)
    ledger.write(sent(3, put_text("Hi")))
    requests.approve(replace(APPROVAL, reason="last"))
    assert told(ledger) == [
        "ApprovalRow last",
        "3",
        "RetryRow third",
        "ApprovalRow second",
        "2",
        "1",
        "ApprovalRow first of all",
    ]


def test_a_request_is_told_with_who_made_it_and_what_it_came_to(ledger: Ledger, requests: Requests) -> None:
    ledger.write([*sent(1, put_text("Hi", READ), GONE), *sent(2, put_text("Hi", dialog=OTHER_DIALOG), GONE)])
    requests.approve(APPROVAL)
    requests.retry(DIALOG, reason="put right \ud800", by="ben", at=NOW)
    requests.retry(None, reason="", by="ann", at=NOW)
    assert ledger.requests() == (
        ApprovalRow(
            plan=APPROVAL.plan,
            guard=Guard.REWRITES,
            reason="the shop moved",
            by="ann",
            at=NOW,
            after=2,
            changes=2,
        ),
        RetryRow(dialog=None, name=None, reason="", by="ann", at=NOW, after=2, freed=1),
        RetryRow(
            dialog=DIALOG, name="vip-lounge", reason=r"put right \ud800", by="ben", at=NOW, after=2, freed=2
        ),
    )


def test_the_requests_of_a_dialog_are_those_that_can_concern_it(ledger: Ledger, requests: Requests) -> None:
    ledger.write([intent(1, put_text("Hi")), intent(2, put_text("Hi", dialog=OTHER_DIALOG), name="desk")])
    ledger.write([*sent(3, put_text("Hi"), GONE), *sent(4, put_text("Hi", dialog=OTHER_DIALOG), GONE)])
    requests.retry(OTHER_DIALOG, reason="the desk's", by="ann", at=NOW)
    requests.retry(None, reason="everybody's", by="ann", at=NOW + MINUTE)
    theirs = replace(APPROVAL, reason="the desk's", at=NOW + 2 * MINUTE)
    requests.approve(theirs, dialogs=[OTHER_DIALOG, DialogId("9" * 24)])
    requests.approve(replace(theirs, reason="both's", at=NOW + 3 * MINUTE), dialogs=[OTHER_DIALOG, DIALOG])
    assert told(ledger, "desk") == told(ledger, OTHER_DIALOG.value)
    assert told(ledger, "desk") == [
        "ApprovalRow both's",
        "ApprovalRow the desk's",
        "RetryRow everybody's",
        "RetryRow the desk's",
        "4",
        "2",
    ]
    assert told(ledger, "nobody") == ["RetryRow everybody's"]


def test_a_dialog_is_found_by_its_name_now_else_by_its_id_or_a_name_it_had(ledger: Ledger) -> None:
    ledger.write([intent(1, put_marks(READ), name="lounge"), stalled("/a.yaml", DIALOG)])
    ledger.write([intent(2, put_marks(READ, dialog=OTHER_DIALOG), name="vip-lounge")])
    assert ledger.dialogs_called("vip-lounge") == (DIALOG,), "which has it now, and not who had it once"
    assert ledger.dialogs_called("lounge") == (DIALOG,)
    assert ledger.dialogs_called(OTHER_DIALOG.value) == (OTHER_DIALOG,)
    assert ledger.dialogs_called("nobody") == ()
    assert set(ledger.dialog_names()) == {"lounge", "vip-lounge"}


def test_requests_change_nothing_that_was_recorded(ledger: Ledger, requests: Requests) -> None:
    ledger.write([*sent(1, put_text("Hi"), GONE, manifest=EARLIER), intent(2, put_text("Ho"))])
    rows = list(ledger.history())
    retry(requests)
    requests.approve(APPROVAL)
    assert list(ledger.history()) == rows
