"""Which calls have no answer: known from what is recorded, and the same as the record itself says."""

from collections.abc import Sequence

import pytest

from reconciler.core.call import Intent, Withdrawal
from reconciler.ledger.entry import Entry
from reconciler.ledger.writer import Ledger
from reconciler.reconcile.doubts import Doubts
from tests.core.builders import DELIVERED, DIALOG, M2, MINUTE, NOW, READ
from tests.ledger.calls import (
    DOWN,
    GONE,
    LOST,
    OTHER_DIALOG,
    intent,
    put_dialog,
    put_marks,
    put_text,
    sent,
)
from tests.ledger.calls import call as answered

LEFT = intent(1, put_text("Hello"), sent_at=NOW - MINUTE)
FIRST, LATER = intent(1, put_text("Hello")), intent(2, put_text("Bye"), sent_at=NOW - MINUTE)
BOTH = intent(1, put_text("Hello", READ), sent_at=NOW - MINUTE)
MARKED = intent(1, put_dialog(READ, DELIVERED, also=[M2]), sent_at=NOW - MINUTE)


@pytest.mark.parametrize(
    ("entries", "oldest"),
    [
        ([], None),
        ([LEFT], LEFT),
        (sent(1, put_text("Hello")), None),
        (sent(1, put_text("Hello"), LOST), None),
        ([LEFT, Withdrawal(intent=LEFT, at=NOW)], None),
        ([LEFT, *sent(2, put_text("Hello"))], None),
        ([LEFT, *sent(2, put_text("Bye"))], None),
        ([LEFT, *sent(2, put_text("Hello"), GONE)], None),
        ([LEFT, *sent(2, put_text("Hello"), DOWN)], LEFT),
        ([LEFT, *sent(2, put_text("Hello", of=M2))], LEFT),
        ([LEFT, *sent(2, put_text("Hello", dialog=OTHER_DIALOG))], LEFT),
        ([LEFT, *sent(2, put_marks(READ))], LEFT),
        ([BOTH, *sent(2, put_text("Hello"))], BOTH),
        ([BOTH, *sent(2, put_text("Hello")), *sent(3, put_marks(READ))], None),
        ([MARKED, *sent(2, put_dialog(READ))], MARKED),
        ([MARKED, *sent(2, put_dialog(READ)), *sent(3, put_dialog(DELIVERED), GONE)], None),
        ([intent(1, put_marks(READ, of=M2)), *sent(2, put_dialog(READ, also=[M2]))], None),
        ([LEFT, intent(2, put_text("Hello"))], LEFT),
        ([FIRST, LATER, answered(FIRST)], LATER),
    ],
)
def test_what_is_in_doubt_is_known_and_the_record_says_the_same(
    ledger: Ledger, entries: Sequence[Entry], oldest: Intent | None
) -> None:
    doubts = Doubts(())
    for entry in entries:
        ledger.write([entry])
        doubts.recorded([entry])
    assert doubts.oldest() == ({} if oldest is None else {DIALOG: NOW - MINUTE})
    assert Doubts(ledger.in_doubt()).oldest() == doubts.oldest()
    assert ledger.totals().in_doubt == len(ledger.in_doubt())


def test_what_a_former_process_left_ends_with_the_next_definite_answer(ledger: Ledger) -> None:
    ledger.write([LEFT, intent(2, put_text("Hello", dialog=OTHER_DIALOG))])
    doubts = Doubts(ledger.in_doubt())
    assert doubts.oldest() == {DIALOG: NOW - MINUTE, OTHER_DIALOG: NOW}
    doubts.recorded(sent(3, put_text("Hello")))
    assert doubts.oldest() == {OTHER_DIALOG: NOW}
